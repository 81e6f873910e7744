"""Giving several enquiries to a colleague, or to the pool, at once."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import local_date
from sales.colleagues import colleagues_at
from students.models import Enquiry
from students.services import EnquiryError, assign_enquiry, to_pool


@transaction.atomic
def give_enquiries(*, enquiries, owner, by, now, reason=""):
    """All of them, or none: `owner` has to work at each branch. Returns how many changed hands."""
    found = _in_order(enquiries)
    for branch in {enquiry.branch for enquiry in found}:
        check_works_at(owner, branch, now)
    mine_already = sum(enquiry.owner_id == owner.pk for enquiry in found)
    for enquiry in found:
        assign_enquiry(enquiry=enquiry, owner=owner, by=by, now=now, reason=reason)
    return len(found) - mine_already


@transaction.atomic
def pool_enquiries(*, enquiries, by, now, reason):
    """Returns how many went to the pool; what is there already, or closed, stays as it is."""
    going = [enquiry for enquiry in _in_order(enquiries) if enquiry.is_open and not enquiry.pooled_at]
    for enquiry in going:
        to_pool(enquiry=enquiry, by=by, now=now, reason=reason)
    return len(going)


def check_works_at(user, branch, now):
    if not colleagues_at([branch], local_date(now, branch.time_zone)).filter(pk=user.pk).exists():
        raise EnquiryError(
            _("%(person)s does not follow up enquiries at %(branch)s: choose a colleague of that branch.")
            % {"person": user, "branch": branch}
        )


def _in_order(enquiries):
    """Locked, in one order for all: two people who give the same ones away do not wait for each other for ever."""
    rows = Enquiry.objects.filter(pk__in=[enquiry.pk for enquiry in enquiries]).select_related("branch")
    return list(rows.select_for_update(of=["self"]).order_by("pk"))
