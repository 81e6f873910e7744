"""公海: giving an enquiry up, and claiming one that is nobody's."""

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from branches.models import User
from core.clock import day_bounds, day_text, local_date
from sales.models import SalesPolicy
from sales.neglect import DAY
from students.models import EnquiryChange
from students.services import EnquiryError, assign_enquiry, to_pool
from students.services.enquiries import lock

Kind = EnquiryChange.Kind


@transaction.atomic
def claim_enquiry(*, enquiry, by, now):
    """Take an enquiry out of the pool. Of two people at once one gets it, the other reads who has it.

    At most so many a day (of the branch) for each person, and not what one had until lately. Repeating changes nothing.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two of one's own claims at once count as two
    enquiry = lock(enquiry)
    if enquiry.owner == by:
        return enquiry
    _check_is_there(enquiry)
    policy = SalesPolicy.objects.get(pk=enquiry.branch_id)
    free_from = claimable_from([enquiry], policies={policy.pk: policy}, by=by).get(enquiry.pk)
    if free_from and free_from > now:
        day = day_text(local_date(free_from, enquiry.branch.time_zone))
        raise EnquiryError(
            _("%(child)s was yours until lately: colleagues have the first go. You may claim it from %(day)s on.")
            % {"child": enquiry, "day": day}
        )
    if policy.claims_a_day is not None and _claimed(by, enquiry.branch, now) >= policy.claims_a_day:
        raise EnquiryError(
            _("You have claimed %(number)d enquiries today, which is the limit. Work these first; more tomorrow.")
            % {"number": policy.claims_a_day}
        )
    return assign_enquiry(enquiry=enquiry, owner=by, by=by, now=now)


@transaction.atomic
def give_up(*, enquiry, by, now, reason):
    """The owner (or a manager) puts an enquiry into the pool, and says why. Repeating changes nothing."""
    enquiry = lock(enquiry)
    if not reason.strip():
        raise EnquiryError(_("Say why you give %(child)s up: whoever claims it will read it.") % {"child": enquiry})
    if not enquiry.is_open:
        raise EnquiryError(_("%(child)s is closed already: nothing is left to give up.") % {"child": enquiry})
    return to_pool(enquiry=enquiry, by=by, now=now, reason=reason.strip())


def claims_today(user, branches, now):
    """{branch id: how many this person has claimed there since its midnight}, zero included."""
    claims = EnquiryChange.objects.filter(by=user, to_owner=user, kind=Kind.OWNER, from_owner__isnull=True)
    today = Q(pk__in=[])
    for branch in branches:
        start, end = day_bounds(local_date(now, branch.time_zone), branch.time_zone)
        today |= Q(enquiry__branch=branch, at__gte=start, at__lt=end)
    counted = claims.filter(today).order_by().values_list("enquiry__branch").annotate(Count("pk"))
    return dict.fromkeys((branch.pk for branch in branches), 0) | dict(counted)


def claimable_from(enquiries, *, policies, by):
    """{enquiry id: moment} for those that were once this person's: until then colleagues have the first go."""
    branches = {enquiry.pk: enquiry.branch_id for enquiry in enquiries}
    former = EnquiryChange.objects.filter(enquiry__in=branches, from_owner=by).order_by("at")
    ended = dict(former.values_list("enquiry", "at"))  # the latest wins
    return {pk: at + policies[branches[pk]].cool_down_days * DAY for pk, at in ended.items()}


def _claimed(user, branch, now):
    return claims_today(user, [branch], now)[branch.pk]


def _check_is_there(enquiry):
    if enquiry.owner:
        raise EnquiryError(
            _("%(child)s is with %(owner)s now, who was quicker.") % {"child": enquiry, "owner": enquiry.owner}
        )
    if not enquiry.pooled_at or not enquiry.is_open or enquiry.merged_into_id:
        raise EnquiryError(_("%(child)s is not in the pool any more.") % {"child": enquiry})
