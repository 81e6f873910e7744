from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from scheduling.clashes import LessonClashError
from scheduling.forms import LeaveForm
from scheduling.models import Attendance, Lesson, MakeUp
from scheduling.services import LeaveError, ask_leave, terms_of_leave, withdraw_leave


class OfAttendanceMixin(StaffPageMixin):
    """A page about one child in one lesson, for those who take notice of leave."""

    permission_required = "scheduling.add_absencerequest"

    @cached_property
    def attendance(self):
        related = ("lesson__branch", "lesson__class_group__course", "lesson__teacher", "enrolment__student")
        attendances = Attendance.objects.visible_to(self.request.user).select_related(*related)
        attendance = get_object_or_404(attendances, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(self.permission_required, attendance.lesson):
            raise PermissionDenied
        return attendance


class LeaveView(OfAttendanceMixin, FormView):
    """What leave would take and by which rule, before one button records it; afterwards, what it gave."""

    template_name = "scheduling/leave.html"
    form_class = LeaveForm

    def get_form_kwargs(self):
        may_override = self.request.user.has_perm("scheduling.change_leavepolicy", self.attendance.lesson)
        return super().get_form_kwargs() | {"may_override": may_override}

    def form_valid(self, form):
        facts = {"reason": form.cleaned_data["reason"], "share": form.cleaned_data.get("share")}
        try:
            ask_leave(attendance=self.attendance, by=self.request.user, now=timezone.now(), **facts)
        except LeaveError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("%(student)s is on leave.") % {"student": self.attendance.enrolment.student})
        return redirect("attendance_leave", pk=self.attendance.pk)

    def get_context_data(self, **kwargs):
        attendance, lesson, now = self.attendance, self.attendance.lesson, timezone.now()
        right = MakeUp.objects.usable().filter(original=attendance).select_related("attendance__lesson__branch").first()
        own = MakeUp.objects.filter(attendance=attendance).select_related("original__lesson__branch").first()
        leave = attendance.absence_requests.active().select_related("recorded_by").first()
        can_ask = lesson.status == Lesson.Status.PLANNED and not (leave or own)
        return super().get_context_data(
            title=attendance.enrolment.student.name,
            attendance=attendance,
            lesson=lesson,
            student=attendance.enrolment.student,
            leave=leave,
            right=right,
            is_right_open=bool(right) and right.expires_date >= local_date(now, lesson.branch.time_zone),
            make_up_here=own,
            terms=terms_of_leave(attendance, now=now) if can_ask else None,
            may_withdraw=bool(leave) and lesson.status == Lesson.Status.PLANNED,
            **kwargs,
        )


class WithdrawLeaveView(OfAttendanceMixin, View):
    """The child comes after all."""

    def post(self, request, *args, **kwargs):
        leave = self.attendance.absence_requests.active().first()
        try:
            if leave:
                withdraw_leave(absence_request=leave, by=request.user, now=timezone.now())
        except (LeaveError, LessonClashError) as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("%(student)s is expected again.") % {"student": self.attendance.enrolment.student}
            )
        return redirect("attendance_leave", pk=self.attendance.pk)
