"""Who works the enquiries of a branch."""

from django.db.models import Q

from branches.models import Membership, User
from branches.roles import PERMISSIONS, Role

FOLLOW_UP = "students.add_followup"
SELLERS = [Role.ADVISER, Role.FRONT_DESK]  # new enquiries go to them in turn
WORKERS = [role for role, granted in PERMISSIONS.items() if FOLLOW_UP in granted and role != Role.OWNER]


def sellers_at(branch, day):
    """Whose work it is to follow up enquiries at a branch on a (local) day."""
    return _staff([branch], SELLERS, day)


def colleagues_at(branches, day):
    """Whom an enquiry of these branches can be given to: managers as well."""
    return _staff(branches, WORKERS, day)


def ever_at(branch_ids):
    """Who follows up enquiries there, or did so once: a leaver's enquiries have to be found. None: all branches."""
    memberships = Membership.objects.filter(role__in=WORKERS)
    if branch_ids is not None:
        memberships = memberships.filter(branch__in=branch_ids)
    return User.objects.filter(pk__in=memberships.values("user"))


def _staff(branches, roles, day):
    standing = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
    standing &= Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    memberships = Membership.objects.filter(standing, branch__in=branches, role__in=roles)
    return User.objects.filter(is_active=True, pk__in=memberships.values("user"))
