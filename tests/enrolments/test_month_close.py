"""The month close: what families paid ahead rolls from month to month, to the fen, and a closed month stands."""

import datetime
from decimal import Decimal

import pytest

from core.clock import local_date
from enrolments.models import Books, CreditEntry, CreditLot, MonthClose, MonthFigure
from enrolments.month import movement, prepaid_now
from enrolments.refund_rules import Cause
from enrolments.refund_sheet import Wish
from enrolments.services import (
    BooksError,
    Share,
    approve_refund,
    close_month,
    close_months,
    confirm_order,
    line_of,
    move_wallet,
    next_month,
    pay_refund,
    prepare_order,
    preview_month,
    request_refund,
    settle_credits,
    take_payment,
    void_order,
)
from tests.factories import (
    BranchFactory,
    CoursePackageFactory,
    EnrolmentFactory,
    GuardianFactory,
    UserFactory,
    at,
    owner_of_school,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER, DECEMBER = (datetime.date(2026, month, 1) for month in (10, 11, 12))
IN_OCTOBER, IN_NOVEMBER, IN_DECEMBER = at("2026-10-10 10:00"), at("2026-11-10 10:00"), at("2026-12-10 10:00")


@pytest.fixture
def clerk():
    return UserFactory()


@pytest.fixture
def enrolment(branch):
    """Twenty lessons for 2,400 yuan, sold in October."""
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 20, price_minor=2400_00, now=IN_OCTOBER)
    return enrolment


def teach(enrolment, number, *, now, credits=1):
    settle_credits(
        enrolment=enrolment,
        reference=f"attendance:{number}",
        target=Decimal(credits),
        occurred_at=now,
        by=UserFactory(),
        reason="点名",
    )


def close(branch, month, *, now=IN_DECEMBER):
    return close_month(branch=branch, month=month, by=UserFactory(), now=now)


def figures(closed):
    """The rows of a close together, without what is nothing."""
    names = [field.name for field in MonthFigure._meta.fields if field.name.endswith("_minor")]
    sums = {name: sum(getattr(row, name) for row in closed.figures.all()) for name in names}
    return {name.removesuffix("_minor"): amount for name, amount in sums.items() if amount}


def test_the_first_month_is_that_of_the_first_sale(branch, enrolment):
    assert next_month(branch) == OCTOBER


def test_a_branch_that_sold_nothing_has_no_month_to_close(branch):
    assert next_month(branch) is None


def test_what_is_left_of_october_opens_november(branch, enrolment):
    teach(enrolment, 1, now=IN_OCTOBER)
    teach(enrolment, 2, now=IN_NOVEMBER)

    assert figures(close(branch, OCTOBER)) == {"sold": 2400_00, "recognised": 120_00, "closing": 2280_00}
    assert figures(close(branch, NOVEMBER)) == {"opening": 2280_00, "recognised": 120_00, "closing": 2160_00}
    assert prepaid_now(branch) == 2160_00


def test_each_package_has_its_row(branch, enrolment):
    sell(EnrolmentFactory(branch=branch), 10, price_minor=1000_00, now=IN_OCTOBER)

    assert sorted(row.sold_minor for row in close(branch, OCTOBER).figures.all()) == [1000_00, 2400_00]


def test_a_month_counts_what_came_in_by_each_method(branch, enrolment):
    [receipt] = close(branch, OCTOBER).receipts.all()

    assert (receipt.method, receipt.amount_minor) == ("wechat", 2400_00)


def test_what_is_ordered_and_not_paid_is_owing(branch, clerk):
    package = CoursePackageFactory(price_minor=1000_00)
    line = line_of(package, student=EnrolmentFactory(branch=branch).student, start_date=OCTOBER)
    order = prepare_order(branch=branch, lines=[line], by=clerk, now=IN_OCTOBER, token="order")
    confirm_order(order=order, by=clerk, now=IN_OCTOBER)
    take_payment(order=order, method="cash", amount_minor=300_00, by=clerk, now=IN_OCTOBER, token="first")
    take_payment(order=order, method="cash", amount_minor=700_00, by=clerk, now=IN_NOVEMBER, token="second")

    october, november = close(branch, OCTOBER), close(branch, NOVEMBER)

    assert (october.owing_opening_minor, october.owing_closing_minor) == (0, 700_00)
    assert (november.owing_opening_minor, november.owing_closing_minor) == (700_00, 0)


def test_what_a_refund_no_longer_asks_for_counts_in_its_own_month_only(branch):
    """The lot is ended, gets its lesson back, and is ended again a month later: nothing is forgiven twice."""
    enrolment, boss = EnrolmentFactory(branch=branch), owner_of_school()
    package = CoursePackageFactory(course=enrolment.course, price_minor=1000_00)
    line = line_of(package, student=enrolment.student, start_date=OCTOBER)
    order = prepare_order(branch=branch, lines=[line], by=boss, now=IN_OCTOBER, token="order")
    confirm_order(order=order, by=boss, now=IN_OCTOBER)
    take_payment(order=order, method="cash", amount_minor=700_00, by=boss, now=IN_OCTOBER, token="first")
    teach(enrolment, 1, now=IN_OCTOBER)
    give_back(enrolment, boss, now=IN_OCTOBER)
    teach(enrolment, 1, now=IN_NOVEMBER, credits=0)
    give_back(enrolment, boss, now=IN_NOVEMBER)

    october, november = close(branch, OCTOBER), close(branch, NOVEMBER)

    assert enrolment.refunds.filter(lines__forgiven_minor=300_00, requested_date=IN_OCTOBER.date()).count() == 1
    assert (october.owing_closing_minor, november.owing_opening_minor, november.owing_closing_minor) == (0, 0, 0)
    assert prepaid_now(branch) == 0


def give_back(enrolment, boss, *, now):
    """A refund of all that is left, from asking to paying."""
    wish = Wish(cause=Cause.SCHOOL)
    facts = {"enrolment": enrolment, "wish": wish, "reason": "搬家", "method": "cash", "token": f"refund-{now}"}
    refund = request_refund(**facts, by=UserFactory(), now=now)
    approve_refund(refund=refund, by=boss, now=now)
    shares = [Share("cash", refund.amount_minor)] if refund.amount_minor else []
    return pay_refund(refund=refund, shares=shares, by=boss, now=now)


def test_an_order_made_void_leaves_nothing(branch, clerk):
    package = CoursePackageFactory(price_minor=1000_00)
    line = line_of(package, student=EnrolmentFactory(branch=branch).student, start_date=OCTOBER)
    order = prepare_order(branch=branch, lines=[line], by=clerk, now=IN_OCTOBER, token="order")
    confirm_order(order=order, by=clerk, now=IN_OCTOBER)
    void_order(order=order, reason="录错", by=clerk, now=IN_NOVEMBER)

    october, november = close(branch, OCTOBER), close(branch, NOVEMBER)

    assert figures(november) == {"opening": 1000_00, "voided": 1000_00}
    assert (october.owing_closing_minor, november.owing_closing_minor) == (1000_00, 0)


def test_wallets_roll_on_too(branch, enrolment, clerk):
    guardian = GuardianFactory()
    facts = {"guardian": guardian, "branch": branch, "reference": "", "reason": "充值", "by": clerk, "method": "cash"}
    move_wallet(kind="top_up", amount_minor=500_00, now=IN_OCTOBER, **facts)
    move_wallet(kind="paid_out", amount_minor=-200_00, now=IN_NOVEMBER, **facts)

    assert close(branch, OCTOBER).wallet_closing_minor == 500_00
    assert close(branch, NOVEMBER).wallet_closing_minor == 300_00


def test_a_correction_of_a_closed_month_counts_in_the_next(branch, enrolment):
    teach(enrolment, 1, now=IN_OCTOBER)
    close(branch, OCTOBER)

    teach(enrolment, 1, now=IN_OCTOBER, credits=0)

    entry = enrolment.credit_entries.order_by("-sequence").first()
    assert (local_date(entry.occurred_at, branch.time_zone), entry.booked_date) == (IN_OCTOBER.date(), NOVEMBER)
    assert figures(close(branch, NOVEMBER))["recognised"] == -120_00


def test_sales_and_payments_are_booked_into_an_open_month(branch, enrolment):
    close(branch, OCTOBER)

    lot = sell(enrolment, 10, now=IN_OCTOBER)

    assert lot.booked_date == lot.item.order.payments.get().booked_date == NOVEMBER


def test_the_months_go_one_after_the_other(branch, enrolment):
    with pytest.raises(BooksError):
        close(branch, NOVEMBER)


def test_a_month_that_is_not_over_stays_open(branch, enrolment):
    with pytest.raises(BooksError):
        close(branch, OCTOBER, now=at("2026-10-31 23:59"))

    assert close(branch, OCTOBER, now=at("2026-11-01 00:00"))


def test_closing_twice_closes_once(branch, enrolment):
    assert close(branch, OCTOBER) == close(branch, OCTOBER)
    assert MonthClose.objects.count() == 1


def test_another_branch_is_not_closed_with_it(branch, other_branch, enrolment):
    sell(EnrolmentFactory(branch=other_branch), now=IN_OCTOBER)

    close(branch, OCTOBER)

    assert Books.objects.get(branch=other_branch).closed_until is None
    assert figures(MonthClose.objects.get())["sold"] == 2400_00


def test_a_lot_that_does_not_agree_with_its_entries_stops_the_close(branch, enrolment):
    CreditLot.objects.update(recognised_minor=1)  # behind the ledger's back

    with pytest.raises(BooksError):
        close(branch, OCTOBER)


@pytest.mark.parametrize("number", [1, 3])
def test_closing_many_branches_costs_as_many_queries_as_one(number, django_assert_num_queries):
    branches = [BranchFactory() for _ in range(number)]
    lots = [sell(EnrolmentFactory(branch=branch), 20, now=IN_OCTOBER) for branch in branches]
    for lot in lots:
        teach(lot.enrolment, 1, now=IN_OCTOBER)
    by = owner_of_school()

    with django_assert_num_queries(22):
        closes = close_months(branches=branches, month=OCTOBER, by=by, now=IN_NOVEMBER)

    assert [close.branch for close in closes] == branches
    assert {figures(close)["closing"] for close in closes} == {lots[0].paid_minor * 19 // 20}


def test_a_preview_saves_nothing(branch, enrolment):
    shown, rows, receipts = preview_month(branch, OCTOBER)

    assert (shown.pk, rows[0].closing_minor, receipts[0].amount_minor) == (None, 2400_00, 2400_00)
    assert Books.objects.get(branch=branch).closed_until is None


def test_the_days_of_a_month_add_up_to_it(branch, enrolment):
    for number in range(1, 6):
        teach(enrolment, number, now=at(f"2026-10-{10 + number} 10:00"))
    days = [OCTOBER + datetime.timedelta(days=number) for number in range(31)]

    assert sum(movement(branch, day, day).net_minor for day in days) == 1800_00
    assert movement(branch, days[0], days[-1]).net_minor == 1800_00 == prepaid_now(branch)


def test_the_database_refuses_figures_that_do_not_add_up(branch, enrolment):
    row = close(branch, OCTOBER).figures.get()
    row.closing_minor += 1

    with refused_by("monthfigure_adds_up"):
        row.save()


def test_the_database_refuses_a_month_closed_twice(branch, enrolment):
    closed = close(branch, OCTOBER)
    closed.pk = None

    with refused_by("monthclose_once"):
        closed.save()


def test_the_database_refuses_a_month_that_begins_on_another_day(branch, enrolment):
    close(branch, OCTOBER)

    with refused_by("monthclose_first_day"):
        MonthClose.objects.update(month=OCTOBER.replace(day=2))


@pytest.mark.parametrize(
    ("constraint", "has_package"),
    [("monthfigure_once_a_package", True), ("monthfigure_once_without_package", False)],
)
def test_the_database_refuses_two_rows_of_one_package(branch, enrolment, constraint, has_package):
    row = close(branch, OCTOBER).figures.get()
    if not has_package:
        MonthFigure.objects.update(package=None)
        row.package = None
    row.pk = None

    with refused_by(constraint):
        row.save()


def test_the_database_refuses_two_rows_of_one_method(branch, enrolment):
    receipt = close(branch, OCTOBER).receipts.get()
    receipt.pk = None

    with refused_by("monthreceipt_once_a_method"):
        receipt.save()


def test_an_owed_lesson_recognises_in_the_month_that_settles_it(branch, clerk):
    enrolment = EnrolmentFactory(branch=branch)
    sell(EnrolmentFactory(branch=branch), 1, price_minor=100_00, now=IN_OCTOBER)
    teach(enrolment, 1, now=IN_OCTOBER)
    close(branch, OCTOBER)

    sell(enrolment, 20, price_minor=2400_00, now=IN_NOVEMBER)

    assert CreditEntry.objects.filter(kind="settlement").get().booked_date == NOVEMBER
    assert figures(close(branch, NOVEMBER))["recognised"] == 120_00
