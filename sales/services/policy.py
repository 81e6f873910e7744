"""Changing the rules by which a branch works its enquiries."""

from django.db import transaction

from sales.models import SalesPolicy

DAYS = ["remind_owner_days", "remind_manager_days", "pool_days"]


@transaction.atomic
def change_policy(*, policy, now):
    """Save what was changed. Under stricter rules days count from now on: nobody loses an enquiry overnight."""
    before = SalesPolicy.objects.select_for_update().get(pk=policy.pk)
    if any(_is_stricter(getattr(before, name), getattr(policy, name)) for name in DAYS):
        policy.counts_from = now
    policy.save()
    return policy


def _is_stricter(before, after):
    """No number: never."""
    return after is not None and (before is None or after < before)
