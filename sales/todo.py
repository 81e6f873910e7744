"""What waits on the sales side: for the home page, the digest, and the filters of the list."""

from django.conf import settings
from django.db.models import Count, Q

from core.clock import day_bounds, local_date
from sales.models import SalesPolicy
from sales.neglect import idle_for, manager_days, owner_days, warning_days, with_idle_since
from students.models import Enquiry

ASSIGN = "students.assign_enquiry"
OWNED = Q(owner__isnull=False)
NOBODYS = Q(owner__isnull=True, pooled_at__isnull=True)
IN_POOL = Q(owner__isnull=True, pooled_at__isnull=False)


def conditions(user, *, now):
    """What the filter "due" of the list can ask of open enquiries `with_idle_since`: name → condition.

    Days are those of the school. Neglected is what the person is reminded of: the own ones after the owner's days,
    a colleague's after the manager's, where the person leads.
    """
    policies = policies_of(user.branch_ids_with("students.view_enquiry"))
    mine, led = Q(owner=user), where_leading(user)
    _start, end = day_bounds(local_date(now, settings.TIME_ZONE), settings.TIME_ZONE)
    idle = (mine & idle_for(policies, owner_days, now)) | (led & idle_for(policies, manager_days, now))
    warned = idle_for(policies, warning_days, now)
    return {
        "now": Q(next_follow_up_at__lt=end),
        "overdue": Q(next_follow_up_at__lte=now),
        "today": Q(next_follow_up_at__gt=now, next_follow_up_at__lt=end),
        "none": OWNED & Q(next_follow_up_at__isnull=True),
        "idle": idle & ~warned,  # what will be taken back is counted there
        "pool": warned,
    }


def where_leading(user):
    """The condition: in a branch whose enquiries the person gives out."""
    branch_ids = user.branch_ids_with(ASSIGN)
    return Q(pk__isnull=False) if branch_ids is None else Q(branch__in=branch_ids)


def count_todo(user, *, now):
    """How many of the person's own (for who leads: of the branches) wait, by name: one query and the policies."""
    asked = conditions(user, now=now)
    own = Q(owner=user) | where_leading(user)
    open_ones = with_idle_since(Enquiry.objects.visible_to(user).open())
    wanted = {name: own & asked[name] for name in ["now", "overdue", "none", "idle", "pool"]}
    wanted["nobodys"] = NOBODYS & where_leading(user)
    return open_ones.order_by().aggregate(**{name: Count("pk", filter=question) for name, question in wanted.items()})


def count_of_branch(branch_id, *, now):
    """How many of a branch wait, by name, for the group of its staff."""
    policies = policies_of([branch_id])
    warned = idle_for(policies, warning_days, now)
    _start, end = day_bounds(local_date(now, settings.TIME_ZONE), settings.TIME_ZONE)
    wanted = {
        "overdue": Q(next_follow_up_at__lte=now),
        "today": Q(next_follow_up_at__gt=now, next_follow_up_at__lt=end),
        "nobodys": NOBODYS,
        "idle": idle_for(policies, owner_days, now) & ~warned,
        "pool": warned,
    }
    open_ones = with_idle_since(Enquiry.objects.filter(branch=branch_id).live().open())
    return open_ones.order_by().aggregate(**{name: Count("pk", filter=question) for name, question in wanted.items()})


def policies_of(branch_ids):
    """None: of all branches."""
    policies = SalesPolicy.objects.order_by()
    return list(policies if branch_ids is None else policies.in_branches(branch_ids))
