"""老带新: what a family gets for bringing another one, once that one has paid.

What is due is counted and not kept (see ReferralReward), so nothing else has to know of it.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from enrolments.models import Order, Refund
from enrolments.services import give_credits, take_back_gift
from sales.models import ReferralReward
from students.models import Enquiry

State = ReferralReward.State
TAKE_BACK_DAYS = 30


class RewardError(Exception):
    """The reward cannot be decided so; carries the sentence the user reads."""


def due_rewards():
    """Signed enquiries that a family brought, whose child has an order paid in full since, of branches that reward.

    Nobody has decided about them yet, nor about another enquiry of this child. Oldest first.
    """
    brought = Enquiry.objects.live().filter(referred_by__isnull=False, stage=Enquiry.Stage.SIGNED)
    rewarding = brought.filter(branch__sales_policy__referral_credits__gt=0)
    decided = ReferralReward.objects.filter(
        Q(enquiry=OuterRef("pk")) | Q(enquiry__student=OuterRef("student")) | Q(enquiry__merged_into=OuterRef("pk"))
    )
    return rewarding.filter(Exists(_paid_orders(OuterRef)), ~Exists(decided)).order_by("signed_at", "pk")


def _paid_orders(outer):
    """The orders of an enquiry's child since it signed, paid in full and not given back."""
    return Order.objects.filter(
        items__student=outer("student"),
        status=Order.Status.CONFIRMED,
        confirmed_at__gte=outer("signed_at"),
        total_minor__gt=0,
        forgiven_minor=0,
        paid_minor=F("total_minor"),
    )


def refunds_since(outer):
    """Refunds to an enquiry's child that were paid out since it signed, the newest first; for a subquery."""
    paid = Refund.objects.filter(enrolment__student=outer("student"), status=Refund.Status.PAID)
    return paid.filter(ended_at__gte=outer("signed_at")).order_by("-ended_at")


@transaction.atomic
def give_reward(*, enquiry, enrolment, by, now):
    """The family that brought this one gets its gift credits in `enrolment`, an account of its child. Once."""
    enquiry = _lock(enquiry)
    known = ReferralReward.objects.filter(enquiry=enquiry).first()
    if known and known.state == State.GIVEN:
        return known
    _refuse_decided(enquiry, known)
    if enrolment.student_id != enquiry.referred_by_id:
        raise RewardError(_("Choose an account of %(child)s.") % {"child": enquiry.referred_by})
    credits = enquiry.branch.sales_policy.referral_credits
    reason = _("Reward for bringing %(child)s") % {"child": enquiry}
    lot = give_credits(
        enrolment=enrolment, credits=credits, reason=reason, by=by, now=now, token=f"referral:{enquiry.pk}"
    )
    return ReferralReward.objects.create(enquiry=enquiry, state=State.GIVEN, credits=credits, lot=lot, at=now, by=by)


@transaction.atomic
def decline_reward(*, enquiry, reason, by, now):
    """Nothing is given, and it is asked no more. A double click declines once."""
    enquiry = _lock(enquiry)
    known = ReferralReward.objects.filter(enquiry=enquiry).first()
    if known and known.state == State.DECLINED:
        return known
    _refuse_decided(enquiry, known)
    return ReferralReward.objects.create(enquiry=enquiry, state=State.DECLINED, reason=reason, at=now, by=by)


@transaction.atomic
def take_back_reward(*, reward, by, now):
    """The new family got its money back within 30 days of the reward: what is left of the gift goes. Once."""
    reward = ReferralReward.objects.select_for_update(of=["self"]).select_related("enquiry", "lot").get(pk=reward.pk)
    if reward.state == State.TAKEN_BACK:
        return reward
    if not may_take_back().filter(pk=reward.pk).exists():
        raise RewardError(
            _("A reward is taken back only when the new family got its money back within %(days)s days of it.")
            % {"days": TAKE_BACK_DAYS}
        )
    reason = _("Money went back to %(child)s") % {"child": reward.enquiry}
    take_back_gift(lot=reward.lot, reason=reason, by=by, now=now)
    reward.state, reward.taken_back_at, reward.taken_back_by = State.TAKEN_BACK, now, by
    reward.save(update_fields=["state", "taken_back_at", "taken_back_by"])
    return reward


def may_take_back():
    """Rewards given for a family that was paid back within so many days of it."""
    back = Refund.objects.filter(
        enrolment__student=OuterRef("enquiry__student"),
        status=Refund.Status.PAID,
        ended_at__gte=OuterRef("enquiry__signed_at"),
        ended_at__lte=OuterRef("at") + timedelta(days=TAKE_BACK_DAYS),
    )
    return ReferralReward.objects.filter(Exists(back), state=State.GIVEN)


def _refuse_decided(enquiry, known):
    if known:
        raise RewardError(_("It was decided already: %(state)s.") % {"state": known.get_state_display()})
    if not due_rewards().filter(pk=enquiry.pk).exists():
        sentence = _("No reward is due for %(child)s: no order since the sign-up is paid in full.")
        raise RewardError(sentence % {"child": enquiry})


def _lock(enquiry):
    """One decision per enquiry."""
    enquiries = Enquiry.objects.select_for_update(of=["self"])
    return enquiries.select_related("branch__sales_policy", "referred_by").get(pk=enquiry.pk)
