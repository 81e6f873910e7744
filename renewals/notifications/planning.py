"""The cadence: once a day per branch, at its hour, so that all that is due of a family is in one message."""

from datetime import timedelta
from decimal import Decimal
from itertools import batched

from django.db import transaction
from django.db.models import F, Max, Q, Sum

from core.clock import moment
from enrolments.models import CreditLot, Enrolment
from messaging.rules import next_allowed_at
from renewals.models import ReminderPolicy, ReminderStep
from renewals.notifications.accounts import day_of, glance_at_accounts, load_accounts
from renewals.notifications.letters import queue_letters, write_letters
from renewals.querysets import still_learns
from scheduling.models import ClassMember

Kind = ReminderStep.Kind
BRANCHES_AT_ONCE = 25
ACCOUNTS_AT_ONCE = 2000


def plan_renewal_reminders(*, now):
    """Queue the reminders of the branches whose hour has come and that were not planned today; returns how many.

    A tick that comes late plans late, a second one finds the day noted. What was dropped before it was sent (a
    roll call undone in time, jobs that stood still) is planned again on the next day. Some branches at a time are
    a transaction: a job that is stopped in the middle is gone on with in the next minute.
    """
    policies = _of_reminding_branches()
    ids = [policy.pk for policy in policies if _is_time(policy, now)]
    return sum(_plan_branches(some, now) for some in batched(ids, BRANCHES_AT_ONCE))


@transaction.atomic
def _plan_branches(branch_ids, now):
    """Their policies are locked: of two planners the second waits, and finds nothing to do."""
    locked = _of_reminding_branches().select_for_update(of=["self"], no_key=True).filter(pk__in=branch_ids)
    policies = [policy for policy in locked if _is_time(policy, now)]
    due_at = {policy.pk: _hour_of(policy.branch, now) for policy in policies}
    queued = queue_letters(_letters(policies, due_at, now))
    for policy in policies:
        policy.planned_date = day_of(now, policy.branch)
    ReminderPolicy.objects.bulk_update(policies, ["planned_date"])
    return len(queued)


def _letters(policies, due_at, now):
    """First all that may have reached a step, at a glance; then the few to whom it is new, as closely as it takes."""
    glances = glance_at_accounts(candidates(policies, now=now), now=now)
    letters, _left_out = write_letters(glances, due_at=due_at, by_cadence=True)
    ids = {account.enrolment.pk for letter in letters for account in letter.accounts}
    accounts = []
    for some in batched(ids, ACCOUNTS_AT_ONCE):
        accounts += load_accounts(Enrolment.objects.filter(pk__in=some), now=now)
    letters, _left_out = write_letters(accounts, due_at=due_at, by_cadence=True)
    return letters


def _of_reminding_branches():
    return ReminderPolicy.objects.filter(branch__renewal_reminder_on=True).select_related("branch").order_by("pk")


def _is_time(policy, now):
    """From the branch's hour on; too late in the evening it waits for the hour of the next day."""
    branch = policy.branch
    if policy.planned_date == day_of(now, branch) or now < _hour_of(branch, now):
        return False
    return next_allowed_at(branch, now) == now or next_allowed_at(branch, _hour_of(branch, now)) > now


def _hour_of(branch, now):
    return moment(day_of(now, branch), branch.renewal_reminder_at, branch.time_zone)


# --- which accounts to look at ---------------------------------------------------------------------------


def candidates(policies, *, now):
    """Enrolments that may have reached a step. Nobody above the bound can have: he is not looked at any further."""
    branches = [policy.pk for policy in policies]
    steps = ReminderStep.objects.filter(policy__in=policies).order_by().values_list("kind")
    highest = dict(steps.annotate(highest=Max("value")))
    days = highest.get(Kind.DAYS)
    bound = max(highest.get(Kind.CREDITS, Decimal(0)), _used_within(days, branches, now) if days is not None else 0)
    low = Q(balance__lte=bound)
    if days is not None:
        low |= Q(pk__in=_expiring(days, now).values("enrolment"))
    return Enrolment.objects.filter(low, still_learns(now), branch__in=branches)


def _used_within(days, branches, now):
    """The most credits that any child takes in so many days, by the weekly rules."""
    rule = "class_group__rules"
    yesterday = now.date() - timedelta(days=1)  # everywhere on earth
    members = ClassMember.objects.filter(
        Q(left_date__isnull=True) | Q(left_date__gt=yesterday),
        Q(**{f"{rule}__valid_until__isnull": True}) | Q(**{f"{rule}__valid_until__gte": yesterday}),
        enrolment__branch__in=branches,
    )
    sums = members.order_by().values("enrolment").annotate(weekly=Sum(F("class_group__credits_per_lesson")))
    return (sums.aggregate(most=Max("weekly"))["most"] or 0) * (days + 1) / 7


def _expiring(days, now):
    """Lots that are not valid any more soon."""
    today = now.date()
    until = today + timedelta(days=int(days) + 1)  # a branch's day may be the next one already
    return CreditLot.objects.with_credits().filter(expires_date__gte=today - timedelta(days=1), expires_date__lte=until)
