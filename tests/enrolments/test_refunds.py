"""Refunds: asked for, approved by somebody else, paid; and what the ledger, the order and the wallet say then."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from branches.models import Branch
from enrolments.models import (
    CreditEntry,
    CreditLot,
    Enrolment,
    InvoiceRequest,
    Order,
    Payment,
    Payout,
    Refund,
    RefundLine,
)
from enrolments.refund_rules import Cause, Deduction, Formula
from enrolments.refund_sheet import candidates_of
from enrolments.services import (
    RefundError,
    Share,
    StaleRefundError,
    approve_refund,
    is_stale,
    issue_invoice,
    pay_refund,
    recalculate_refund,
    reject_refund,
    request_invoice,
    settle_credits,
    take_payment,
    wallet_balance,
    why_not_approve,
    withdraw_refund,
)
from tests.enrolments.refund_cases import account, ask, by_wechat, order_44, sell_44, take
from tests.factories import NOW, TODAY, UserFactory, desk_of, manager_of, owner_of_school, sell
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

Status = Refund.Status


@pytest.fixture
def enrolment(branch):
    return account(branch)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小李")


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def paid(desk, manager):
    """paid(refund): approved, and paid by WeChat."""

    def pay(refund, **facts):
        approve_refund(refund=refund, by=manager, now=NOW)
        return pay_refund(refund=refund, **{"shares": by_wechat(refund), "by": desk, "now": NOW} | facts)

    return pay


def balance_of(enrolment):
    return Enrolment.objects.get(pk=enrolment.pk).balance


def set_branch(branch, **facts):
    Branch.objects.filter(pk=branch.pk).update(**facts)


# --- asking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "amount", "formula"),
    [(Cause.PARENT, 3600_00, Formula.CONTRACT), (Cause.SCHOOL, 3709_09, Formula.SCHOOL)],
)
def test_a_request_freezes_the_best_offer_and_moves_nothing(enrolment, desk, cause, amount, formula):
    sell_44(enrolment)
    take(enrolment, 10)

    refund = ask(enrolment, desk, cause=cause)

    assert (refund.status, refund.amount_minor) == (Status.REQUESTED, amount)
    [line] = refund.lines.all()
    assert (line.formula, line.paid_credits, line.gift_credits) == (formula, 30, 4)
    assert balance_of(enrolment) == 34
    assert refund.sheet["lots"][0]["figures"]["parent"]["amount"] == 3300_00


def test_a_double_click_asks_once(enrolment, desk):
    sell_44(enrolment)

    first, second = ask(enrolment, desk), ask(enrolment, desk)

    assert first == second
    assert Refund.objects.count() == 1


def test_one_refund_of_a_course_at_a_time(enrolment, desk):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    with pytest.raises(RefundError):
        ask(enrolment, desk, number=2)
    refund.pk, refund.token = None, "third"
    with refused_by("refund_one_open"):
        refund.save()


def test_nothing_left_is_nothing_to_give_back(enrolment, desk):
    sell_44(enrolment)
    take(enrolment, 44)

    with pytest.raises(RefundError):
        ask(enrolment, desk)


def test_some_lots_of_several(enrolment, desk, paid):
    first, second = sell_44(enrolment), sell(enrolment, 20, price_minor=2400_00)
    take(enrolment, 10)

    refund = paid(ask(enrolment, desk, lot_ids=(second.pk,)))

    assert refund.amount_minor == 2400_00
    assert balance_of(enrolment) == 34
    assert [lot.credits_left for lot in CreditLot.objects.filter(pk__in=[first.pk, second.pk]).order_by("pk")] == [
        34,
        0,
    ]


def test_several_lots_at_once_each_at_its_price(enrolment, desk):
    sell_44(enrolment)
    sell(enrolment, 10, price_minor=900_00)
    take(enrolment, 10)

    refund = ask(enrolment, desk)

    assert [line.amount_minor for line in refund.lines.all()] == [3600_00, 900_00]
    assert refund.amount_minor == 4500_00


@pytest.mark.parametrize(
    ("requested", "answer_by"),
    [
        (NOW, date(2026, 11, 27)),  # a Saturday; Monday to Friday are five
        (NOW + timedelta(days=2), date(2026, 11, 30)),  # Monday: Tuesday to Friday and Monday
        (NOW - timedelta(days=53), date(2026, 10, 12)),  # 29 September: seven days off, and a Saturday that is worked
    ],
)
def test_the_clock_counts_working_days(enrolment, desk, requested, answer_by):
    sell_44(enrolment)

    assert ask(enrolment, desk, now=requested).answer_by_date == answer_by


# --- seven days ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "may"), [(0, True), (7, True), (9, True), (10, False)])
def test_seven_days_end_on_a_working_day(enrolment, days, may):
    """Paid on a Saturday: the seventh day is a Saturday, so Monday is the last."""
    sell_44(enrolment, now=NOW)

    [candidate] = candidates_of(enrolment)

    assert candidate.may_withdraw(TODAY + timedelta(days=days)) == may


def test_seven_days_are_not_for_a_renewal(enrolment):
    sell_44(enrolment)
    take(enrolment, 10)
    sell_44(enrolment, now=NOW)

    assert [candidate.withdraw_until for candidate in candidates_of(enrolment)][1] is None


def test_lots_older_than_seven_days_fall_under_the_familys_own_cause(enrolment, desk):
    sell_44(enrolment)
    sell_44(enrolment, now=NOW)

    refund = ask(enrolment, desk, cause=Cause.SEVEN_DAYS)

    assert [row["cause"] for row in refund.sheet["lots"]] == ["parent", "seven_days"]


def test_days_of_the_contract_give_everything_back(branch, enrolment, desk):
    set_branch(branch, refund_full_days=14)
    sell_44(enrolment, now=NOW)  # from today on
    take(enrolment, 2)

    assert ask(enrolment, desk).amount_minor == 4800_00


# --- approval ------------------------------------------------------------------------------------------------


def test_somebody_else_approves(enrolment, desk, manager):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    approved = approve_refund(refund=refund, by=manager, now=NOW)

    assert (approved.status, approved.approved_by) == (Status.APPROVED, manager)
    assert approve_refund(refund=refund, by=manager, now=NOW).approved_at == approved.approved_at


def test_nobody_approves_the_own_request(enrolment, manager):
    sell_44(enrolment)
    refund = ask(enrolment, manager)

    with pytest.raises(RefundError):
        approve_refund(refund=refund, by=manager, now=NOW)
    with refused_by("refund_second_person"):
        Refund.objects.filter(pk=refund.pk).update(status="approved", approved_at=NOW, approved_by=manager)


def test_who_may_approve_how_much(branch, enrolment, desk, manager):
    sell_44(enrolment)
    refund = ask(enrolment, manager)
    other_manager, owner = manager_of(branch), owner_of_school()

    assert why_not_approve(refund, desk)
    assert not why_not_approve(refund, other_manager)
    refund.enrolment.branch.refund_manager_limit_minor = 1000_00
    assert why_not_approve(refund, other_manager)
    assert not why_not_approve(refund, owner)


@pytest.mark.parametrize(
    ("limit", "wish", "needs"),
    [
        (0, {}, True),
        (4800_00, {}, False),
        (4799_99, {}, True),
        (9999_00, {"generous": "seven_days"}, True),
        (9999_00, {"deductions": (Deduction("教材", 80_00, "领用单 7"),)}, True),
    ],
)
def test_small_refunds_need_nobody_else_where_the_branch_says_so(branch, enrolment, desk, limit, wish, needs):
    set_branch(branch, refund_limit_minor=limit)
    sell_44(enrolment)

    refund = ask(enrolment, desk, **wish)

    assert refund.needs_second_person == needs
    assert refund.status == (Status.REQUESTED if needs else Status.APPROVED)


@pytest.mark.parametrize("end", [reject_refund, withdraw_refund])
def test_until_it_is_paid_it_can_be_called_off(enrolment, desk, manager, end):
    sell_44(enrolment)
    refund = approve_refund(refund=ask(enrolment, desk), by=manager, now=NOW)

    ended = end(refund=refund, reason="家长继续学", by=manager, now=NOW)

    assert ended.status in {Status.REJECTED, Status.WITHDRAWN}
    assert balance_of(enrolment) == 44
    assert ask(enrolment, desk, number=2).status == Status.REQUESTED
    with pytest.raises(RefundError):
        pay_refund(refund=ended, shares=by_wechat(ended), by=desk, now=NOW)


def test_nothing_is_paid_before_it_is_approved(enrolment, desk):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    with pytest.raises(RefundError):
        pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=NOW)
    with refused_by("refund_approved_when"):
        Refund.objects.filter(pk=refund.pk).update(status="paid", ended_at=NOW, ended_by=desk)


@pytest.mark.parametrize(
    ("constraint", "facts"),
    [
        ("refund_reason", {"reason": ""}),
        ("refund_ended_when", {"ended_at": NOW}),
        ("refund_ended_when", {"status": "withdrawn"}),
        ("refund_interest_when_paid", {"interest_minor": 1}),
    ],
)
def test_the_database_refuses_a_refund_that_contradicts_itself(enrolment, desk, constraint, facts):
    sell_44(enrolment)
    ask(enrolment, desk)

    with refused_by(constraint):
        Refund.objects.update(**facts)


def test_the_database_refuses_a_lot_refunded_twice_in_one_refund(enrolment, desk):
    sell_44(enrolment)
    line = ask(enrolment, desk).lines.get()
    line.pk = None

    with refused_by("refundline_once"):
        line.save()


@pytest.mark.parametrize("facts", [{"amount_minor": 0}, {"method": "book"}])
def test_the_database_refuses_a_payout_of_nothing_or_by_the_books(enrolment, desk, facts):
    sell_44(enrolment)
    refund = ask(enrolment, desk)
    paid = {"method": "cash", "amount_minor": 100, "paid_at": NOW, "paid_by": desk, "booked_date": TODAY}

    with refused_by("payout_positive"):
        refund.payouts.create(**paid | facts)


# --- what moved since ------------------------------------------------------------------------------------------


def test_a_sheet_is_stale_once_a_lesson_is_taken(enrolment, desk, manager):
    sell_44(enrolment)
    refund = ask(enrolment, desk)
    take(enrolment, 1)

    with pytest.raises(StaleRefundError):
        approve_refund(refund=refund, by=manager, now=NOW)
    recalculated = recalculate_refund(refund=refund, now=NOW)

    assert recalculated.amount_minor == 4680_00
    assert [line.paid_credits for line in recalculated.lines.all()] == [39]
    assert approve_refund(refund=recalculated, by=manager, now=NOW).status == Status.APPROVED


def test_what_was_approved_is_approved_anew_after_a_recalculation(enrolment, desk, manager):
    sell_44(enrolment)
    refund = approve_refund(refund=ask(enrolment, desk), by=manager, now=NOW)
    take(enrolment, 1)

    with pytest.raises(StaleRefundError):
        pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=NOW)
    assert recalculate_refund(refund=refund, now=NOW).status == Status.REQUESTED


def test_a_lesson_that_is_taken_and_given_back_leaves_the_sheet_right(enrolment, desk):
    sell_44(enrolment)
    take(enrolment, 10)
    refund = ask(enrolment, desk)

    take(enrolment, 9)
    assert is_stale(refund)
    take(enrolment, 10)

    assert not is_stale(refund)


def test_a_lesson_of_another_lot_does_not_matter(enrolment, desk):
    sell_44(enrolment)
    later = sell(enrolment, 20, price_minor=2400_00)
    refund = ask(enrolment, desk, lot_ids=(later.pk,))

    take(enrolment, 5)

    assert not is_stale(refund)


def test_a_recalculation_keeps_what_was_asked_for(enrolment, desk):
    sell_44(enrolment)
    materials = (Deduction("教材", 80_00, "领用单 7"),)
    refund = ask(enrolment, desk, generous="school", deductions=materials)
    take(enrolment, 10)

    refund = recalculate_refund(refund=refund, now=NOW + timedelta(days=3))

    assert refund.amount_minor == 3709_09 - 80_00
    assert [each.document for each in refund.deductions.all()] == ["领用单 7"]
    assert refund.answer_by_date == date(2026, 11, 27)


# --- paying ----------------------------------------------------------------------------------------------------


def test_paying_takes_the_credits_and_accounts_for_every_fen(enrolment, desk, paid):
    lot = sell_44(enrolment)
    take(enrolment, 10)

    refund = paid(ask(enrolment, desk))

    lot.refresh_from_db()
    assert refund.status == Status.PAID
    assert (lot.paid_left, lot.gift_left, lot.value_left_minor) == (0, 0, 0)
    assert (lot.released_minor, lot.recognised_minor) == (3600_00, 1200_00)
    entries = CreditEntry.objects.filter(enrolment=enrolment, kind="refund")
    assert {(entry.is_gift, entry.credits) for entry in entries} == {(False, Decimal(-30)), (True, Decimal(-4))}
    assert {entry.reference for entry in entries} == {f"refund:{refund.pk}"}
    assert balance_of(enrolment) == 0
    [payout] = Payout.objects.all()
    assert (payout.method, payout.amount_minor, payout.booked_date) == ("wechat", 3600_00, TODAY)


def test_more_than_the_books_hold_is_a_loss(branch, desk, paid):
    """Gift lessons first: the contract gives back more than was still to be earned."""
    set_branch(branch, consumption_order=Branch.ConsumptionOrder.GIFT_FIRST)
    enrolment = account(Branch.objects.get(pk=branch.pk))
    lot = sell_44(enrolment)
    take(enrolment, 10)

    paid(ask(enrolment, desk))

    lot.refresh_from_db()
    assert (lot.released_minor, lot.recognised_minor, lot.value_left_minor) == (4080_00, 720_00, 0)


def test_paying_twice_pays_once(enrolment, desk, manager, paid):
    sell_44(enrolment)
    refund = paid(ask(enrolment, desk))

    pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=NOW)

    assert Payout.objects.count() == 1


@pytest.mark.parametrize("amounts", [[], [4799_99], [4800_00, 1]])
def test_the_parts_paid_add_up_to_the_amount(enrolment, desk, paid, amounts):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    with pytest.raises(RefundError):
        paid(refund, shares=[Share(Payment.Method.CASH, amount) for amount in amounts])

    assert balance_of(enrolment) == 44


def test_a_refund_is_paid_in_parts_and_into_the_wallet(enrolment, desk, paid):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    paid(refund, shares=[Share(Payment.Method.CASH, 800_00), Share(Payment.Method.WALLET, 4000_00)])

    assert [payout.method for payout in refund.payouts.all()] == ["cash", "wallet"]
    assert wallet_balance(enrolment.student.main_guardian) == 4000_00


def test_a_wallet_needs_a_guardian(branch, desk, paid):
    enrolment = account(branch)
    enrolment.student.guardianships.all().delete()
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    with pytest.raises(RefundError):
        paid(refund, shares=[Share(Payment.Method.WALLET, 4800_00)])

    assert balance_of(enrolment) == 44


def test_nothing_to_pay_closes_the_account_all_the_same(enrolment, desk, paid):
    lot = sell_44(enrolment)
    take(enrolment, 40)

    refund = paid(ask(enrolment, desk), shares=[])

    lot.refresh_from_db()
    assert (refund.amount_minor, refund.status) == (0, Status.PAID)
    assert (lot.recognised_minor, lot.released_minor, lot.credits_left) == (4800_00, 0, 0)


def test_deductions_are_the_schools_income(enrolment, desk, paid):
    lot = sell_44(enrolment)
    take(enrolment, 10)

    refund = paid(ask(enrolment, desk, deductions=(Deduction("教材", 100_00, "领用单 7"),)))

    lot.refresh_from_db()
    assert refund.amount_minor == 3500_00
    assert (lot.released_minor, lot.recognised_minor, lot.value_left_minor) == (3500_00, 1300_00, 0)


@pytest.mark.parametrize("name", ["退费手续费", "顾问提成", "违约金"])
def test_fees_are_refused(enrolment, desk, name):
    sell_44(enrolment)

    with pytest.raises(RefundError):
        ask(enrolment, desk, deductions=(Deduction(name, 100_00, "合同"),))


@pytest.mark.parametrize("facts", [{"document": ""}, {"name": ""}, {"amount_minor": 0}])
def test_a_deduction_without_a_document_is_refused_by_the_database(enrolment, desk, facts):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    with refused_by("refunddeduction_proved"):
        refund.deductions.create(**{"name": "教材", "amount_minor": 1, "document": "领用单"} | facts)


def test_interest_is_paid_only_where_somebody_says_so(enrolment, desk, manager):
    sell_44(enrolment)
    refund = approve_refund(refund=ask(enrolment, desk, cause=Cause.SCHOOL), by=manager, now=NOW)
    later = NOW + timedelta(days=10)

    with pytest.raises(RefundError):
        pay_refund(refund=refund, shares=by_wechat(refund), by=desk, now=later, with_interest=True)
    shares = [Share(Payment.Method.CASH, 4800_00 + 3_95)]  # 3.00 % of 4,800 yuan for ten days
    refund = pay_refund(refund=refund, shares=shares, by=desk, now=later, with_interest=True)

    assert (refund.amount_minor, refund.interest_minor) == (4800_00, 3_95)


# --- money that was never paid -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid_minor", "forgiven", "amount", "still_owing"),
    [
        (4800_00, 0, 3600_00, 0),
        (3000_00, 1800_00, 1800_00, 0),
        (1200_00, 3600_00, 0, 0),
        (500_00, 3600_00, 0, 700_00),  # ten lessons for 1,200 yuan were taken, 500 were paid
        (0, 3600_00, 0, 1200_00),
    ],
)
def test_what_was_never_paid_is_not_paid_back(enrolment, desk, paid, paid_minor, forgiven, amount, still_owing):
    lot = order_44(enrolment, paid_minor=paid_minor)
    take(enrolment, 10)

    refund = paid(ask(enrolment, desk), shares=[Share(Payment.Method.CASH, amount)] if amount else [])

    [line] = refund.lines.all()
    assert (line.value_minor, line.forgiven_minor, line.amount_minor) == (3600_00, forgiven, amount)
    order = Order.objects.get()
    assert (order.forgiven_minor, order.owing_minor) == (forgiven, still_owing)
    lot.refresh_from_db()
    assert (lot.released_minor, lot.value_left_minor) == (3600_00, 0)


def test_a_payment_after_the_request_makes_the_sheet_stale(enrolment, desk):
    lot = order_44(enrolment, paid_minor=3000_00)
    refund = ask(enrolment, desk)
    take_payment(order=lot.item.order, method=Payment.Method.CASH, amount_minor=1800_00, by=desk, now=NOW, token="rest")

    assert is_stale(refund)
    assert recalculate_refund(refund=refund, now=NOW).amount_minor == 4800_00


def test_an_order_is_not_asked_for_what_was_forgiven(enrolment, desk, paid):
    lot = order_44(enrolment, paid_minor=3000_00)
    paid(ask(enrolment, desk), shares=[Share(Payment.Method.CASH, 3000_00)])

    order = Order.objects.get(pk=lot.item.order_id)

    assert not Order.objects.owing().exists()
    with refused_by("order_paid_once"):
        Order.objects.filter(pk=order.pk).update(paid_minor=4800_00)


def test_an_invoice_is_to_be_reversed_once_the_money_went_back(enrolment, desk, paid):
    order = order_44(enrolment, paid_minor=4800_00).item.order
    facts = {"title_kind": "person", "title": "田先生", "by": desk, "now": NOW}
    issued = request_invoice(order=order, amount_minor=4000_00, token="first", **facts)
    issue_invoice(invoice=issued, invoice_number="25312000", by=desk, now=NOW)
    asked = request_invoice(order=order, amount_minor=800_00, token="second", **facts)

    paid(ask(enrolment, desk))

    states = InvoiceRequest.objects.in_bulk([issued.pk, asked.pk])
    assert (states[issued.pk].state, states[asked.pk].state) == ("reversal_needed", "withdrawn")
    assert states[issued.pk].reversal_reason == "搬家"


# --- afterwards ----------------------------------------------------------------------------------------------------


def test_a_lesson_undone_after_the_refund_can_be_refunded_too(enrolment, desk, paid):
    lot = sell_44(enrolment)
    take(enrolment, 10)
    paid(ask(enrolment, desk))
    settle_credits(
        enrolment=enrolment, reference="attendance:1", target=Decimal(9), occurred_at=NOW, by=desk, reason="点错"
    )

    paid(ask(enrolment, desk, number=2), shares=[Share(Payment.Method.CASH, 120_00)])

    lot.refresh_from_db()
    assert (lot.credits_left, lot.value_left_minor) == (0, 0)
    assert lot.released_minor == 3720_00


def test_lines_add_up_in_the_database(enrolment, desk):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    with refused_by("refundline_amount"):
        RefundLine.objects.filter(refund=refund).update(amount_minor=1)


def test_who_sees_refunds(branch, other_branch, enrolment, desk):
    sell_44(enrolment)
    refund = ask(enrolment, desk)

    assert list(Refund.objects.visible_to(desk)) == [refund]
    assert not Refund.objects.visible_to(manager_of(other_branch)).exists()
    assert not Refund.objects.visible_to(UserFactory()).exists()
