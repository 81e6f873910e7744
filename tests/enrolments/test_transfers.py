"""Lessons go to a brother or sister, their value to the wallet, and back; managers correct."""

from decimal import Decimal

import pytest

from branches.models import Branch
from enrolments.models import CreditEntry, Enrolment, Payment, Transfer
from enrolments.services import (
    CorrectionError,
    TransferError,
    WalletError,
    carry_over,
    confirm_order,
    correct_credits,
    line_of,
    move_wallet,
    prepare_order,
    settle_credits,
    take_payment,
    transfer_credits,
    undo_transfer,
    wallet_balance,
)
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    CoursePackageFactory,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    StudentFactory,
    UserFactory,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def guardian():
    return GuardianFactory()


@pytest.fixture
def account(guardian):
    """Twenty lessons and two gift lessons for 2,400 yuan, five of them taken."""
    enrolment = EnrolmentFactory(branch=BranchFactory(revenue_method=Branch.RevenueMethod.PAID_ONLY))
    GuardianshipFactory(student=enrolment.student, guardian=guardian)
    sell(enrolment, 20, gift_credits=2, validity_days=300)
    take(enrolment, 5)
    return enrolment


@pytest.fixture
def sibling(guardian):
    return GuardianshipFactory(guardian=guardian).student


def take(enrolment, credits, number=1):
    facts = {"reference": f"attendance:{number}", "reason": "点名", "occurred_at": NOW, "by": UserFactory()}
    settle_credits(enrolment=enrolment, target=Decimal(credits), **facts)


def transfer(account, sibling, **facts):
    defaults = {"reason": "给弟弟", "by": UserFactory(), "now": NOW, "token": "form-1"}
    return transfer_credits(source=account, lots=account.lots.all(), student=sibling, **defaults | facts)


def carry(account, guardian, **facts):
    defaults = {"reason": "转课", "by": UserFactory(), "now": NOW, "token": "form-1"}
    return carry_over(source=account, lots=account.lots.all(), guardian=guardian, **defaults | facts)


def undo(transfer, now=NOW):
    return undo_transfer(transfer=transfer, reason="家长改主意", by=UserFactory(), now=now)


def figures(lot):
    lot.refresh_from_db()
    return lot.paid_left, lot.gift_left, lot.value_left_minor


def balance(enrolment):
    return Enrolment.objects.get(pk=enrolment.pk).balance


# --- to a brother or sister --------------------------------------------------------------------------------------


def test_what_is_left_goes_to_the_sibling_at_its_price_and_validity(account, sibling):
    old = account.lots.get()

    done = transfer(account, sibling)

    new = done.target.lots.get()
    assert figures(old) == (0, 0, 0)
    assert figures(new) == (15, 2, 1800_00)
    assert (new.paid_minor, new.expires_date, new.revenue_method) == (1800_00, old.expires_date, old.revenue_method)
    assert (done.target.student, done.target.course, done.amount_minor) == (sibling, account.course, 1800_00)
    assert (balance(account), balance(done.target)) == (0, 17)


def test_a_double_click_transfers_once(account, sibling):
    first = transfer(account, sibling)

    assert transfer(account, sibling) == first
    assert Transfer.objects.count() == 1


def test_lessons_that_the_sibling_owes_are_settled(account, sibling):
    target = EnrolmentFactory(student=sibling, branch=account.branch, course=account.course)
    take(target, 3, number=9)

    transfer(account, sibling)

    assert balance(target) == 14
    assert not target.credit_entries.owed().exists()


def test_lessons_stay_in_the_family(account):
    with pytest.raises(TransferError):
        transfer(account, StudentFactory())


def test_what_is_not_paid_for_stays(account, sibling, guardian):
    package = CoursePackageFactory(course=account.course)
    line = line_of(package, student=account.student, start_date=TODAY)
    clerk = UserFactory()
    order = prepare_order(branch=account.branch, guardian=guardian, lines=[line], by=clerk, now=NOW, token="o")
    confirm_order(order=order, by=clerk, now=NOW)

    with pytest.raises(TransferError, match=r"2,400\.00"):
        transfer(account, sibling)


def test_an_empty_account_has_nothing_to_transfer(account, sibling):
    transfer(account, sibling)

    with pytest.raises(TransferError):
        transfer(account, sibling, token="form-2")


def test_undoing_puts_everything_back_once(account, sibling):
    old = account.lots.get()
    before = figures(old)
    done = transfer(account, sibling)

    for _click in range(2):
        undo(done)

    assert figures(old) == before
    assert figures(done.target.lots.get()) == (0, 0, 0)
    assert (balance(account), balance(done.target)) == (17, 0)
    assert CreditEntry.objects.filter(kind="restore").count() == 2


def test_undoing_stops_at_what_was_used(account, sibling):
    done = transfer(account, sibling)
    take(done.target, 1, number=2)

    with pytest.raises(TransferError):
        undo(done)


# --- to the wallet -----------------------------------------------------------------------------------------------


def test_the_value_goes_to_the_wallet_and_pays_another_course(account, guardian):
    carry(account, guardian)
    package = CoursePackageFactory(price_minor=2000_00)
    clerk = UserFactory()
    line = line_of(package, student=account.student, start_date=TODAY)
    order = prepare_order(branch=account.branch, guardian=guardian, lines=[line], by=clerk, now=NOW, token="o")
    confirm_order(order=order, by=clerk, now=NOW)
    facts = {"order": order, "by": clerk, "now": NOW}
    take_payment(method=Payment.Method.WALLET, amount_minor=1800_00, token="a", **facts)
    take_payment(method=Payment.Method.CASH, amount_minor=200_00, token="b", **facts)

    order.refresh_from_db()
    assert (wallet_balance(guardian), order.owing_minor, balance(account)) == (0, 0, 0)


def test_carrying_over_is_undone_while_the_wallet_holds_it(account, guardian):
    done = carry(account, guardian)

    undo(done)

    assert (wallet_balance(guardian), balance(account)) == (0, 17)
    assert figures(account.lots.get()) == (15, 2, 1800_00)


def test_what_was_spent_does_not_come_back(account, guardian):
    done = carry(account, guardian)
    facts = {"guardian": guardian, "branch": account.branch, "reference": "payment:1", "reason": "订单"}
    move_wallet(kind="spent", amount_minor=-1, by=UserFactory(), now=NOW, **facts)

    with pytest.raises(WalletError):
        undo(done)


def test_lessons_without_a_price_are_not_carried_over(guardian):
    account = EnrolmentFactory()
    sell(account, 3, price_minor=0)

    with pytest.raises(TransferError):
        carry(account, guardian)


# --- corrections -------------------------------------------------------------------------------------------------


def correct(account, difference):
    facts = {"reason": "账册有误", "by": UserFactory(), "now": NOW, "token": "form-1"}
    correct_credits(lot=account.lots.get(), difference=Decimal(str(difference)), **facts)


@pytest.mark.parametrize(("difference", "left"), [(2, (17, 2)), ("-0.5", (15, "1.5")), (-3, (14, 0))])
def test_a_correction_counts_once_and_keeps_the_money(account, difference, left):
    """A shortage comes out of the gift part first."""
    for _click in range(2):
        correct(account, difference)

    assert figures(account.lots.get()) == (*(Decimal(number) for number in left), 1800_00)


def test_the_rest_of_the_price_is_income_when_a_correction_takes_the_last_lesson(account):
    correct(account, -17)

    lot = account.lots.get()
    assert figures(lot) == (0, 0, 0)
    assert lot.recognised_minor == 2400_00


def test_lessons_that_a_correction_adds_to_a_used_up_lot_cost_nothing(account):
    take(account, 17, number=2)
    correct(account, 1)
    take(account, 1, number=3)

    assert account.credit_entries.order_by("sequence").last().revenue_minor == 0


@pytest.mark.parametrize("difference", [0, -18])
def test_a_correction_takes_no_more_than_there_is(account, difference):
    with pytest.raises(CorrectionError):
        correct(account, difference)


# --- what the database refuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("transfer_to_child_or_wallet", {}),
        ("transfer_to_child_or_wallet", {"target": "other", "guardian": "guardian"}),
        ("transfer_to_child_or_wallet", {"guardian": "guardian", "amount_minor": 0}),
        ("transfer_elsewhere", {"target": "account"}),
        ("transfer_undone_when", {"target": "other", "undone_at": NOW}),
    ],
)
def test_the_database_refuses(account, guardian, constraint, fields):
    rows = {"account": account, "other": EnrolmentFactory(), "guardian": guardian}
    facts = {name: rows.get(value, value) for name, value in fields.items()}
    defaults = {"source": account, "amount_minor": 1, "reason": "", "recorded_at": NOW, "recorded_by": UserFactory()}

    with refused_by(constraint):
        Transfer.objects.create(**defaults | facts)
