"""Lessons that families confirm: a month of a branch, the workbook for the platform, and one reply written down."""

from functools import cached_property

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import ListView, View

from branches.pages import BranchMonthMixin, StaffPageMixin
from core.clock import local_date, month_after
from core.workbook import workbook_response
from dashboard.confirmations import confirmations_workbook, count_by_state, taken_in_month
from scheduling.confirmation import Answer, State, days_to_confirm
from scheduling.models import Attendance
from scheduling.services import ReplyError, record_reply


class ConfirmationMonthMixin(BranchMonthMixin):
    permission_required = "scheduling.view_lessonreply"

    @cached_property
    def taken(self):
        return taken_in_month(self.branch, self.month, today=local_date(timezone.now(), self.branch.time_zone)) or []


class ConfirmationsView(ConfirmationMonthMixin, ListView):
    """How many are disputed, waiting and confirmed; below, each child and lesson."""

    template_name = "dashboard/confirmations.html"
    paginate_by = 100

    def get_queryset(self):
        state = self.request.GET.get("state")
        return [one for one in self.taken if state not in State.values or one.confirmation.state == state]

    def get_context_data(self, **kwargs):
        month = f"{self.month:%Y-%m}"
        return super().get_context_data(
            title=_("Lessons confirmed: %(branch)s, %(month)s") % {"branch": self.branch, "month": month},
            branch=self.branch,
            month=self.month,
            before=month_after(self.month, -1),
            after=month_after(self.month),
            days=days_to_confirm(self.branch.rule_pack),
            states=count_by_state(self.taken),
            chosen=self.request.GET.get("state", ""),
            **kwargs,
        )


class ConfirmationsWorkbookView(ConfirmationMonthMixin, View):
    def get(self, request, **kwargs):
        name = f"confirmations-{self.branch.code}-{self.month:%Y-%m}.xlsx"
        return workbook_response(confirmations_workbook(self.taken), name)


class ReplyView(StaffPageMixin, View):
    """What the family says of a lesson, then back to the account."""

    permission_required = "scheduling.add_lessonreply"
    http_method_names = ["post"]

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if request.user.has_perm(self.permission_required):
            attendances = Attendance.objects.visible_to(request.user).select_related("lesson")
            self.attendance = get_object_or_404(attendances, pk=kwargs["pk"])

    def has_permission(self):
        lesson = self.attendance.lesson if hasattr(self, "attendance") else None
        return self.request.user.has_perm(self.permission_required, lesson)

    def post(self, request, *args, **kwargs):
        answer = request.POST.get("answer")
        if answer not in Answer.values:
            return self._back()
        facts = {"reason": request.POST.get("reason", "").strip()[:200], "by": request.user, "now": timezone.now()}
        try:
            record_reply(attendance=self.attendance, answer=answer, **facts)
        except ReplyError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The reply was recorded."))
        return self._back()

    def _back(self):
        return redirect("statement", pk=self.attendance.enrolment_id)
