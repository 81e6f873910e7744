"""The page of reconciliation: a statement is uploaded, what differs is settled, nothing is lost."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from enrolments.models import PaymentAccount, StatementImport, StatementLine, StatementMatch
from enrolments.services import take_payment
from imports.files import LARGEST_FILE
from tests.enrolments.statement_cases import (
    aside,
    bank,
    statement_line,
    wechat_merchant,
    wechat_paid,
    wechat_personal,
)
from tests.factories import NOW, BranchFactory, EnrolmentFactory, OrderFactory, desk_of, manager_of, sell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def manager(client, branch):
    manager = manager_of(branch)
    client.force_login(manager)
    return manager


def month(branch, **query):
    return reverse("reconciliation_month", args=[branch.pk, 2026, 11], query=query)


def upload(client, branch, content, *, name="账单.csv", headers=None, **data):
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("statement_import", args=[branch.pk]), {"file": file, **data}, headers=headers)


def pay(branch, minor=100_00, *, when=NOW, number=1):
    order = OrderFactory(branch=branch, total_minor=minor)
    facts = {"amount_minor": minor, "reference": "", "by": order.created_by, "now": when}
    return take_payment(order=order, method="wechat", token=f"pay-{number}-{order.pk}", **facts)


# --- a file comes in ---------------------------------------------------------------------------------------


def test_a_file_finds_its_account_and_leads_to_its_month(client, branch, manager):
    payment = pay(branch)

    response = upload(client, branch, wechat_merchant(wechat_paid("2026-11-21 12:03:00", "4200001", "100.00")))

    assert response.url == month(branch)
    account = PaymentAccount.objects.get()
    assert (account.branch, account.kind, account.number_end) == (branch, "wechat", "0109")
    assert StatementMatch.objects.get().payment == payment
    assert StatementImport.objects.get().imported_by == manager
    upload(client, branch, wechat_merchant(wechat_paid("2026-11-21 12:03:00", "4200001", "100.00")))
    assert StatementLine.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.csv"),
        (b"%PDF-1.7 a scan", "bill.csv"),
        (b"\xff\xd8\xff a photo", "bill.xlsx"),
        ("学员,电话\n田萍,13800000000".encode(), "names.csv"),
        (b"\x00\x01\x02\x03" * 50, "bill.csv"),
        (wechat_merchant(wechat_paid("2026-11-21 12:00:00", "1", "=1+1")), "bill.csv"),
        (b"," * (LARGEST_FILE + 1), "bill.csv"),
    ],
)
def test_what_is_no_statement_gets_a_sentence_and_leaves_nothing(client, branch, manager, content, name):
    response = upload(client, branch, content, name=name)

    assert response.status_code == 200
    assert 'data-test="refused"' in response.content.decode()
    assert not StatementImport.objects.exists()
    assert not PaymentAccount.objects.exists()


def test_the_bill_of_another_kind_of_account_is_refused(client, branch, manager):
    account = PaymentAccount.objects.create(branch=branch, kind="alipay", name="支付宝")
    content = wechat_merchant(wechat_paid("2026-11-21 12:00:00", "1", "1.00"))

    response = upload(client, branch, content, account=account.pk)

    assert 'data-test="refused"' in response.content.decode()
    assert not StatementLine.objects.exists()


def test_an_account_of_another_branch_cannot_be_chosen(client, branch, manager):
    other = PaymentAccount.objects.create(branch=BranchFactory(), kind="wechat", name="别处")
    content = wechat_merchant(wechat_paid("2026-11-21 12:00:00", "1", "1.00"))

    assert upload(client, branch, content, account=other.pk).context["form"].errors["account"]
    assert not StatementLine.objects.exists()


def test_the_columns_of_a_bank_are_asked_once(client, branch, manager):
    content = bank(("2026-11-21", "2400.00"), titles="何日,多少")
    account = {"account": "new:bank", "name": "基本户"}

    asked = upload(client, branch, content, headers={"X-Fragment": "asked"}, **account).content.decode()
    half = upload(client, branch, content, time="何日", **account)
    answer = upload(client, branch, content, headers={"X-Fragment": "asked"}, time="何日", amount="多少", **account)
    more = upload(client, branch, bank(("2026-11-22", "9.00"), titles="何日,多少"))

    assert 'data-test="columns"' in asked
    assert "<html" not in asked
    assert half.context["columns_form"].errors
    assert answer.headers["X-Location"] == more.url == month(branch)
    assert StatementLine.objects.count() == 2


def test_a_workbook_is_read_too(client, branch, manager):
    workbook = Workbook()
    for row in [("交易日期", "收入金额", "对方户名"), (NOW.date(), 12.5, "王小明"), (NOW.date(), 12.5, "王小明")]:
        workbook.active.append(row)
    content = BytesIO()
    workbook.save(content)

    upload(client, branch, content.getvalue(), name="bank.xlsx")

    assert list(StatementLine.objects.values_list("amount_minor", "payer")) == [(12_50, "王**")] * 2


# --- what differs is settled -------------------------------------------------------------------------------


def test_a_line_is_matched_with_one_click_and_the_place_is_kept(client, branch, manager):
    line = statement_line(branch)
    payment = pay(branch, when=NOW + timedelta(hours=3))

    page = client.get(month(branch, kind="wechat")).content.decode()
    assert f'value="payment-{payment.pk}"' in page
    url = reverse("line_match", args=[line.pk], query={"kind": "wechat"})
    response = client.post(url, {"item": f"payment-{payment.pk}"})

    assert response.url.startswith(month(branch, kind="wechat"))
    match = StatementMatch.objects.get()
    assert (match.line, match.payment, match.rule, match.matched_by) == (line, payment, "hand", manager)


@pytest.mark.parametrize("item", ["", "payment-", "payment-999", "order-1", "payout-1", "payment-" + "9" * 40])
def test_what_is_no_payment_of_the_branch_is_not_matched(client, branch, manager, item):
    line = statement_line(branch)
    pay(BranchFactory())

    response = client.post(reverse("line_match", args=[line.pk]), {"item": item}, follow=True)

    assert next(iter(response.context["messages"])).level_tag == "error"
    assert not StatementMatch.objects.exists()


def test_lines_are_set_aside_with_a_reason_and_come_back(client, branch, manager):
    lines = [statement_line(branch, -60, number=number) for number in ("N1", "N2", "N3")]
    elsewhere = statement_line(BranchFactory(), number="N4")
    url = reverse("lines_aside", args=[branch.pk, 2026, 11])

    client.post(url, {"line": [lines[0].pk, lines[1].pk, elsewhere.pk], "reason": "手续费"})
    client.post(url, {"line": [lines[2].pk, "9" * 40]})
    assert set(StatementMatch.objects.values_list("line", "reason")) == {(line.pk, "手续费") for line in lines[:2]}

    match = StatementMatch.objects.get(line=lines[0])
    page = client.get(month(branch, tab="matches")).content.decode()
    assert reverse("match_undo", args=[match.pk]) in page
    client.post(reverse("match_undo", args=[match.pk]))
    assert set(StatementLine.objects.open().filter(account__branch=branch)) == {lines[0], lines[2]}


def test_what_was_recorded_later_is_matched_at_once(client, branch, manager):
    statement_line(branch)
    payment = pay(branch)

    client.post(reverse("match_again", args=[branch.pk, 2026, 11]))

    assert StatementMatch.objects.get().payment == payment


def test_the_desk_does_not_reconcile(client, branch):
    line = statement_line(branch)
    client.force_login(desk_of(branch))

    assert client.post(reverse("line_match", args=[line.pk])).status_code == 403


# --- what is shown -----------------------------------------------------------------------------------------


def test_the_four_figures_and_the_tabs(client, branch, manager):
    statement_line(branch, 100_00, number="N1")
    aside(statement_line(branch, -60, number="N2"), by=manager)
    pay(branch, 77_00)

    context = client.get(month(branch)).context
    items = client.get(month(branch, tab="items")).context

    theirs, ours = context["theirs"], context["ours"]
    assert (theirs.total_minor, theirs.open_minor, theirs.aside_minor) == (99_40, 100_00, -60)
    assert (ours.total_minor, ours.matched_minor, ours.open_minor) == (77_00, 0, 77_00)
    assert [row.line.reference for row in context["rows"]] == ["N1"]
    assert [found.item.amount_minor for found in items["rows"]] == [77_00]


def test_a_month_that_is_none_is_not_there(client, branch, manager):
    for year, number in ((1, 1), (2026, 13), (9999, 12)):
        assert client.get(reverse("reconciliation_month", args=[branch.pk, year, number])).status_code == 404


def test_the_workbook_has_what_is_open_on_both_sides(client, branch, manager):
    statement_line(branch, 100_00)
    sell(EnrolmentFactory(branch=branch, student__name="田萍"), price_minor=77_00)

    response = client.get(reverse("reconciliation_xlsx", args=[branch.pk, 2026, 11]))

    lines, items = load_workbook(BytesIO(response.content)).worksheets
    assert [cell.value for cell in lines[2]][2:4] == [100, "N1"]
    assert [cell.value for cell in items[2]][1] == 77
    assert items["F2"].value == "田萍"


def test_the_month_close_says_how_many_are_open(client, branch, manager):
    sell(EnrolmentFactory(branch=branch))
    url = reverse("month", args=[branch.pk, 2026, 11])
    assert client.get(url).context["unreconciled"] == 0  # no statements are read here
    statement_line(branch)

    response = client.get(url)

    assert response.context["unreconciled"] == 2
    assert month(branch) in response.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_each_tab_costs_the_same_for_one_and_for_three_rows(client, branch, manager, number, django_assert_num_queries):
    for place in range(number):
        minor = 100_00 + place
        statement_line(branch, minor, number=f"A{place}")
        sell(EnrolmentFactory(branch=branch), price_minor=minor, now=NOW + timedelta(hours=1))
        aside(statement_line(branch, -60 - place, number=f"B{place}"), by=manager)

    for tab, queries in {"lines": 17, "items": 15, "matches": 13}.items():
        with django_assert_num_queries(queries):
            response = client.get(month(branch, tab=tab))
        assert len(response.context["page_obj"].object_list) == number


def test_a_personal_bill_leaves_no_name_on_the_page(client, branch, manager):
    upload(client, branch, wechat_personal(("2026-11-21 10:02:33", "王小明", "收入", "1.00", "已收钱", "1000039501")))

    page = client.get(month(branch)).content.decode()

    assert "王**" in page
    assert "小明" not in page
