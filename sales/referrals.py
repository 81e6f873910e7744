"""Who brought whom, and what is due for it: what the page of rewards shows."""

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum

from enrolments.models import Enrolment
from sales.models import ReferralReward
from sales.services.referrals import due_rewards, may_take_back, refunds_since
from students.models import Enquiry

GIVE = "enrolments.correct_credits"


def due_for(user):
    """Rewards that wait for this person: of the branches where correcting credits is theirs."""
    return due_rewards().filter(branch__in=user.branches_with(GIVE))


def with_refunds(enquiries):
    """Adds `refunded_at`, when money went back to the new family since it signed."""
    return enquiries.annotate(refunded_at=Subquery(refunds_since(OuterRef).values("ended_at")[:1]))


def with_accounts(enquiries, user):
    """The same list; each has as `accounts` where its reward may go, the most used first. One query for all."""
    students = {enquiry.referred_by_id for enquiry in enquiries}
    here = Enrolment.objects.filter(student__in=students, branch__in=user.branches_with(GIVE))
    used = here.annotate(used_at=Max("credit_entries__occurred_at")).select_related("course", "branch")
    accounts = {}
    for account in used.order_by(F("used_at").desc(nulls_last=True), "-pk"):
        accounts.setdefault(account.student_id, []).append(account)
    for enquiry in enquiries:
        enquiry.accounts = accounts.get(enquiry.referred_by_id, [])
    return enquiries


def decided(user):
    rewards = ReferralReward.objects.visible_to(user).filter(enquiry__branch__in=user.branches_with(GIVE))
    return rewards.annotate(may_take_back=Q(pk__in=may_take_back().values("pk"))).select_related(
        "enquiry__branch", "enquiry__referred_by", "by", "lot__enrolment__course"
    )


def bringers(user):
    """老带新 by child: how many it brought, how many of them signed, and what its family got."""
    brought = Enquiry.objects.visible_to(user).filter(referred_by__isnull=False, branch__in=user.branches_with(GIVE))
    return (
        brought.order_by()
        .values("referred_by", name=F("referred_by__name"))
        .annotate(
            brought=Count("pk"),
            signed=Count("pk", filter=Q(stage=Enquiry.Stage.SIGNED)),
            credits=Sum("referral_reward__credits", filter=Q(referral_reward__state="given"), default=0),
        )
        .order_by("-brought", "name", "referred_by")
    )
