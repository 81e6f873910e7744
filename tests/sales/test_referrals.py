"""老带新: what is due for whom, given once, and taken back when the money went back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.cards import cards_for
from enrolments.models import CreditEntry, Refund
from enrolments.refund_sheet import candidates_of
from enrolments.services import CorrectionError, confirm_order, give_credits, settle_credits, void_order
from sales.models import ReferralReward, SalesPolicy
from sales.services.referrals import (
    RewardError,
    decline_reward,
    due_rewards,
    give_reward,
    take_back_reward,
)
from students.models import Enquiry
from tests.enrolments.order_cases import draft, line, pay
from tests.enrolments.refund_cases import ask
from tests.factories import (
    NOW,
    BranchFactory,
    EnquiryFactory,
    EnrolmentFactory,
    desk_of,
    manager_of,
    sell,
)
from tests.refusals import refused_by

LATER = NOW + timedelta(days=3)
State = ReferralReward.State


@pytest.fixture
def manager(branch, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: LATER)
    return manager_of(branch)


@pytest.fixture
def account(branch):
    """The account of the child whose family brings others; the branch gives three lessons for it."""
    SalesPolicy.objects.filter(branch=branch).update(referral_credits=3)
    enrolment = EnrolmentFactory(branch=branch, student__name="田萍")
    sell(enrolment, 20)
    return enrolment


@pytest.fixture
def brought(branch, account):
    """An enquiry that this family brought, signed by an order of 2,400 yuan that is not paid yet."""

    def enquiry(number=1, **facts):
        child = EnrolmentFactory(branch=branch)
        row = EnquiryFactory(branch=branch, student=child.student, referred_by=account.student, **facts)
        order = draft(branch, [line(child)], token=f"order-{number}")
        confirm_order(order=order, by=desk_of(branch), now=NOW)
        row.refresh_from_db()
        row.order, row.account = order, child
        return row

    return enquiry


@pytest.fixture
def due(brought):
    enquiry = brought()
    pay(enquiry.order, 2400_00)
    return enquiry


def test_due_once_the_order_is_paid_in_full(brought):
    enquiry = brought()
    assert list(due_rewards()) == []

    pay(enquiry.order, 2000_00, token="a")
    assert list(due_rewards()) == []
    pay(enquiry.order, 400_00, token="b")

    assert list(due_rewards()) == [enquiry]


@pytest.mark.parametrize(
    "facts", [{"referred_by": None}, {"signed_at": LATER}, {"stage": "came"}, {"student": None}, {"merged_into": "x"}]
)
def test_nothing_is_due_without_a_family_a_sale_or_a_child(due, branch, facts):
    if "merged_into" in facts:
        facts = {"merged_into": EnquiryFactory(branch=branch)}
    Enquiry.objects.filter(pk=due.pk).update(**facts)

    assert list(due_rewards()) == []


def test_nothing_is_due_where_the_branch_gives_nothing_and_for_a_void_order(brought, branch, manager):
    enquiry = brought()
    void_order(order=enquiry.order, reason="录错", by=manager, now=NOW)
    assert list(due_rewards()) == []

    other = brought(2)
    pay(other.order, 2400_00)
    SalesPolicy.objects.filter(branch=branch).update(referral_credits=0)
    assert list(due_rewards()) == []


def test_given_once_as_gift_credits_of_no_price(due, account, manager):
    rewards = {give_reward(enquiry=due, enrolment=account, by=manager, now=LATER).pk for _click in range(2)}

    account.refresh_from_db()
    lot = ReferralReward.objects.get().lot
    entry = CreditEntry.objects.get(lot=lot)
    assert (len(rewards), account.balance, lot.paid_minor, lot.gift_left) == (1, 23, 0, 3)
    assert (entry.kind, entry.is_gift, entry.credits) == ("gift", True, 3)
    assert list(due_rewards()) == []
    assert len(candidates_of(account)) == 2  # a refund of the account can be drawn all the same


@pytest.mark.parametrize("how", ["student", "merged_into"])
def test_one_child_is_rewarded_once_however_often_it_asked(due, account, manager, branch, how):
    reward = give_reward(enquiry=due, enrolment=account, by=manager, now=LATER)
    again = EnquiryFactory(
        branch=branch, stage="signed", student=due.student, referred_by=account.student, created_at=NOW
    )
    if how == "merged_into":
        Enquiry.objects.filter(pk=due.pk).update(merged_into=again, student=None)

    assert list(due_rewards()) == []
    with pytest.raises(RewardError):
        give_reward(enquiry=again, enrolment=account, by=manager, now=LATER)
    assert ReferralReward.objects.get() == reward


def test_an_account_of_another_child_and_what_is_not_due_are_refused(brought, due, manager):
    unpaid = brought(2)

    with pytest.raises(RewardError):
        give_reward(enquiry=due, enrolment=due.account, by=manager, now=LATER)
    with pytest.raises(RewardError):
        give_reward(enquiry=unpaid, enrolment=unpaid.account, by=manager, now=LATER)
    assert not ReferralReward.objects.exists()


def test_what_was_declined_is_asked_no_more(due, account, manager):
    for _click in range(2):
        decline_reward(enquiry=due, reason="自家人", by=manager, now=LATER)

    assert list(due_rewards()) == []
    with pytest.raises(RewardError):
        give_reward(enquiry=due, enrolment=account, by=manager, now=LATER)


def test_no_gift_without_credits(account, manager):
    with pytest.raises(CorrectionError):
        give_credits(enrolment=account, credits=Decimal(0), reason="x", by=manager, now=NOW, token="t")


# --- money goes back --------------------------------------------------------------------------------------


@pytest.fixture
def given(due, account, manager):
    return give_reward(enquiry=due, enrolment=account, by=manager, now=LATER)


def pay_back(enquiry, manager, at):
    """The refund as it stands once it is paid; its money is the business of other tests."""
    refund = ask(enquiry.account, desk_of(enquiry.branch))
    Refund.objects.filter(pk=refund.pk).update(
        status="paid", approved_at=at, approved_by=manager, ended_at=at, ended_by=manager
    )


def test_what_is_left_of_the_gift_goes_when_the_money_went_back(due, given, account, manager):
    settle_credits(enrolment=account, reference="a:1", target=Decimal(21), occurred_at=LATER, by=manager, reason="课")
    pay_back(due, manager, LATER + timedelta(days=30))

    for _click in range(2):
        take_back_reward(reward=given, by=manager, now=LATER)

    account.refresh_from_db()
    given.refresh_from_db()
    assert (given.state, given.taken_back_by, account.balance) == (State.TAKEN_BACK, manager, 0)


@pytest.mark.parametrize("days", [None, 31])
def test_a_reward_stays_without_a_refund_and_after_thirty_days(due, given, manager, days):
    if days:
        pay_back(due, manager, LATER + timedelta(days=days))

    with pytest.raises(RewardError):
        take_back_reward(reward=given, by=manager, now=LATER)


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"credits": 0}, "referralreward_given_in_credits"),
        ({"lot": None}, "referralreward_given_in_credits"),
        ({"state": "declined"}, "referralreward_given_in_credits"),
        ({"state": "taken_back"}, "referralreward_taken_back_by"),
        ({"taken_back_at": NOW}, "referralreward_taken_back_by"),
    ],
)
def test_the_database_refuses(given, facts, constraint):
    with refused_by(constraint):
        ReferralReward.objects.filter(pk=given.pk).update(**facts)


# --- pages ------------------------------------------------------------------------------------------------


def names_of_cards(user):
    return {card.name for card in cards_for(user, now=LATER, today=LATER.date())}


def test_the_manager_gives_it_with_one_click_from_the_card(client, due, account, manager, branch):
    client.force_login(manager)
    assert "rewards" in names_of_cards(manager)
    page = client.get(reverse("referral_list"))
    [row] = page.context["rows"]
    assert (row, row.accounts, row.refunded_at) == (due, [account], None)

    client.post(reverse("referral_reward", args=[due.pk]), {"enrolment": row.accounts[0].pk})

    assert ReferralReward.objects.get().lot.enrolment == account
    assert "rewards" not in names_of_cards(manager)
    [decided] = client.get(reverse("referral_list"), {"show": "decided"}).context["rows"]
    assert (decided.state, decided.may_take_back) == (State.GIVEN, False)
    [bringer] = client.get(reverse("referral_list"), {"show": "people"}).context["rows"]
    assert (bringer["name"], bringer["brought"], bringer["signed"], bringer["credits"]) == ("田萍", 1, 1, 3)


def test_a_reward_is_declined_with_a_reason_only(client, due, manager):
    client.force_login(manager)
    url = reverse("referral_reward", args=[due.pk])

    client.post(url, {"decline": "1"})
    assert not ReferralReward.objects.exists()
    client.post(url, {"decline": "1", "reason": "自家人"})

    assert ReferralReward.objects.get().state == State.DECLINED


def test_a_refund_is_shown_before_and_after(client, due, account, manager):
    client.force_login(manager)
    pay_back(due, manager, LATER)
    [row] = client.get(reverse("referral_list")).context["rows"]
    assert row.refunded_at == LATER
    reward = give_reward(enquiry=due, enrolment=account, by=manager, now=LATER)
    assert client.get(reverse("referral_list"), {"show": "decided"}).context["rows"][0].may_take_back

    client.post(reverse("referral_take_back", args=[reward.pk]))

    reward.refresh_from_db()
    assert reward.state == State.TAKEN_BACK


def test_another_branch_and_the_desk_have_no_part_in_it(client, due, account, branch):
    url = reverse("referral_reward", args=[due.pk])
    client.force_login(manager_of(BranchFactory()))
    assert client.get(reverse("referral_list")).context["rows"] == []
    assert client.post(url, {"enrolment": account.pk}).status_code == 404

    client.force_login(desk_of(branch))
    assert client.get(reverse("referral_list")).status_code == 403
    assert client.post(url, {"enrolment": account.pk}).status_code == 403
    assert not ReferralReward.objects.exists()


@pytest.mark.parametrize("show", ["due", "decided", "people"])
def test_a_list_costs_the_same_for_one_row_and_for_three(client, brought, account, manager, show):
    def row(number):
        enquiry = brought(number)
        pay(enquiry.order, 2400_00, token=f"pay-{number}")
        if show == "decided":
            give_reward(enquiry=enquiry, enrolment=account, by=manager, now=LATER)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("referral_list"), {"show": show}).status_code == 200
        return len(captured)

    client.force_login(manager)
    row(1)
    queries()
    of_one = queries()
    for number in [2, 3]:
        row(number)

    assert queries() == of_one
