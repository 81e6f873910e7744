"""Selling credits, taking them, giving them back: the rules of the lesson account."""

import datetime
from decimal import Decimal

import pytest

from branches.models import Branch
from enrolments.ledger import NoCreditsLeftError
from enrolments.models import CreditEntry, CreditLot, Enrolment, Payment
from enrolments.services import Opening, carry_in_balances, enrol_student, settle_credits
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    CoursePackageFactory,
    CreditLotFactory,
    EnrolmentFactory,
    StudentFactory,
    UserFactory,
    sell,
)

pytestmark = pytest.mark.django_db

Kind = CreditEntry.Kind


@pytest.fixture
def enrolment(branch):
    return EnrolmentFactory(branch=branch)


@pytest.fixture
def clerk():
    return UserFactory(name="前台小李")


@pytest.fixture
def settle(enrolment, clerk):
    """settle("attendance:1", 1): one credit in all is taken for that attendance."""

    def settle(reference, target):
        settle_credits(
            enrolment=enrolment,
            reference=reference,
            target=Decimal(str(target)),
            occurred_at=NOW,
            by=clerk,
            reason="英语一班，第 3 课",
        )

    return settle


def balance_of(enrolment):
    return Enrolment.objects.get(pk=enrolment.pk).balance


def entries_of(enrolment, **conditions):
    return list(enrolment.credit_entries.filter(**conditions).order_by("sequence"))


def movements(enrolment, **conditions):
    """(kind, lot, credits) of the ledger's entries, oldest first."""
    return [(entry.kind, entry.lot, entry.credits) for entry in entries_of(enrolment, **conditions)]


def left_of(lot, *, is_gift=False):
    return lot.entries.filter(is_gift=is_gift).total()


def revenue_of_lot(lot):
    return sum(entry.revenue_minor for entry in lot.entries.all())


# --- selling ---------------------------------------------------------------------------------------------


def test_enrol_student_opens_the_account_with_lot_payment_and_entries(branch, clerk):
    student = StudentFactory()
    package = CoursePackageFactory(
        paid_credits=20, gift_credits=2, price_minor=2640_00, validity_days=365, course__list_price_minor=160_00
    )

    lot = enrol_student(
        student=student,
        branch=branch,
        package=package,
        method=Payment.Method.CASH,
        sold_by=clerk,
        start_date=TODAY,
        now=NOW,
        token="form-1",
    )

    enrolment = Enrolment.objects.get(student=student, branch=branch, course=package.course)
    assert balance_of(enrolment) == 22
    assert movements(enrolment) == [(Kind.PURCHASE, lot, 20), (Kind.GIFT, lot, 2)]
    assert (lot.list_price_minor, lot.paid_minor) == (160_00, 2640_00)
    assert lot.expires_date == TODAY + datetime.timedelta(days=365)
    payment = lot.item.order.payments.get()
    assert (payment.method, payment.amount_minor, payment.received_by) == (Payment.Method.CASH, 2640_00, clerk)


def test_enrol_student_makes_the_child_one_of_the_branch(branch, other_branch, clerk):
    enrolment = EnrolmentFactory(branch=other_branch)
    package = CoursePackageFactory()

    enrol_student(
        student=enrolment.student,
        branch=branch,
        package=package,
        method=Payment.Method.CASH,
        sold_by=clerk,
        start_date=TODAY,
        now=NOW,
        token="form-1",
    )

    assert set(enrolment.student.branches.all()) == {branch, other_branch}


def test_a_token_counts_once(enrolment, clerk):
    sale = {
        "student": enrolment.student,
        "branch": enrolment.branch,
        "package": CoursePackageFactory(course=enrolment.course),
        "method": Payment.Method.CASH,
        "sold_by": clerk,
        "start_date": TODAY,
        "now": NOW,
        "token": "form-1",
    }

    assert enrol_student(**sale) == enrol_student(**sale)

    assert balance_of(enrolment) == 20
    assert Payment.objects.count() == CreditLot.objects.count() == 1


def test_a_second_package_of_the_course_joins_the_account(enrolment):
    sell(enrolment, 20)
    sell(enrolment, 10)

    assert balance_of(enrolment) == 30
    assert enrolment.lots.count() == 2


def test_a_package_without_a_price_has_no_payment(enrolment):
    lot = sell(enrolment, 5, price_minor=0)

    assert not lot.item.order.payments.exists()
    assert balance_of(enrolment) == 5


def test_a_lot_without_a_validity_never_expires(enrolment):
    assert sell(enrolment).expires_date is None


def test_a_later_change_of_the_package_leaves_the_sold_lot_alone(enrolment, settle):
    lot = sell(enrolment, 10, price_minor=1000)
    settle("attendance:1", 1)

    lot.package.price_minor = 5000
    lot.package.save()
    settle("attendance:2", 1)

    assert [entry.revenue_minor for entry in entries_of(enrolment, kind=Kind.CONSUMPTION)] == [100, 100]


# --- the balance -----------------------------------------------------------------------------------------


def test_the_balance_is_the_sum_of_the_entries(enrolment, settle):
    sell(enrolment, 10, gift_credits=1)
    settle("attendance:1", 1)
    settle("attendance:2", "1.5")
    settle("attendance:1", 0)

    assert balance_of(enrolment) == enrolment.credit_entries.total() == Decimal("9.5")


def test_an_account_without_entries_has_nothing(enrolment):
    assert balance_of(enrolment) == 0


def test_an_entry_says_who_when_why_and_for_which_lesson(enrolment, settle, clerk):
    sell(enrolment)
    settle("attendance:7", 1)

    entry = entries_of(enrolment, kind=Kind.CONSUMPTION)[0]

    assert (entry.recorded_by, entry.occurred_at) == (clerk, NOW)
    assert (entry.reference, entry.reason) == ("attendance:7", "英语一班，第 3 课")


# --- taking ----------------------------------------------------------------------------------------------


def test_settle_credits_twice_takes_once(enrolment, settle):
    sell(enrolment)
    settle("attendance:1", 1)
    settle("attendance:1", 1)

    assert balance_of(enrolment) == 19


def test_settle_credits_to_another_target_writes_the_difference(enrolment, settle):
    lot = sell(enrolment)
    settle("attendance:1", 1)
    settle("attendance:1", "1.5")

    assert movements(enrolment, kind=Kind.CONSUMPTION) == [
        (Kind.CONSUMPTION, lot, -1),
        (Kind.CONSUMPTION, lot, Decimal("-0.5")),
    ]


def test_settle_credits_to_a_smaller_target_leaves_that_much_taken(enrolment, settle):
    sell(enrolment)
    settle("attendance:1", 2)
    settle("attendance:1", "0.5")

    assert balance_of(enrolment) == Decimal("19.5")


def test_the_lot_that_expires_first_is_used_first(enrolment, settle):
    sell(enrolment, 10)
    soon = sell(enrolment, 10, validity_days=30)

    settle("attendance:1", 1)

    assert left_of(soon) == 9


def test_an_expired_lot_still_gives_its_credits(enrolment, settle):
    expired = sell(enrolment, 1, validity_days=1)
    CreditLot.objects.update(
        start_date=TODAY - datetime.timedelta(days=99), expires_date=TODAY - datetime.timedelta(days=9)
    )

    settle("attendance:1", 1)

    assert left_of(expired) == 0
    assert balance_of(enrolment) == 0


@pytest.mark.parametrize(
    ("order", "paid_left", "gift_left"),
    [(Branch.ConsumptionOrder.PAID_FIRST, 9, 2), (Branch.ConsumptionOrder.GIFT_FIRST, 10, 1)],
)
def test_the_branch_decides_whether_gifts_go_first(order, paid_left, gift_left, clerk):
    enrolment = EnrolmentFactory(branch=BranchFactory(consumption_order=order))
    lot = sell(enrolment, 10, gift_credits=2)

    settle_credits(
        enrolment=enrolment, reference="attendance:1", target=Decimal(1), occurred_at=NOW, by=clerk, reason="点名"
    )

    assert (left_of(lot), left_of(lot, is_gift=True)) == (paid_left, gift_left)


def test_a_lesson_drawn_from_two_lots_is_two_entries_each_at_its_price(enrolment, settle):
    old = sell(enrolment, 10, price_minor=1000)
    new = sell(enrolment, 10, price_minor=2000)
    settle("attendance:1", "9.5")

    settle("attendance:2", 1)

    entries = entries_of(enrolment, reference="attendance:2")
    assert [(entry.lot, entry.credits, entry.revenue_minor) for entry in entries] == [
        (old, Decimal("-0.5"), 50),
        (new, Decimal("-0.5"), 100),
    ]


# --- giving back -----------------------------------------------------------------------------------------


def test_undo_gives_back_to_the_lots_it_took_from(enrolment, settle):
    old = sell(enrolment, 1, price_minor=100)
    new = sell(enrolment, 1, price_minor=200)
    settle("attendance:1", "1.5")

    settle("attendance:1", 0)

    assert (left_of(old), left_of(new)) == (1, 1)
    assert (revenue_of_lot(old), revenue_of_lot(new)) == (0, 0)
    assert balance_of(enrolment) == 2


def test_undo_out_of_order_gives_back_what_that_lesson_took(enrolment, settle):
    old = sell(enrolment, 1, price_minor=100)
    new = sell(enrolment, 1, price_minor=200)
    settle("attendance:1", 1)
    settle("attendance:2", 1)

    settle("attendance:1", 0)

    assert (left_of(old), left_of(new)) == (1, 0)
    assert (revenue_of_lot(old), revenue_of_lot(new)) == (0, 200)


def test_undo_twice_gives_back_once(enrolment, settle):
    sell(enrolment)
    settle("attendance:1", 1)
    settle("attendance:1", 0)
    settle("attendance:1", 0)

    assert balance_of(enrolment) == 20


def test_a_return_names_the_entry_it_reverses(enrolment, settle):
    sell(enrolment)
    settle("attendance:1", 1)
    settle("attendance:1", 0)

    taken, returned = entries_of(enrolment, reference="attendance:1")

    assert returned.reverses == taken
    assert (returned.kind, returned.credits) == (Kind.RETURN, 1)
    assert returned.revenue_minor == -taken.revenue_minor


def test_a_lesson_taken_again_after_an_undo_counts_once(enrolment, settle):
    sell(enrolment)
    for target in (1, 0, 1):
        settle("attendance:1", target)

    assert balance_of(enrolment) == 19


# --- past zero -------------------------------------------------------------------------------------------


def test_teaching_past_zero_is_owed(enrolment, settle):
    settle("attendance:1", 1)

    assert balance_of(enrolment) == -1
    assert movements(enrolment) == [(Kind.CONSUMPTION, None, -1)]


def test_the_next_purchase_settles_what_is_owed_at_its_price(enrolment, settle):
    settle("attendance:1", 1)
    settle("attendance:2", 1)

    lot = sell(enrolment, 10, price_minor=1000)

    assert balance_of(enrolment) == left_of(lot) == 8
    assert revenue_of_lot(lot) == 200
    assert movements(enrolment, reference="attendance:1") == [
        (Kind.CONSUMPTION, None, -1),
        (Kind.SETTLEMENT, None, 1),
        (Kind.CONSUMPTION, lot, -1),
    ]


def test_a_purchase_that_is_too_small_settles_the_oldest_and_leaves_the_rest_owed(enrolment, settle):
    for number in range(3):
        settle(f"attendance:{number}", 1)

    lot = sell(enrolment, "1.5")

    assert balance_of(enrolment) == Decimal("-1.5")
    assert left_of(lot) == 0
    owed = enrolment.credit_entries.owed()
    assert [(entry.reference, entry.credits) for entry in owed] == [
        ("attendance:2", -1),
        ("attendance:1", Decimal("-0.5")),
    ]


def test_what_is_owed_is_settled_by_credits_that_come_back(enrolment, settle):
    lot = sell(enrolment, 1)
    settle("attendance:1", 1)
    settle("attendance:2", 1)

    settle("attendance:1", 0)

    assert balance_of(enrolment) == left_of(lot) == 0
    assert movements(enrolment, reference="attendance:2")[-1] == (Kind.CONSUMPTION, lot, -1)


def test_undo_of_a_settled_lesson_gives_back_to_the_lot_that_paid(enrolment, settle):
    settle("attendance:1", 1)
    lot = sell(enrolment, 10)

    settle("attendance:1", 0)

    assert balance_of(enrolment) == left_of(lot) == 10


def test_undo_of_an_owed_lesson_owes_nothing(enrolment, settle):
    settle("attendance:1", 1)
    settle("attendance:1", 0)

    assert balance_of(enrolment) == 0
    sell(enrolment, 10)
    assert balance_of(enrolment) == 10


def test_a_branch_that_does_not_teach_past_zero_refuses(enrolment, settle):
    Branch.objects.update(may_owe=False)
    sell(enrolment, "0.5")

    with pytest.raises(NoCreditsLeftError, match=enrolment.student.name):
        settle("attendance:1", 1)

    assert balance_of(enrolment) == Decimal("0.5")


def test_giving_back_needs_no_credits(enrolment, settle):
    settle("attendance:1", 1)
    Branch.objects.update(may_owe=False)

    settle("attendance:1", 0)

    assert balance_of(enrolment) == 0


# --- recognised revenue ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "revenues"),
    [
        (Branch.RevenueMethod.BLENDED, [250, 250, 250, 250]),
        (Branch.RevenueMethod.PAID_ONLY, [333, 334, 333, 0]),
    ],
)
def test_the_price_is_spread_by_the_method_the_lot_was_sold_under(method, revenues, clerk):
    enrolment = EnrolmentFactory(branch=BranchFactory(revenue_method=method))
    sell(enrolment, 3, gift_credits=1, price_minor=1000)
    Branch.objects.update(revenue_method=Branch.RevenueMethod.BLENDED)

    for number in range(4):
        settle_credits(
            enrolment=enrolment,
            reference=f"attendance:{number}",
            target=Decimal(1),
            occurred_at=NOW,
            by=clerk,
            reason="点名",
        )

    assert [entry.revenue_minor for entry in entries_of(enrolment, kind=Kind.CONSUMPTION)] == revenues


def test_a_used_up_lot_has_recognised_what_was_paid_to_the_fen(enrolment, settle):
    lot = sell(enrolment, 7, price_minor=10_00)
    for number in range(14):
        settle(f"attendance:{number}", "0.5")

    assert revenue_of_lot(lot) == 10_00


def test_what_is_owed_recognises_nothing(enrolment, settle):
    settle("attendance:1", 1)

    assert entries_of(enrolment)[0].revenue_minor == 0


# --- taking over from the books --------------------------------------------------------------------------


def carry_in(enrolment, *, paid, gift=0, used, left):
    lot = CreditLotFactory.build(
        enrolment=enrolment,
        sold_by=UserFactory(),
        paid_credits=Decimal(str(paid)),
        gift_credits=Decimal(str(gift)),
        paid_minor=1000,
    )
    opening = Opening(
        lot=lot,
        used=Decimal(str(used)),
        left=Decimal(str(left)),
        mismatch_reason="账面剩余与购买、赠送、已上不符",
        used_reason="已上",
    )
    carry_in_balances(openings=[opening], by=lot.sold_by, now=NOW)
    return lot


def adjustments(enrolment):
    return [(entry.is_gift, entry.credits) for entry in entries_of(enrolment, kind=Kind.ADJUSTMENT)]


def test_carry_in_keeps_what_the_book_says(enrolment):
    lot = carry_in(enrolment, paid=40, gift=4, used=10, left=34)

    assert balance_of(enrolment) == 34
    assert (left_of(lot), left_of(lot, is_gift=True)) == (30, 4)
    assert adjustments(enrolment) == []
    assert lot.item.order.payments.get().method == Payment.Method.BOOK
    assert revenue_of_lot(lot) == 227  # 1000 × 10 / 44


def test_carry_in_with_more_left_than_the_sum_adds_to_the_paid_credits(enrolment):
    carry_in(enrolment, paid=40, used=10, left=32)

    assert balance_of(enrolment) == 32
    assert adjustments(enrolment) == [(False, 2)]
    assert entries_of(enrolment, kind=Kind.ADJUSTMENT)[0].reason == "账面剩余与购买、赠送、已上不符"


def test_carry_in_with_less_left_takes_from_the_gift_first(enrolment):
    carry_in(enrolment, paid=40, gift=2, used=10, left=29)

    assert balance_of(enrolment) == 29
    assert adjustments(enrolment) == [(True, -2), (False, -1)]


def test_carry_in_that_was_used_beyond_what_was_bought_is_owed(enrolment):
    lot = carry_in(enrolment, paid=10, used=12, left=-2)

    assert balance_of(enrolment) == -2
    assert adjustments(enrolment) == []
    assert left_of(lot) == 0


def test_carry_in_with_an_unexplained_negative_left_is_owed(enrolment):
    lot = carry_in(enrolment, paid=10, used=0, left=-3)

    assert balance_of(enrolment) == -3
    assert adjustments(enrolment) == [(False, -10), (False, -3)]
    assert left_of(lot) == 0


@pytest.mark.parametrize("used", [0, 12])
def test_what_the_book_says_is_owed_is_settled_by_the_next_purchase(enrolment, used):
    carry_in(enrolment, paid=10, used=used, left=-2)

    lot = sell(enrolment, 10)

    assert balance_of(enrolment) == left_of(lot) == 8


def test_carry_in_settles_lessons_taught_before_it(enrolment, settle):
    settle("attendance:1", 1)

    lot = carry_in(enrolment, paid=10, used=0, left=10)

    assert balance_of(enrolment) == left_of(lot) == 9


def test_carry_in_of_a_used_up_lot_has_recognised_its_price(enrolment):
    assert revenue_of_lot(carry_in(enrolment, paid=30, gift=3, used=31, left=0)) == 1000
