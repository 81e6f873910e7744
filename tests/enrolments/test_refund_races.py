"""Several people at one refund at the same moment: what happens, happens once."""

from collections import Counter

import pytest

from enrolments.models import CreditEntry, Enrolment, Payout, Refund
from enrolments.refund_rules import Cause
from enrolments.refund_sheet import Wish
from enrolments.services import RefundError, approve_refund, pay_refund, request_refund, settle_credits, withdraw_refund
from tests.enrolments.refund_cases import account, ask, by_wechat, sell_44
from tests.factories import NOW, BranchFactory, desk_of, manager_of
from tests.races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_race_at_a_time")]

PEOPLE = 8


@pytest.fixture
def branch(transactional_db):
    return BranchFactory(name="奥体校区")


@pytest.fixture
def enrolment(branch):
    enrolment = account(branch)
    sell_44(enrolment)
    return enrolment


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def approved(branch, enrolment, desk):
    return approve_refund(refund=ask(enrolment, desk), by=manager_of(branch), now=NOW)


def test_many_pay_and_one_payment_is_made(enrolment, approved, desk):
    def pay():
        refund = Refund.objects.get(pk=approved.pk)
        return pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=NOW)

    results = at_once([pay] * PEOPLE)

    assert {type(result) for result in results} == {Refund}
    assert Payout.objects.get().amount_minor == 4800_00
    assert CreditEntry.objects.filter(kind="refund").count() == 2  # paid and gift
    assert Enrolment.objects.get(pk=enrolment.pk).balance == 0


def test_of_paying_and_calling_off_one_wins(enrolment, approved, desk):
    def pay():
        refund = Refund.objects.get(pk=approved.pk)
        return pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=NOW)

    def call_off():
        return withdraw_refund(refund=Refund.objects.get(pk=approved.pk), reason="家长继续学", by=desk, now=NOW)

    results = at_once([pay, call_off] * 4)

    status = Refund.objects.get(pk=approved.pk).status
    refused = sum(isinstance(result, RefundError) for result in results)
    assert (status, refused, Payout.objects.count()) in {("paid", 4, 1), ("withdrawn", 4, 0)}


def test_many_ask_and_one_refund_is_opened(enrolment, desk):
    def ask_with(number):
        wish, facts = Wish(cause=Cause.PARENT), {"reason": "搬家", "method": "cash", "by": desk, "now": NOW}
        return lambda: request_refund(enrolment=enrolment, wish=wish, token=f"desk-{number}", **facts)

    results = at_once([ask_with(number) for number in range(PEOPLE)])

    assert Counter(type(result) for result in results) == {Refund: 1, RefundError: PEOPLE - 1}


def test_a_lesson_at_the_same_moment_is_paid_or_taught_never_both(enrolment, approved, desk):
    def pay():
        refund = Refund.objects.get(pk=approved.pk)
        return pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=NOW)

    def teach():
        facts = {"reference": "attendance:1", "occurred_at": NOW, "by": desk, "reason": "围棋甲班"}
        return settle_credits(enrolment=enrolment, target=1, **facts)

    paid, _taught = at_once([pay, teach])

    lot = enrolment.lots.get()
    if isinstance(paid, Refund):  # then the lesson is owed
        assert (lot.credits_left, lot.value_left_minor, Enrolment.objects.get(pk=enrolment.pk).balance) == (0, 0, -1)
    else:
        assert isinstance(paid, RefundError)
        assert (lot.credits_left, Payout.objects.count()) == (43, 0)
