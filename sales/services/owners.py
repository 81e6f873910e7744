"""Whose a new enquiry is, by the branch's own rule."""

from django.db.models import F, OuterRef, Subquery

from core.clock import local_date
from sales.colleagues import sellers_at
from sales.models import SalesPolicy
from students.models import EnquiryChange

Rule = SalesPolicy.OwnerRule


def owner_for(*, branch, by, now):
    """Who is to follow up an enquiry that comes in at `branch`; None: a manager gives it out.

    `by` registers it; it is empty for a form that a family filled in. Call it in the transaction that writes the
    enquiry: of two that come in at once the second waits for the first, and goes to the next in turn.
    """
    rule = SalesPolicy.objects.values_list("owner_rule", flat=True).get(pk=branch.pk)
    if rule == Rule.ROUND_ROBIN:
        return _next_in_turn(branch, now)
    return by if rule == Rule.CREATOR else None


def _next_in_turn(branch, now):
    """Of those who sell at the branch today, who was given an enquiry of it longest ago; newcomers come first."""
    SalesPolicy.objects.select_for_update().get(pk=branch.pk)  # one at a time
    given = EnquiryChange.objects.filter(to_owner=OuterRef("pk"), enquiry__branch=branch).order_by("-at")
    sellers = sellers_at(branch, local_date(now, branch.time_zone))
    in_turn = sellers.annotate(given_at=Subquery(given.values("at")[:1]))
    return in_turn.order_by(F("given_at").asc(nulls_first=True), "pk").first()
