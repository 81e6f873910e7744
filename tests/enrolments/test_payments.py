"""Money that comes in for an order, and a wrong one taken back; also with many desks at once."""

from datetime import date, timedelta
from functools import partial

import pytest

from enrolments.models import Books, CreditLot, Enrolment, Order, Payment, WalletEntry
from enrolments.refund_rules import Cause
from enrolments.refund_sheet import Wish
from enrolments.services import (
    OrderError,
    PaymentError,
    Share,
    Tender,
    WalletError,
    approve_refund,
    cancel_order,
    carry_over,
    confirm_order,
    family_of,
    move_wallet,
    pay_refund,
    request_refund,
    settle_credits,
    settle_order,
    take_back_payment,
    transfer_credits,
    undo_transfer,
    void_order,
    wallet_balance,
)
from tests.enrolments.order_cases import confirmed, draft, line, pay
from tests.factories import (
    NOW,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    UserFactory,
    owner_of_school,
)
from tests.races import at_once, check_refusals

pytestmark = pytest.mark.django_db

ROUNDS = 5  # raise it for a long run: every round must hold
DESKS = 16


@pytest.fixture
def order(branch):
    return confirmed(branch)


@pytest.fixture
def clerk():
    return UserFactory(name="前台小李")


def paid(order):
    return Order.objects.get(pk=order.pk).paid_minor


# --- taken -------------------------------------------------------------------------------------------------


def test_a_payment_says_what_how_who_and_when(order, clerk):
    payment = pay(order, 1000_00, method=Payment.Method.ALIPAY, reference="2026112122001", by=clerk)

    assert (payment.amount_minor, payment.method, payment.reference) == (1000_00, "alipay", "2026112122001")
    assert (payment.received_by, payment.received_at) == (clerk, NOW)
    assert paid(order) == 1000_00


def test_several_payments_until_nothing_is_owing(order):
    pay(order, 1000_00, token="1")
    pay(order, 1400_00, token="2", method=Payment.Method.WECHAT)

    order.refresh_from_db()
    assert order.owing_minor == 0
    assert not Order.objects.owing().exists()
    with pytest.raises(PaymentError):
        pay(order, 1, token="3")


def test_a_token_pays_once(order):
    assert pay(order, 1000_00) == pay(order, 1000_00)
    assert paid(order) == 1000_00


@pytest.mark.parametrize("amount_minor", [0, -1, 2400_01])
def test_never_more_than_is_owing(order, amount_minor):
    with pytest.raises(PaymentError, match="2,400"):
        pay(order, amount_minor)


def test_no_money_for_a_draft_or_for_what_has_ended(branch):
    order = draft(branch)
    with pytest.raises(PaymentError):
        pay(order, 1)
    cancel_order(order=order)
    with pytest.raises(PaymentError):
        pay(order, 1)


def test_after_a_closed_month_money_counts_in_the_next(order):
    Books.objects.filter(branch=order.branch).update(closed_until=date(2026, 11, 30))

    assert pay(order, 1000_00).booked_date == date(2026, 12, 1)


# --- taken back --------------------------------------------------------------------------------------------


def test_taking_back_is_a_row_of_its_own_and_the_money_is_owing_again(order, clerk):
    payment = pay(order, 1000_00, reference="42")

    back = take_back_payment(payment=payment, reason="收错人", by=clerk, now=NOW + timedelta(days=1))

    assert (back.amount_minor, back.reverses, back.reason, back.reference) == (-1000_00, payment, "收错人", "42")
    assert (back.received_by, back.received_at) == (clerk, NOW + timedelta(days=1))
    assert paid(order) == 0
    assert pay(order, 2400_00, token="again").amount_minor == 2400_00


def test_taking_back_twice_does_it_once(order, clerk):
    payment = pay(order, 1000_00)
    back = partial(take_back_payment, payment=payment, reason="收错人", by=clerk, now=NOW)

    assert back() == back()
    assert paid(order) == 0


def test_what_takes_back_is_not_taken_back_itself(order, clerk):
    back = take_back_payment(payment=pay(order, 1000_00), reason="收错人", by=clerk, now=NOW)

    with pytest.raises(PaymentError):
        take_back_payment(payment=back, reason="又错了", by=clerk, now=NOW)


def test_taking_back_after_a_closed_month_counts_in_the_next(order, clerk):
    payment = pay(order, 1000_00)
    Books.objects.filter(branch=order.branch).update(closed_until=date(2026, 11, 30))

    back = take_back_payment(payment=payment, reason="收错人", by=clerk, now=NOW)

    assert (payment.booked_date, back.booked_date) == (date(2026, 11, 21), date(2026, 12, 1))


# --- what has gone out again stays paid for ------------------------------------------------------------------


@pytest.fixture
def boss():
    return owner_of_school()


@pytest.fixture
def family_order(branch):
    """Twenty lessons for 2,400 yuan and ten for 1,200, of one child whose family has a second one."""
    enrolment = GuardianshipFactory(student=EnrolmentFactory(branch=branch).student).student.enrolments.get()
    GuardianshipFactory(guardian=enrolment.student.main_guardian)
    lines = [line(enrolment), line(enrolment, 10, 1200_00)]
    return confirmed(branch, lines, guardian=enrolment.student.main_guardian)


def lots_of(order):
    return list(CreditLot.objects.filter(item__order=order).select_related("enrolment__student").order_by("pk"))


def asked(lot, by):
    wish = Wish(cause=Cause.SCHOOL, lot_ids=(lot.pk,))
    facts = {"reason": "停办", "method": "cash", "by": by, "now": NOW, "token": f"refund-{lot.pk}"}
    return request_refund(enrolment=lot.enrolment, wish=wish, **facts)


def refunded(lot, by):
    refund = approve_refund(refund=asked(lot, UserFactory()), by=by, now=NOW)
    return pay_refund(refund=refund, shares=[Share("cash", refund.amount_minor)], by=by, now=NOW)


def transferred(lot, by):
    [sibling] = family_of(lot.enrolment.student)
    facts = {"student": sibling, "reason": "给妹妹", "by": by, "now": NOW, "token": f"transfer-{lot.pk}"}
    return transfer_credits(source=lot.enrolment, lots=[lot], **facts)


def carried_over(lot, by):
    facts = {"guardian": lot.item.order.guardian, "reason": "转课", "by": by, "now": NOW, "token": f"carry-{lot.pk}"}
    return carry_over(source=lot.enrolment, lots=[lot], **facts)


@pytest.mark.parametrize("send_out", [refunded, transferred, carried_over])
def test_only_what_is_still_there_is_taken_back(family_order, boss, send_out):
    """2,400 of 3,600 yuan have gone: of three payments the one of 1,300 stays, that of 1,200 may go, and then none."""
    more, exact, rest = (pay(family_order, yuan * 100, token=f"{yuan}") for yuan in (1300, 1200, 1100))
    send_out(lots_of(family_order)[0], boss)
    back = partial(take_back_payment, reason="录错", by=boss, now=NOW)

    with pytest.raises(PaymentError, match=r"2,400\.00.*1,200\.00"):
        back(payment=more)
    assert back(payment=exact).amount_minor == -1200_00
    with pytest.raises(PaymentError, match=r"2,400\.00.*¥0\.00"):
        back(payment=rest)
    assert paid(family_order) == 2400_00


def test_what_was_never_paid_has_not_gone_out(family_order, boss):
    """Of 3,600 yuan 1,800 are paid: a refund of 2,400 pays back 1,200 and forgives as much; 600 may be taken back."""
    first = pay(family_order, 1200_00, token="1")
    second = pay(family_order, 600_00, token="2")
    refund = refunded(lots_of(family_order)[0], boss)
    assert (refund.amount_minor, refund.lines.get().forgiven_minor) == (1200_00, 1200_00)

    with pytest.raises(PaymentError, match=r"600\.00"):
        take_back_payment(payment=first, reason="录错", by=boss, now=NOW)
    take_back_payment(payment=second, reason="录错", by=boss, now=NOW)

    assert paid(family_order) == 1200_00


def test_after_a_transfer_is_undone_its_money_can_be_taken_back(family_order, boss):
    payment = pay(family_order, 3600_00)
    transfer = transferred(lots_of(family_order)[0], boss)
    undo_transfer(transfer=transfer, reason="家长改主意", by=boss, now=NOW)

    take_back_payment(payment=payment, reason="录错", by=boss, now=NOW)

    assert paid(family_order) == 0


def test_lessons_that_were_taken_do_not_keep_a_payment(family_order, boss):
    """What was recorded in error never came: the lessons are owing."""
    payment = pay(family_order, 3600_00)
    facts = {"reference": "attendance:1", "occurred_at": NOW, "by": boss, "reason": "点名"}
    settle_credits(enrolment=lots_of(family_order)[0].enrolment, target=3, **facts)

    take_back_payment(payment=payment, reason="录错", by=boss, now=NOW)

    family_order.refresh_from_db()
    assert family_order.owing_minor == 3600_00


# --- the wallet --------------------------------------------------------------------------------------------


@pytest.fixture
def family(branch, clerk):
    guardian = GuardianFactory()
    facts = {"branch": branch, "reference": "test", "reason": "预存", "by": clerk, "now": NOW}
    move_wallet(guardian=guardian, kind=WalletEntry.Kind.TOP_UP, method="cash", amount_minor=1500_00, **facts)
    return guardian


def test_a_wallet_pays_and_gets_back(branch, family, clerk):
    order = confirmed(branch, guardian=family)

    payment = pay(order, 1000_00, method=Payment.Method.WALLET)
    assert (wallet_balance(family), paid(order)) == (500_00, 1000_00)
    take_back_payment(payment=payment, reason="改付现金", by=clerk, now=NOW)

    assert (wallet_balance(family), paid(order)) == (1500_00, 0)
    entries = family.wallet_entries.order_by("sequence").values_list("kind", "amount_minor", "reference")
    assert list(entries)[1:] == [
        ("spent", -1000_00, f"payment:{payment.pk}"),
        ("correction", 1000_00, f"payment:{payment.reversed_by.pk}"),
    ]


def test_a_wallet_pays_once_per_token(branch, family):
    order = confirmed(branch, guardian=family)

    pay(order, 1000_00, method=Payment.Method.WALLET)
    pay(order, 1000_00, method=Payment.Method.WALLET)

    assert wallet_balance(family) == 500_00


def test_a_wallet_gives_no_more_than_it_holds_and_nothing_is_recorded(branch, family):
    order = confirmed(branch, guardian=family)

    with pytest.raises(WalletError, match="1,500"):
        pay(order, 1500_01, method=Payment.Method.WALLET)
    assert (wallet_balance(family), paid(order)) == (1500_00, 0)


def test_nobodys_wallet_pays_nothing(order):
    with pytest.raises(PaymentError):
        pay(order, 1, method=Payment.Method.WALLET)
    assert paid(order) == 0


# --- many at once ------------------------------------------------------------------------------------------


@pytest.fixture
def _real(transactional_db, one_race_at_a_time):
    """Commits of its own for each desk."""


@pytest.mark.usefixtures("_real")
@pytest.mark.django_db(transaction=True)
def test_sixteen_desks_confirming_one_draft_sell_it_once(branch, clerk):
    for number in range(ROUNDS):
        enrolment = EnrolmentFactory(branch=branch)
        order = draft(branch, [line(enrolment)], token=f"order-{number}", by=clerk)
        facts = {"order": order, "tenders": [Tender("cash", 2400_00)], "by": clerk, "now": NOW}
        desks = [partial(settle_order, token=f"{number}:{desk}", **facts) for desk in range(DESKS)]

        won = check_refusals(at_once(desks), PaymentError)

        assert won == 1
        assert CreditLot.objects.filter(item__order=order).count() == order.payments.count() == 1
        assert Enrolment.objects.get(pk=enrolment.pk).balance == 20


@pytest.mark.usefixtures("_real")
@pytest.mark.django_db(transaction=True)
def test_one_order_confirmed_and_cancelled_at_once_ends_one_way(branch, clerk):
    for number in range(ROUNDS):
        order = draft(branch, token=f"order-{number}", by=clerk)
        confirm = partial(confirm_order, order=order, by=clerk, now=NOW)
        cancel = partial(cancel_order, order=order, reason="不续了")

        check_refusals(at_once([confirm, cancel] * 4), OrderError)

        order.refresh_from_db()
        assert order.status in {Order.Status.CONFIRMED, Order.Status.CANCELLED}
        has_lot = CreditLot.objects.filter(item__order=order).exists()
        assert has_lot == (order.status == Order.Status.CONFIRMED)


@pytest.mark.usefixtures("_real")
@pytest.mark.django_db(transaction=True)
def test_money_and_voiding_at_once_leave_no_money_for_a_void_order(branch, clerk):
    for number in range(ROUNDS):
        order = confirmed(branch, token=f"order-{number}", by=clerk)
        void = partial(void_order, order=order, reason="报错班", by=clerk, now=NOW)
        take = partial(pay, order, 2400_00, token=f"pay-{number}", by=clerk)

        check_refusals(at_once([void, take] * 4), OrderError, PaymentError)

        order.refresh_from_db()
        outcome = (order.status, order.paid_minor)
        assert outcome in {(Order.Status.VOID, 0), (Order.Status.CONFIRMED, 2400_00)}


@pytest.mark.usefixtures("_real")
@pytest.mark.django_db(transaction=True)
def test_sixteen_desks_spending_one_wallet_spend_it_once(branch, clerk):
    guardian = GuardianFactory()
    facts = {"guardian": guardian, "branch": branch, "reference": "test", "reason": "预存", "by": clerk, "now": NOW}
    for number in range(ROUNDS):
        move_wallet(kind=WalletEntry.Kind.TOP_UP, method="cash", amount_minor=100_00, **facts)
        orders = [confirmed(branch, token=f"{number}:{desk}", guardian=guardian, by=clerk) for desk in range(4)]
        desks = [
            partial(pay, order, 100_00, method=Payment.Method.WALLET, token=f"pay-{order.pk}-{desk}", by=clerk)
            for order in orders
            for desk in range(4)
        ]

        won = check_refusals(at_once(desks), WalletError)

        assert (won, wallet_balance(guardian)) == (1, 0)
