"""What can be done with an enquiry between its owner, colleagues and the pool, on its page."""

from django import template
from django.utils import timezone

from sales.colleagues import colleagues_at
from sales.models import SalesPolicy
from sales.neglect import warned_pool_at
from sales.todo import ASSIGN

register = template.Library()


@register.inclusion_tag("sales/pool_actions.html", takes_context=True)
def pool_actions(context, enquiry):
    user, now = context["request"].user, timezone.now()
    may_assign = user.has_perm(ASSIGN, enquiry)
    is_own = enquiry.owner_id is not None and enquiry.owner_id == user.pk
    colleagues = colleagues_at([enquiry.branch], timezone.localdate(now)) if may_assign else []
    return {
        "enquiry": enquiry,
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "pool_at": warned_pool_at(enquiry, SalesPolicy.objects.get(pk=enquiry.branch_id), now),
        "may_claim": enquiry.is_open and enquiry.pooled_at and user.has_perm("students.claim_enquiry", enquiry),
        "may_give_up": enquiry.is_open and not enquiry.pooled_at and (is_own or may_assign),
        "colleagues": [one for one in colleagues if one.pk != enquiry.owner_id] if enquiry.is_open else [],
    }
