"""Who may approve which slip, and what stands against it: asked once for a branch's month."""

from functools import cached_property

from django.utils import formats
from django.utils.translation import gettext as _

from branches.models import Membership, User
from branches.roles import PERMISSIONS
from core.clock import local_date, month_after
from payroll.models import PaySlip

APPROVING = "payroll.approve_payslips"


class Approval:
    """What `by` may approve of a branch's month, at `now`."""

    def __init__(self, *, branch, month, by, now):
        self.branch, self.month, self.by, self.now = branch, month, by, now

    def objection(self, sheet):
        """Why `by` cannot approve this sheet, as a sentence; empty when nothing stands against it."""
        slip, facts = sheet.slip, {"teacher": sheet.teacher, "lessons": sheet.without_rate}
        if slip is None:
            return _("The slip of %(teacher)s is not prepared yet.") % facts
        if not self.is_month_over:
            return _("The month is not over: it can be approved from the first day of the next one on.")
        if sheet.without_rate:
            return (
                _("%(teacher)s has lessons without a pay rate: %(lessons)d. Enter the rate in the back office first.")
                % facts
            )
        if before := self._earlier_drafts.get(slip.teacher_id):
            facts["month"] = formats.date_format(before, "YEAR_MONTH_FORMAT")
            return _("%(teacher)s has a slip of %(month)s still to be approved: that one goes first.") % facts
        if self.by.pk in {slip.prepared_by_id, slip.teacher_id} and self._is_another:
            return (
                _("Somebody else approves the slip of %(teacher)s: not who prepared it, and not who is paid.") % facts
            )
        return ""

    @cached_property
    def is_month_over(self):
        return local_date(self.now, self.branch.time_zone) >= month_after(self.month)

    @cached_property
    def _earlier_drafts(self):
        """{teacher id: the latest month still to be approved}"""
        drafts = PaySlip.objects.drafts().filter(branch=self.branch, month__lt=self.month).order_by("month")
        return dict(drafts.values_list("teacher", "month"))

    @cached_property
    def _is_another(self):
        """Whether anybody but `by` may approve here: a school with one owner has no second pair of eyes."""
        roles = [role for role, permissions in PERMISSIONS.items() if APPROVING in permissions]
        held = Membership.objects.filter(role__in=roles, user__is_active=True).exclude(user=self.by)
        if any(
            row.branch_id in (None, self.branch.pk) and row.holds_at(self.now) for row in held.select_related("branch")
        ):
            return True
        return User.objects.filter(is_superuser=True, is_active=True).exclude(pk=self.by.pk).exists()
