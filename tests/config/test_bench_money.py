"""The money of the large school, as small as it goes: what the load writes is what the services would have."""

from dataclasses import replace

import pytest
from django.utils import timezone

from config.demo import DemoError
from config.demo.bench_fill import fill
from config.demo.bench_measure import explain_tasks, measure_tasks
from config.demo.bench_money import TASKS
from config.demo.bench_money_fill import fill_money, refuse_without_money
from config.demo.bench_scale import Scale
from core.clock import last_day_of, month_after, month_of
from enrolments.ledger_check import differences
from enrolments.models import Books, CreditEntry, CreditLot, MonthClose, MonthFigure, Order, Payment
from enrolments.services import preview_month
from renewals.models import RenewalOpportunity
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db
TINY = Scale(branches=2, children=60)
OF_FIGURES = [field.attname for field in MonthFigure._meta.fields if field.attname.endswith(("_minor", "package_id"))]
OF_CLOSE = [field.attname for field in MonthClose._meta.fields if field.attname.endswith("_minor")]


def told(rows, fields):
    return sorted((tuple(getattr(row, name) for name in fields) for row in rows), key=str)


def test_the_load_keeps_what_the_triggers_and_the_month_close_would():
    assert fill_money(TINY, now=NOW, today=TODAY)
    assert not fill_money(TINY, now=NOW, today=TODAY)

    assert list(differences()) == []
    assert set(CreditEntry.objects.values_list("kind", flat=True)) >= {
        *("purchase", "gift", "consumption", "return", "refund", "transfer_out", "transfer_in", "adjustment")
    }
    assert CreditEntry.objects.filter(kind="return", reverses__kind="consumption").count() == (
        CreditEntry.objects.filter(kind="return").count()
    )
    came = CreditEntry.objects.filter(kind="transfer_in").values("lot")
    assert not CreditLot.objects.filter(item__isnull=True).exclude(pk__in=came).exists()
    assert not Order.objects.filter(status="confirmed", items__lot__isnull=True).exists()
    assert not CreditEntry.objects.filter(occurred_at__gt=NOW).exists()

    last = month_after(month_of(TODAY), -2)
    assert set(Books.objects.values_list("closed_until", flat=True)) == {last_day_of(last)}
    assert MonthClose.objects.count() == 2 * 23
    for close in MonthClose.objects.select_related("branch").order_by("-month")[:4]:
        preview, figures, receipts = preview_month(close.branch, close.month)
        assert told([preview], OF_CLOSE) == told([close], OF_CLOSE)
        assert told(figures, OF_FIGURES) == told(close.figures.all(), OF_FIGURES)
        assert told(receipts, ["method", "amount_minor"]) == told(close.receipts.all(), ["method", "amount_minor"])


def test_every_task_is_measured_and_taken_back():
    now = timezone.now()
    fill_money(TINY, now=now, today=timezone.localdate(now))
    before = (CreditEntry.objects.count(), Payment.objects.count(), RenewalOpportunity.objects.count())

    rows = list(measure_tasks([replace(task, least=1) for task in TASKS], requests=1))
    plans = list(explain_tasks(TASKS[:1]))

    assert [row[0] for row in rows] == [task.name for task in TASKS]
    assert (CreditEntry.objects.count(), Payment.objects.count(), RenewalOpportunity.objects.count()) == before
    assert all("Execution Time" in plan for *_task, plan in plans)


def test_a_school_without_money_is_refused_in_a_sentence():
    fill(TINY, now=NOW, today=TODAY)

    with pytest.raises(DemoError, match="bench money --fill"):
        refuse_without_money()
