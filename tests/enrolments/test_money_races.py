"""The same money and the same lesson wanted by many at one moment, again and again: it is given once.

One account and one order serve all rounds: each round ends with everything put back.
"""

from decimal import Decimal
from functools import partial

import pytest

from enrolments.ledger import NoCreditsLeftError
from enrolments.models import CreditEntry, CreditLot, Enrolment, Order
from enrolments.refund_rules import Cause
from enrolments.refund_sheet import Wish
from enrolments.services import (
    PaymentError,
    RefundError,
    Share,
    TransferError,
    approve_refund,
    carry_over,
    pay_refund,
    request_refund,
    settle_credits,
    take_back_payment,
)
from enrolments.services.payments import gone_minor
from tests.enrolments.order_cases import confirmed, line, pay
from tests.factories import (
    NOW,
    BranchFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    UserFactory,
    owner_of_school,
    sell,
)
from tests.races import check_refusals, crowd
from tests.sizes import RACE_ROUNDS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_race_at_a_time")]

PEOPLE = 16
RACES_OUT = RACE_ROUNDS // 2  # of taking back against paying out: each needs an order of its own


@pytest.fixture
def branch(transactional_db):
    return BranchFactory(name="奥体校区", may_owe=False)


@pytest.fixture
def clerk(branch):
    return owner_of_school()


def test_the_last_credit_is_spent_once(branch, clerk):
    """Sixteen lessons want the last credit; afterwards the one that got it is undone."""
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 1)
    facts = {"enrolment": enrolment, "occurred_at": NOW, "by": clerk, "reason": "点名"}
    with crowd(PEOPLE) as meet:
        for number in range(RACE_ROUNDS):
            lessons = [f"attendance:{number * PEOPLE + person}" for person in range(PEOPLE)]

            results = meet([partial(settle_credits, target=1, reference=lesson, **facts) for lesson in lessons])

            assert check_refusals(results, NoCreditsLeftError) == 1
            assert Enrolment.objects.get(pk=enrolment.pk).balance == 0
            [entry] = CreditEntry.objects.filter(reference__in=lessons)
            assert (entry.credits, entry.balance_after) == (Decimal(-1), 0)
            settle_credits(target=0, reference=entry.reference, **facts)


def test_sixteen_desks_taking_payment_for_one_order_take_it_once(branch, clerk):
    """Half of them take the whole, half of them a third: in all never more than the price. Then all is taken back."""
    order = confirmed(branch, by=clerk)
    with crowd(PEOPLE) as meet:
        for number in range(RACE_ROUNDS):
            desks = [
                partial(pay, order, 2400_00 if desk % 2 else 800_00, token=f"{number}:{desk}", by=clerk)
                for desk in range(PEOPLE)
            ]

            won = check_refusals(meet(desks), PaymentError)

            standing = order.payments.filter(reverses=None, reversed_by=None)
            taken = sum(standing.values_list("amount_minor", flat=True))
            assert taken == Order.objects.get(pk=order.pk).paid_minor == 2400_00
            assert won == standing.count() in {1, 3}
            for payment in standing:
                take_back_payment(payment=payment, reason="录错", by=clerk, now=NOW)


@pytest.mark.parametrize("way_out", ["refund", "wallet"])
def test_a_payment_is_taken_back_or_its_money_goes_out_never_both(branch, clerk, way_out):
    with crowd(4) as meet:
        for number in range(RACES_OUT):
            payment, let_go = _money_about_to_go(branch, clerk, number, way_out)
            back = partial(take_back_payment, payment=payment, reason="录错", by=clerk, now=NOW)

            results = meet([back, let_go] * 2)

            order = Order.objects.get(pk=payment.order_id)
            check_refusals(results, PaymentError, RefundError, TransferError)
            assert (order.paid_minor, gone_minor(order)) in {(0, 0), (2400_00, 2400_00)}
            assert sum(isinstance(result, Exception) for result in results) == 2


def _money_about_to_go(branch, clerk, number, way_out):
    """A paid order, and what pays its money out: an approved refund, or carrying it over to the wallet."""
    enrolment = EnrolmentFactory(branch=branch)
    guardian = GuardianshipFactory(student=enrolment.student).guardian
    order = confirmed(branch, [line(enrolment)], token=f"order-{number}", guardian=guardian, by=clerk)
    payment = pay(order, 2400_00, token=f"payment-{number}", by=clerk)
    lot = CreditLot.objects.select_related("enrolment__branch").get(item__order=order)
    facts = {"reason": "搬家", "now": NOW, "token": f"out-{number}"}
    if way_out == "wallet":
        return payment, partial(carry_over, source=enrolment, lots=[lot], guardian=guardian, by=clerk, **facts)
    wish = Wish(cause=Cause.SCHOOL)
    refund = request_refund(enrolment=lot.enrolment, wish=wish, method="cash", by=UserFactory(), **facts)
    approve_refund(refund=refund, by=clerk, now=NOW)
    return payment, partial(pay_refund, refund=refund, shares=[Share("cash", 2400_00)], by=clerk, now=NOW)
