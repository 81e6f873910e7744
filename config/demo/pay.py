"""What the teachers of the demo school are paid: three ways, in turn."""

from django.utils.translation import gettext as _

from branches.models import Membership
from branches.roles import Role
from payroll.models import PayRate, PayScheme, PayTier
from payroll.rules import Basis


def set_pay(since):
    """Give every teacher a rate at each branch, from that day on."""
    schemes = [_by_lessons(), _by_revenue(), _by_heads()]
    teaching = Membership.objects.filter(role=Role.TEACHER).order_by("branch", "user")
    PayRate.objects.bulk_create(
        PayRate(teacher_id=teacher, branch_id=branch, scheme=schemes[teacher % len(schemes)], valid_from=since)
        for teacher, branch in teaching.values_list("user", "branch")
    )


def _by_lessons():
    """The base pay covers the first twenty lessons of the month; whoever holds forty is paid more for each."""
    scheme = PayScheme.objects.create(name=_("Full time"), basis=Basis.TIERS, base_minor=3000_00, minimum_lessons=20)
    for from_lessons, rate_minor in [(1, 80_00), (40, 100_00)]:
        PayTier.objects.create(scheme=scheme, from_lessons=from_lessons, rate_minor=rate_minor)
    return scheme


def _by_revenue():
    scheme = PayScheme.objects.create(name=_("Share of the revenue"), basis=Basis.REVENUE)
    for from_minor, percent in [(0, 15), (500_00, 20), (1000_00, 25)]:
        PayTier.objects.create(scheme=scheme, from_minor=from_minor, percent=percent)
    return scheme


def _by_heads():
    return PayScheme.objects.create(
        name=_("Part time"), basis=Basis.HEADS, amount_minor=90_00, children_included=6, extra_minor=8_00
    )
