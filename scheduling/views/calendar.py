"""The closed and extra days of a branch, a year at a time, and the lessons that they hit."""

from collections import Counter
from functools import cached_property
from itertools import groupby

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView, View

from branches.holidays import public_days
from branches.models import CalendarDay, SchoolBreak
from branches.pages import StaffPageMixin
from branches.services import fill_public_holidays, remove_calendar_day, set_calendar_days
from core.clock import WEEKDAYS, local_date
from scheduling.clashes import LessonClashError
from scheduling.forms.calendar import CalendarDaysForm, HitLessonsForm, SchoolBreakForm, ShownYearForm
from scheduling.models import Lesson
from scheduling.services import ScheduleError
from scheduling.services.calendar import move_to_the_end
from scheduling.year import LEGEND, months_of


class OfBranchMixin(StaffPageMixin):
    """One branch of those where the person may see the calendar; what is sent needs `change_permission` there."""

    permission_required = "branches.view_calendarday"
    change_permission = None

    def get_permission_required(self):
        return [(self.request.method == "POST" and self.change_permission) or self.permission_required]

    def has_permission(self):
        return super().has_permission() and self.request.user.has_perms(self.get_permission_required(), self.branch)

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with("branches.view_calendarday"))

    @cached_property
    def shown(self):
        form = ShownYearForm(self.request.GET)
        form.is_valid()
        return form.cleaned_data

    @cached_property
    def branch(self):
        chosen = self.shown.get("branch")
        found = [branch for branch in self.branches if chosen in (None, branch.pk)]
        if not found:
            raise Http404
        return found[0]

    @property
    def today(self):
        return local_date(self.now, self.branch.time_zone)

    @property
    def year(self):
        day = self.shown.get("day")
        return self.shown.get("year") or (day.year if day else self.today.year)

    def hits(self):
        """Lessons that the calendar no longer has on their day."""
        lessons = Lesson.objects.visible_to(self.request.user).filter(branch=self.branch).off_calendar(self.now)
        return lessons.select_related("class_group", "teacher", "branch").order_by("starts_at", "pk")

    def back(self, year=None):
        return redirect(f"{reverse('calendar_days')}?branch={self.branch.pk}&year={year or self.year}")


class CalendarView(OfBranchMixin, FormView):
    """The year; a day that is chosen is written in the form beside it."""

    title = gettext_lazy("Calendar")
    template_name = "scheduling/calendar.html"
    form_class = CalendarDaysForm
    change_permission = "branches.add_calendarday"

    def get_initial(self):
        day = self.shown.get("day")
        row = self.chosen_row
        public = public_days(day.year).get(day) if day else None
        initial = {"first_date": day, "kind": CalendarDay.Kind.CLOSED, "reason": public.name if public else ""}
        if row:
            return initial | {"kind": row.kind, "runs_weekday": row.runs_weekday, "reason": row.reason}
        if public and not public.is_off:
            weekday = public.instead_of.weekday() if public.instead_of else None
            return initial | {"kind": CalendarDay.Kind.RUNS_WEEKDAY, "runs_weekday": weekday}
        return initial

    @cached_property
    def chosen_row(self):
        day = self.shown.get("day")
        return CalendarDay.objects.filter(branch=self.branch, day=day).first() if day else None

    def form_valid(self, form):
        days = set_calendar_days(branch=self.branch, **form.cleaned_data)
        messages.success(
            self.request,
            ngettext("%(count)d day was written.", "%(count)d days were written.", len(days)) % {"count": len(days)},
        )
        return self.back(days[0].day.year)

    def get_context_data(self, **kwargs):
        year = self.year
        kwargs.setdefault("break_form", SchoolBreakForm(prefix="break"))
        rows = {row.day: row for row in CalendarDay.objects.filter(branch=self.branch, day__year=year)}
        public = public_days(year)
        breaks = SchoolBreak.objects.filter(branch=self.branch, first_date__year__lte=year, last_date__year__gte=year)
        breaks, hits = list(breaks), list(self.hits())
        counts = Counter(lesson.local_date for lesson in hits)
        return super().get_context_data(
            **kwargs,
            branches=self.branches,
            branch=self.branch,
            year=year,
            previous_year=year - 1,
            next_year=year + 1,
            today=self.today,
            chosen=self.shown.get("day"),
            chosen_row=self.chosen_row,
            months=list(months_of(year, rows=rows, public=public, breaks=breaks, hits=counts)),
            weekdays=WEEKDAYS,
            legend=LEGEND,
            hits=_by_day(self.branch, hits),
            hit_count=len(hits),
            breaks=breaks,
            **_public_holidays(public, rows, self.today),
            may_change=self.request.user.has_perm("branches.add_calendarday", self.branch),
            may_move=self.request.user.has_perm("scheduling.change_lesson", self.branch),
        )


def _public_holidays(public, rows, today):
    """How many there are, how many of them the branch's calendar has a word on, and how certain they are."""
    off = [row for row in public.values() if row.is_off]
    return {
        "holidays": len(off),
        "holidays_missing": sum(1 for row in off if row.day not in rows),
        "is_provisional": any(row.is_provisional for row in off),
        "worked_days": [row for row in public.values() if not row.is_off and row.day >= today and row.day not in rows],
    }


def _by_day(branch, lessons):
    """[(day, why its lessons are not held, lessons)]"""
    days = [(day, list(of_day)) for day, of_day in groupby(lessons, key=lambda lesson: lesson.local_date)]
    rows = CalendarDay.objects.filter(branch=branch, day__in=[day for day, _lessons in days])
    reasons = dict(rows.values_list("day", "reason")) if days else {}
    return [(day, reasons.get(day, ""), of_day) for day, of_day in days]


class FillHolidaysView(OfBranchMixin, View):
    permission_required = "branches.add_calendarday"

    def post(self, request, *args, **kwargs):
        filled = fill_public_holidays(branch=self.branch, year=self.year)
        text = _("%(year)d: %(added)d public holidays added, %(changed)d changed, %(removed)d taken back.")
        messages.success(
            request,
            text
            % {
                "year": self.year,
                "added": filled.added,
                "changed": filled.changed,
                "removed": filled.removed,
            },
        )
        return self.back()


class RemoveCalendarDayView(StaffPageMixin, View):
    permission_required = "branches.delete_calendarday"

    def post(self, request, *args, **kwargs):
        day = get_object_or_404(CalendarDay.objects.visible_to(request.user), pk=kwargs["pk"])
        if not request.user.has_perm("branches.delete_calendarday", day):
            raise PermissionDenied
        remove_calendar_day(day=day, open_reason=_("Lessons as usual"))
        messages.success(request, _("The day follows the weekly timetable again."))
        return redirect(f"{reverse('calendar_days')}?branch={day.branch_id}&year={day.day.year}")


class AddSchoolBreakView(CalendarView):
    """The form of the calendar's page for school breaks; a mistake is shown there."""

    http_method_names = ("post",)
    permission_required = change_permission = "branches.add_schoolbreak"

    def post(self, request, *args, **kwargs):
        form = SchoolBreakForm(request.POST, prefix="break", instance=SchoolBreak(branch=self.branch))
        if not form.is_valid():
            return self.render_to_response(
                self.get_context_data(form=CalendarDaysForm(initial=self.get_initial()), break_form=form)
            )
        form.save()
        messages.success(request, _("The school break was written."))
        return self.back(form.instance.first_date.year)


class RemoveSchoolBreakView(StaffPageMixin, View):
    permission_required = "branches.delete_schoolbreak"

    def post(self, request, *args, **kwargs):
        pause = get_object_or_404(SchoolBreak.objects.visible_to(request.user), pk=kwargs["pk"])
        if not request.user.has_perm("branches.delete_schoolbreak", pause):
            raise PermissionDenied
        pause.delete()
        messages.success(request, _("The school break was removed."))
        return redirect(f"{reverse('calendar_days')}?branch={pause.branch_id}&year={pause.first_date.year}")


class MoveHitLessonsView(OfBranchMixin, FormView):
    """Says how many lessons of which classes go to the end, all or those of one day, and does it."""

    title = gettext_lazy("Move lessons off closed days")
    permission_required = "scheduling.change_lesson"
    template_name = "scheduling/calendar_move.html"
    form_class = HitLessonsForm

    def hits(self):
        lessons, day = super().hits(), self.shown.get("day")
        return lessons.filter(local_date=day) if day else lessons

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"lessons": self.hits()}

    def get_initial(self):
        return {"lessons": [lesson.pk for lesson in self.hits()]}

    def get_context_data(self, **kwargs):
        hits = sorted(self.hits(), key=lambda lesson: (lesson.class_group.name, lesson.class_group_id))
        by_class = groupby(hits, key=lambda lesson: lesson.class_group)
        return super().get_context_data(
            **kwargs,
            branch=self.branch,
            year=self.year,
            day=self.shown.get("day"),
            lesson_count=len(hits),
            classes=[(group, list(lessons)) for group, lessons in by_class],
        )

    def form_invalid(self, form):
        messages.error(self.request, _("Nothing was chosen, or the lessons have changed meanwhile: look again."))
        return self.back()

    def form_valid(self, form):
        lessons = list(form.cleaned_data["lessons"])
        try:
            added = move_to_the_end(branch=self.branch, lessons=lessons, by=self.request.user, now=self.now)
        except (ScheduleError, LessonClashError) as error:
            messages.error(self.request, str(error))
            return self.back()
        text = ngettext(
            "%(count)d lesson was cancelled, and its class has one more at the end.",
            "%(count)d lessons were cancelled, and their classes have as many more at the end.",
            len(added),
        )
        messages.success(self.request, text % {"count": len(added)})
        return self.back()
