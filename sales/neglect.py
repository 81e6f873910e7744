"""Enquiries that nobody works: for how long, and what follows by the rules of their branch.

The days count from the latest of: its registration, its being given to somebody, the last contact, and the moment
planned for the next one. So what is planned for next month is not neglected before that moment has passed.
"""

from collections import defaultdict
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest

FACTS = ["owned_at", "last_contact_at", "next_follow_up_at"]
DAY = timedelta(days=1)


def with_idle_since(enquiries):
    """Adds `idle_since`, from which the days count."""
    facts = [Coalesce(name, "created_at") for name in FACTS]  # one that is missing must not hide the others
    return enquiries.annotate(idle_since=Greatest("created_at", *facts))


def idle_since(enquiry):
    return max(moment for moment in [enquiry.created_at, *(getattr(enquiry, name) for name in FACTS)] if moment)


def idle_for(policies, days_of, now):
    """The condition, on rows with `idle_since`: for as many days as `days_of` reads from the policy of their branch.

    None as the number of days: never.
    """
    branches_until = defaultdict(list)
    for policy in policies:
        days = days_of(policy)
        if days is not None and _has_run(policy, days, now):
            branches_until[now - days * DAY].append(policy.pk)
    neglected = Q(pk__in=[])
    for until, branches in branches_until.items():
        neglected |= Q(branch__in=branches, idle_since__lte=until)
    return neglected & Q(owner__isnull=False)


def owner_days(policy):
    return policy.remind_owner_days


def manager_days(policy):
    return policy.remind_manager_days


def pool_days(policy):
    return policy.pool_days


def warning_days(policy):
    return None if policy.pool_days is None else max(policy.pool_days - policy.pool_warning_days, 0)


def pooled_at(enquiry, policy):
    """When it goes back to the pool unless somebody works it; None: it stays with its owner."""
    if policy.pool_days is None or enquiry.owner_id is None or not enquiry.is_open:
        return None
    since = idle_since(enquiry)
    return max(since, policy.counts_from or since) + policy.pool_days * DAY


def warned_pool_at(enquiry, policy, now):
    """`pooled_at`, once the owner is to be warned of it; not before now, when the job comes next."""
    at = pooled_at(enquiry, policy)
    return max(at, now) if at and at - policy.pool_warning_days * DAY <= now else None


def _has_run(policy, days, now):
    return policy.counts_from is None or policy.counts_from + days * DAY <= now
