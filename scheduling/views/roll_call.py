from functools import cached_property
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from branches.pages import StaffPageMixin
from core.clock import day_text, local_date
from core.templatetags.qingxiao import credits as credits_text
from enrolments.ledger import NoCreditsLeftError
from scheduling.clashes import LessonClashError
from scheduling.forms import RollCallForm
from scheduling.models import AbsenceRequest, Attendance, ClassGroup, Lesson
from scheduling.services import EARLIEST_ROLL_CALL, RollCallError, call_roll, credits_taken_by_roll, undo_roll_call
from scheduling.timetable import state_of

SHEET_LESSONS = 8  # columns to tick on a roll sheet


class OfLessonMixin(StaffPageMixin):
    """A page about one lesson, for those who may call its roll."""

    permission_required = "scheduling.call_roll"
    related = ("class_group__course", "branch", "room", "teacher", "roll_called_by")

    @cached_property
    def lesson(self):
        lessons = Lesson.objects.visible_to(self.request.user).select_related(*self.related)
        lesson = get_object_or_404(lessons, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(self.permission_required, lesson):
            raise PermissionDenied
        return lesson

    def may_correct(self, now):
        """Whoever may call the roll may correct or undo it on the same day; later it takes a right of its own."""
        zone = self.lesson.branch.time_zone
        called_at = self.lesson.roll_called_at
        is_same_day = called_at is None or local_date(called_at, zone) == local_date(now, zone)
        return is_same_day or self.request.user.has_perm("scheduling.undo_roll_call", self.lesson)


class RollCallView(OfLessonMixin, FormView):
    """A lesson's page: everybody present by default, one tap per exception, one button."""

    template_name = "scheduling/roll_call.html"
    form_class = RollCallForm

    def get_form_kwargs(self):
        attendances = Attendance.objects.visible_to(self.request.user).filter(lesson=self.lesson)
        asked = Prefetch("absence_requests", AbsenceRequest.objects.active(), to_attr="asked_leave")
        in_order = attendances.prefetch_related(asked).order_by("enrolment__student__name_initials", "pk")
        trials = self.lesson.trials.active().select_related("enquiry").order_by("pk")
        rows = {"attendances": list(in_order.select_related("make_up", "enrolment__student")), "trials": list(trials)}
        return super().get_form_kwargs() | rows

    def form_valid(self, form):
        if not self.may_correct(timezone.now()):
            raise PermissionDenied
        statuses = form.statuses()
        try:
            call_roll(
                lesson=self.lesson,
                exceptions=statuses,
                trials=form.trial_statuses(),
                by=self.request.user,
                now=timezone.now(),
            )
        except (RollCallError, NoCreditsLeftError, LessonClashError) as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(
            self.request,
            _("The roll was called: %(children)d in all, %(credits)s credits taken.")
            % {"children": len(statuses), "credits": credits_text(credits_taken_by_roll(self.lesson))},
        )
        return redirect("roll_call", pk=self.lesson.pk)

    def get_context_data(self, **kwargs):
        lesson, now = self.lesson, timezone.now()
        opens_at = lesson.starts_at - EARLIEST_ROLL_CALL
        groups = ClassGroup.objects.visible_to(self.request.user)
        return super().get_context_data(
            title=lesson.class_group.name,
            lesson=lesson,
            state=state_of(lesson, now),
            is_cancelled=lesson.status == Lesson.Status.CANCELLED,
            opens_at=self._time_text(opens_at) if now < opens_at else "",
            called_at=self._time_text(lesson.roll_called_at) if lesson.is_held else "",
            may_correct=self.may_correct(now),
            may_ask_leave=self.request.user.has_perm("scheduling.add_absencerequest", lesson),
            may_book_trial=self.request.user.has_perm("scheduling.add_trialbooking", lesson),
            has_sheet=groups.filter(pk=lesson.class_group_id).exists(),
            **kwargs,
        )

    def _time_text(self, at):
        """11月22日 周日 08:30, in the branch's wall-clock time."""
        local = at.astimezone(ZoneInfo(self.lesson.branch.time_zone))
        return f"{day_text(local.date())} {local:%H:%M}"


class UndoRollCallView(OfLessonMixin, View):
    """Give the credits back; the lesson is to be called again."""

    def post(self, request, *args, **kwargs):
        if not self.may_correct(timezone.now()):
            raise PermissionDenied
        try:
            undo_roll_call(lesson=self.lesson, by=request.user)
        except RollCallError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The roll call was undone: every credit it took was given back."))
        return redirect("roll_call", pk=self.lesson.pk)


class RollSheetView(StaffPageMixin, View):
    """The roll on paper: the class and its next lessons, to be ticked by hand."""

    permission_required = "scheduling.call_roll"

    def get(self, request, *args, **kwargs):
        from scheduling.pdf import roll_sheet  # half a second, which only this page needs to spend

        groups = ClassGroup.objects.visible_to(request.user).select_related("course", "teacher", "branch")
        group = get_object_or_404(groups, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, group):
            raise PermissionDenied
        today = local_date(timezone.now(), group.branch.time_zone)
        lessons = group.lessons.active().filter(local_date__gte=today).select_related("room", "teacher")
        pdf = roll_sheet(class_group=group, lessons=lessons[:SHEET_LESSONS], today=today)
        name = 'inline; filename="roll-sheet.pdf"'
        return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name})
