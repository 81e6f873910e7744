"""The close of a day: which money and which open work it counts, and that one person answers for it once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from day_close.days import days_to_close, month_of_days
from day_close.figures import Figures, changes_since
from day_close.models import DayClose
from day_close.services import DayCloseError, NoteMissingError, sign_off, take_back_sign_off
from day_close.todo import open_lines
from enrolments.models import Order
from enrolments.services import pay_out_wallet, take_back_payment, top_up_wallet
from messaging.models import InboundMessage, OutboundMessage
from tests.day_close.cases import family, paid, signed
from tests.factories import (
    NOW,
    TODAY,
    EnquiryFactory,
    LessonFactory,
    UserFactory,
    at,
    desk_of,
)
from tests.refusals import refused_by
from tests.test_admin_lists import message

pytestmark = pytest.mark.django_db
EVENING = at("2026-11-21 20:00")


def money(branch, day=TODAY):
    return {row["method"]: row for row in Figures.of(branch, day, now=NOW).methods}


def stands(outbound, **facts):
    """As if it had been tried."""
    tried = {"provider_sid": f"SM{outbound.pk}", "attempt_count": 1, "body": "好", "to_phone": "+8613800001111"}
    OutboundMessage.objects.filter(pk=outbound.pk).update(**tried, **facts)


def test_the_money_of_a_day_is_what_came_and_went_by_each_method(branch, other_branch):
    by, guardian = UserFactory(), family(branch).guardian
    wallet = {"guardian": guardian, "branch": branch, "reference": "", "reason": "预存", "by": by, "now": NOW}
    paid(branch, 300_01)
    mistaken = paid(branch, 200_00)
    paid(branch, 1000_00, method="wechat")
    take_back_payment(payment=mistaken, reason="收错", by=by, now=NOW + timedelta(hours=1))
    top_up_wallet(amount_minor=50_00, method="cash", token="in", **wallet)
    pay_out_wallet(amount_minor=20_00, method="cash", token="out", **wallet)
    paid(other_branch, 999_00)
    paid(branch, 888_00, now=at("2026-11-22 00:00"))  # the next day begins
    paid(branch, 777_00, now=at("2026-11-20 23:59"))

    found = money(branch)

    assert set(found) == {"cash", "wechat"}
    cash = found["cash"]
    assert [cash[f"{column}_minor"] for column in ("received", "taken_back", "paid_out", "net")] == [
        550_01,
        -200_00,
        -20_00,
        330_01,
    ]
    assert found["wechat"]["net_minor"] == 1000_00


def test_a_day_without_money_shows_the_cash_as_nothing(branch):
    figures = Figures.of(branch, TODAY, now=NOW)

    assert [row["method"] for row in figures.methods] == ["cash"]
    assert (figures.cash_minor, figures.totals["net_minor"]) == (0, 0)


def test_orders_of_the_day_say_what_is_still_owing(branch):
    paid(branch, 300_00)
    paid(branch, 1000_00)
    paid(branch, 1000_00, method="book")  # taken over: nobody sold it today

    assert Figures.of(branch, TODAY, now=NOW).orders == {
        "number": 2,
        "total_minor": 2000_00,
        "owing_minor": 700_00,
    }


def test_each_line_counts_what_its_list_shows(branch, other_branch):
    for where in (branch, other_branch):
        owner = desk_of(where)
        LessonFactory(class_group__branch=where, branch=where, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
        EnquiryFactory(branch=where)
        EnquiryFactory(branch=where, owner=owner)
        EnquiryFactory(branch=where, owner=owner, next_follow_up_at=NOW)
        EnquiryFactory(branch=where, owner=owner, next_follow_up_at=EVENING + timedelta(days=1))
        stands(message(where, 1), status="failed", channel="sms")
        stands(message(where, 2), status="accepted", channel="call")
        InboundMessage.objects.create(
            provider_sid=f"SM{where.pk}",
            branch=where,
            from_phone="+8613800001111",
            body="好",
            meaning="text",
            received_at=NOW,
        )
        due = paid(where, 1_00).order
        Order.objects.filter(pk=due.pk).update(due_date=TODAY)

    lines = {line.name: line.number for line in open_lines(branch, TODAY, now=EVENING)}

    assert lines == dict.fromkeys(lines, 1)
    assert len(lines) == 8


def test_a_lesson_of_another_day_and_one_to_come_are_not_of_this_day(branch):
    LessonFactory(
        class_group__branch=branch, branch=branch, starts_at=at("2026-11-20 18:00"), ends_at=at("2026-11-20 19:00")
    )
    LessonFactory(
        class_group__branch=branch, branch=branch, starts_at=at("2026-11-21 21:00"), ends_at=at("2026-11-21 22:00")
    )

    assert not any(line.number for line in open_lines(branch, TODAY, now=EVENING))


def test_a_sign_off_freezes_what_was_seen(branch):
    paid(branch, 300_00)

    close = signed(branch, opening=100_00, counted=400_00)
    paid(branch, 50_00, now=NOW + timedelta(hours=1))

    close.refresh_from_db()
    assert (close.expected_cash_minor, close.difference_minor, close.open_items) == (400_00, 0, 0)
    assert Figures(**close.figures).cash_minor == 300_00


def test_cash_that_is_off_needs_a_note(branch):
    paid(branch, 300_00)

    with pytest.raises(NoteMissingError, match=r"-¥0\.50"):
        signed(branch, counted=299_50)
    close = signed(branch, counted=299_50, note="找零少了五角")

    assert close.difference_minor == -50


def test_open_work_needs_a_note(branch):
    EnquiryFactory(branch=branch)

    with pytest.raises(NoteMissingError):
        signed(branch, counted=0)

    assert signed(branch, counted=0, note="明天分配").open_items == 1


def test_money_that_moved_while_counting_is_counted_again(branch):
    seen = Figures.of(branch, TODAY, now=NOW).mark
    paid(branch, 300_00, method="wechat")
    facts = {"opening_cash_minor": 0, "counted_cash_minor": 0, "note": "", "by": UserFactory(), "now": NOW}

    with pytest.raises(DayCloseError):
        sign_off(branch=branch, day=TODAY, seen=seen, **facts)

    assert not DayClose.objects.exists()


def test_of_two_people_one_signs_and_the_other_reads_who(branch):
    first = UserFactory(name="王芳")
    close = signed(branch, counted=0, by=first)

    with pytest.raises(DayCloseError, match="王芳"):
        signed(branch, counted=0, by=UserFactory())

    assert signed(branch, counted=0, by=first) == close  # a double click
    assert DayClose.objects.count() == 1


def test_a_day_to_come_is_not_signed(branch):
    with pytest.raises(DayCloseError):
        signed(branch, counted=0, day=TODAY + timedelta(days=1))


def test_what_is_taken_back_stays_and_the_day_is_signed_anew(branch):
    close = signed(branch, counted=0)
    manager = UserFactory()

    take_back_sign_off(close=close, reason="数错了", by=manager, now=EVENING)
    take_back_sign_off(close=close, reason="又一次", by=UserFactory(), now=EVENING)
    again = signed(branch, counted=0)

    close.refresh_from_db()
    assert (close.withdrawn_by, close.withdrawn_reason) == (manager, "数错了")
    assert DayClose.objects.standing().get() == again


def test_what_moves_after_the_sign_off_shows_as_changed(branch):
    by = UserFactory()
    first, second = paid(branch, 300_00), paid(branch, 200_00, method="wechat")
    close = signed(branch, counted=300_00)
    assert changes_since(close) == []

    late = paid(branch, 40_00, now=NOW + timedelta(hours=1))
    take_back_payment(payment=first, reason="收错", by=by, now=NOW + timedelta(hours=2))
    take_back_payment(payment=second, reason="收错", by=by, now=NOW + timedelta(days=2))

    changes = changes_since(close)
    assert [(change.movement.money, change.is_later_day) for change in changes] == [
        (40_00, False),
        (-300_00, False),
        (-200_00, True),
    ]
    assert changes[0].movement.pk == late.pk


def test_days_with_lessons_or_money_wait_for_somebody_to_sign(branch, other_branch):
    yesterday = TODAY - timedelta(days=1)
    LessonFactory(
        class_group__branch=branch, branch=branch, starts_at=at("2026-11-20 18:00"), ends_at=at("2026-11-20 19:00")
    )
    LessonFactory(
        class_group__branch=branch, branch=branch, starts_at=at("2026-11-21 18:00"), ends_at=at("2026-11-21 19:00")
    )
    paid(other_branch, 1_00)
    here, there = (branch, yesterday), (other_branch, TODAY)

    assert days_to_close([branch, other_branch], now=NOW) == [here]  # no lesson of today is over, and it is noon
    assert days_to_close([branch, other_branch], now=EVENING) == [here, (branch, TODAY), there]
    signed(branch, counted=0, day=yesterday, note="未点名", now=NOW)
    assert days_to_close([branch], now=NOW) == []
    assert days_to_close([], now=NOW) == []


def test_the_list_of_a_month_marks_the_days_nobody_signed(branch):
    paid(branch, 1_00, now=at("2026-11-03 10:00"))
    paid(branch, 1_00, now=at("2026-11-04 23:30"))
    paid(branch, 1_00, now=at("2026-10-31 23:30"))
    close = signed(branch, counted=1_00, day=at("2026-11-04 12:00").date())

    days = month_of_days(branch, TODAY.replace(day=1), now=EVENING)

    assert [(day.day, one) for day, one in days] == [(4, close), (3, None)]


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("dayclose_cash", {"counted_cash_minor": -1, "difference_minor": -1, "note": "少"}),
        ("dayclose_difference", {"counted_cash_minor": 5}),
        ("dayclose_says_why", {"counted_cash_minor": 5, "difference_minor": 5}),
        ("dayclose_says_why", {"open_items": 1}),
        ("dayclose_withdrawn_when", {"withdrawn_at": NOW}),
        ("dayclose_one_standing", {}),
    ],
)
def test_the_database_refuses(branch, rule, facts):
    by = UserFactory()
    row = {
        "branch": branch,
        "day": TODAY,
        "figures": {},
        "opening_cash_minor": 0,
        "expected_cash_minor": 0,
        "counted_cash_minor": 0,
        "difference_minor": 0,
        "open_items": 0,
        "signed_by": by,
        "signed_at": NOW,
    }
    if not facts:
        DayClose.objects.create(**row)

    with refused_by(rule):
        DayClose.objects.create(**row | facts)


def test_a_signed_day_is_never_changed(branch):
    close = signed(branch, counted=0)

    with refused_by("a signed day is never changed"):
        DayClose.objects.filter(pk=close.pk).update(note="anders")
    with refused_by("a signed day is never changed"):
        DayClose.objects.filter(pk=close.pk).delete()
    take_back_sign_off(close=close, reason="数错了", by=UserFactory(), now=timezone.now())
    with refused_by("a signed day is never changed"):
        DayClose.objects.filter(pk=close.pk).update(withdrawn_reason="别的")
