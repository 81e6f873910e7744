from datetime import timedelta
from functools import cached_property

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, View

from branches.models import User
from branches.pages import StaffPageMixin
from branches.roles import Role
from core.clock import day_bounds, local_date
from scheduling.clashes import LessonClashError
from scheduling.findings import RuleRefusedError
from scheduling.forms import AbsenceForm, CoverForm, Period
from scheduling.models import Attendance, Lesson, TeacherAbsence
from scheduling.services import ScheduleError, record_absence, withdraw_absence
from scheduling.substitutes import Substitutes


class TeacherAbsenceView(StaffPageMixin, FormView):
    """“Teacher is ill”: who, when; every lesson with the best who is free; one button does all of it."""

    title = gettext_lazy("Teacher is away")
    permission_required = "scheduling.add_teacherabsence"
    template_name = "scheduling/absence.html"
    form_class = CoverForm

    # --- what was chosen ---

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required))

    @cached_property
    def chosen(self):
        """Teacher and days, when both were chosen; the page opens at today, or at the `day` of a lesson."""
        data = self.request.GET.dict()
        if day := data.get("day"):
            data = {"period": Period.DAYS, "first": day, "last": day, **data}
        data = {"period": Period.TODAY, **data} if data else None
        teachers = User.objects.filter(
            is_active=True, memberships__branch__in=self.branches, memberships__role=Role.TEACHER
        )
        return AbsenceForm(data, teachers=teachers.distinct().order_by("name"), initial={"period": Period.TODAY})

    @cached_property
    def teacher(self):
        return self.chosen.cleaned_data["teacher"] if self.chosen.is_valid() else None

    @property
    def time_zone(self):
        return self.branches[0].time_zone

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def days(self):
        return self.chosen.days(local_date(self.now, self.time_zone))

    @cached_property
    def span(self):
        first, last = self.days
        return day_bounds(first, self.time_zone)[0], day_bounds(last, self.time_zone)[1]

    @cached_property
    def all_lessons(self):
        """Those that are still to come; at branches of others, too."""
        start, end = self.span
        theirs = Lesson.objects.planned().between(max(start, self.now), end).filter(teacher=self.teacher)
        is_expected = ~Q(attendances__status=Attendance.Status.LEAVE)
        related = theirs.select_related("branch", "class_group__course__subject", "room")
        return list(related.annotate(student_count=Count("attendances", filter=is_expected)))

    @cached_property
    def lessons(self):
        ours = {branch.pk for branch in self.branches}
        return [lesson for lesson in self.all_lessons if lesson.branch_id in ours]

    # --- the page ---

    def get_form_kwargs(self):
        colleagues = User.objects.visible_to(self.request.user)
        found = Substitutes(self.lessons if self.teacher else [], now=self.now, teachers=colleagues)
        kwargs = {"lessons": found.lessons, "ranked": found.ranked, "assigned": found.assign()}
        return super().get_form_kwargs() | kwargs

    def get_context_data(self, **kwargs):
        elsewhere = len(self.all_lessons) - len(self.lessons) if self.teacher else 0
        return super().get_context_data(
            chosen=self.chosen,
            periods=Period.choices,
            teacher=self.teacher,
            days=self.days if self.teacher else None,
            elsewhere=elsewhere,
            absences=with_open_lessons(self.request.user, self.now),
            **kwargs,
        )

    def form_valid(self, form):
        if self.teacher is None:
            return redirect("teacher_absence")
        covers = list(form.covers())
        start, end = self.span
        try:
            record_absence(
                teacher=self.teacher,
                kind=form.cleaned_data["kind"],
                note=form.cleaned_data["note"],
                starts_at=start,
                ends_at=end,
                covers=covers,
                by=self.request.user,
                now=self.now,
                keep_reason=form.cleaned_data["keep_reason"],
            )
        except (LessonClashError, RuleRefusedError, ScheduleError) as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, self._what_was_done(covers))
        return redirect("teacher_absence")

    def _what_was_done(self, covers):
        cancelled = sum(cover.substitute_id is None for cover in covers)
        return _(
            "%(teacher)s is away. Lessons with a substitute: %(covered)d, cancelled: %(cancelled)d, "
            "still open: %(open)d."
        ) % {
            "teacher": self.teacher,
            "covered": len(covers) - cancelled,
            "cancelled": cancelled,
            "open": len(self.lessons) - len(covers),
        }


def with_open_lessons(user, now):
    """Absences that are not over, each with its days and the lessons that nobody has taken over: two queries."""
    absences = TeacherAbsence.objects.visible_to(user).filter(withdrawn_at__isnull=True, ends_at__gt=now)
    absences = list(absences.select_related("teacher", "recorded_by").order_by("starts_at", "pk"))
    if not absences:
        return []
    lessons = (
        Lesson.objects.visible_to(user)
        .planned()
        .filter(teacher__in={absence.teacher_id for absence in absences})
        .between(now, max(absence.ends_at for absence in absences))
        .select_related("class_group", "branch")
    )
    lessons = list(lessons)
    zone = timezone.get_current_timezone_name()
    for absence in absences:
        absence.first_date = local_date(absence.starts_at, zone)
        absence.last_date = local_date(absence.ends_at - timedelta(microseconds=1), zone)
        absence.open_lessons = [
            lesson
            for lesson in lessons
            if lesson.teacher_id == absence.teacher_id
            and lesson.starts_at < absence.ends_at
            and absence.starts_at < lesson.ends_at
        ]
    return absences


class WithdrawAbsenceView(StaffPageMixin, View):
    """The teacher comes after all."""

    permission_required = "scheduling.add_teacherabsence"
    http_method_names = ["post"]

    def post(self, request, pk):
        absence = get_object_or_404(TeacherAbsence.objects.visible_to(request.user), pk=pk)
        withdraw_absence(absence=absence, now=timezone.now())
        messages.success(
            request,
            _("%(teacher)s is not away any more. Lessons that were given to others stay with them.")
            % {"teacher": absence.teacher},
        )
        return redirect("teacher_absence")
