"""What becomes of enquiries that nobody works. That their owner and the manager are reminded is no event that could be
missed: home page and digest ask each time anew (sales.todo). What is left to do is taking them back."""

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import ngettext

from sales.models import SalesPolicy
from sales.neglect import idle_for, pool_days, pooled_at, with_idle_since
from students.models import Enquiry
from students.services import to_pool
from students.services.enquiries import lock

MOST = 500  # at one run; the next one goes on


def return_neglected(*, now):
    """Take what nobody worked for so many days back to the pool of its branch; returns how many.

    Right after any pause: what is due is read from the rows, and nothing is taken twice.
    """
    policies = {policy.pk: policy for policy in SalesPolicy.objects.exclude(pool_days=None)}
    neglected = with_idle_since(Enquiry.objects.live().open()).filter(idle_for(policies.values(), pool_days, now))
    due = neglected.order_by("idle_since", "pk").values_list("pk", "branch")[:MOST]
    return sum(_take_back(Enquiry(pk=pk), policies[branch], now) for pk, branch in due)


@transaction.atomic
def _take_back(enquiry, policy, now):
    """Unless somebody works it just now."""
    enquiry = lock(enquiry)
    at = pooled_at(enquiry, policy)
    if at is None or at > now:
        return False
    to_pool(enquiry=enquiry, by=None, now=now, reason=_reason(policy.pool_days))
    return True


@translation.override(settings.LANGUAGE_CODE)
def _reason(days):
    text = ngettext("Nobody worked it for %(days)d day.", "Nobody worked it for %(days)d days.", days)
    return text % {"days": days}
