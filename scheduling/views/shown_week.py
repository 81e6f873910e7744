"""What of the timetable is asked for: shared by the page and by the data of its board."""

from datetime import timedelta
from functools import cached_property
from operator import attrgetter

from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from branches.models import CalendarDay, Room, User
from branches.pages import StaffPageMixin
from core.clock import day_bounds, local_date, monday_of
from scheduling.forms import ALL, WeekForm
from scheduling.models import Attendance, KeptClash, Lesson
from scheduling.timetable import By, Span, cards_of
from students.models import Student

# What a week can be narrowed to: the words for all of it, and the way to it from a lesson.
FILTERS = {
    "teacher": (_("All teachers"), "teacher"),
    "room": (_("All rooms"), "room"),
    "course": (_("All courses"), "class_group__course"),
}


class ShownWeekMixin(StaffPageMixin):
    """A week or a day of one branch, of one child, or of a teacher's own lessons."""

    title = _("Timetable")
    permission_required = "scheduling.view_timetable"

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required))

    @cached_property
    def shown(self):
        form = WeekForm(self.request.GET, branches=self.branches)
        if not form.is_valid() and {"branch", "student"} & set(form.errors):
            raise Http404
        return form.cleaned_data

    @cached_property
    def student(self):
        """The child whose week it is, if it is one's."""
        chosen = self.shown["student"]
        return get_object_or_404(Student.objects.visible_to(self.request.user), pk=chosen) if chosen else None

    @cached_property
    def branch(self):
        """The chosen one; None for all of them."""
        chosen = self.shown["branch"] or self._usual_branch()
        return next((branch for branch in self.branches if str(branch.pk) == chosen), None)

    def _usual_branch(self):
        """Where the person sees every lesson; the owner, a teacher and a child's week begin with all branches."""
        if len(self.branches) == 1:
            return str(self.branches[0].pk)
        whole = self.whole_branch_ids or set()
        return ALL if self.student else next((str(one.pk) for one in self.branches if one.pk in whole), ALL)

    @cached_property
    def whole_branch_ids(self):
        """Where the person sees every lesson and not only the own ones; None is everywhere."""
        return self.request.user.branch_ids_with("scheduling.view_lesson")

    @property
    def is_own(self):
        """A teacher sees the own lessons, nobody else's."""
        return self.whole_branch_ids == set()

    @property
    def is_overview(self):
        return self.branch is None and not self.is_own and not self.student

    @property
    def here(self):
        return [self.branch] if self.branch else self.branches

    @property
    def time_zone(self):
        return self.here[0].time_zone if self.here else timezone.get_current_timezone_name()

    @property
    def by(self):
        return By(self.shown.get("by") or By.DAY)

    @property
    def is_one_day(self):
        return self.by != By.DAY and self.shown.get("span") == Span.DAY

    # --- the days ---

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def today(self):
        return local_date(self.now, self.time_zone)

    @cached_property
    def day(self):
        return self.shown.get("day") or self.today

    @cached_property
    def days(self):
        return [monday_of(self.day) + timedelta(days=offset) for offset in range(7)]

    def bounds(self):
        """[start, end) of the week."""
        return day_bounds(self.days[0], self.time_zone)[0], day_bounds(self.days[-1], self.time_zone)[1]

    def closed_days(self):
        return CalendarDay.objects.closed().filter(branch__in=self.here, day__range=(self.days[0], self.days[-1]))

    def closed_reasons(self):
        """A day closed at one of several branches is not a closed day."""
        return {closed.day: closed.reason for closed in self.closed_days()} if self.branch else {}

    # --- the lessons ---

    def lessons(self):
        lessons = Lesson.objects.visible_to(self.request.user).filter(branch__in=self.here)
        if not self.student:
            return lessons
        expected = Attendance.objects.filter(enrolment__student=self.student, lesson=OuterRef("pk"))
        return lessons.filter(Exists(expected))

    def kept_clashes(self):
        return KeptClash.objects.visible_to(self.request.user).filter(lesson__branch__in=self.here).unsolved()

    @cached_property
    def lessons_of_week(self):
        return list(self.lessons().between(*self.bounds()).for_timetable())

    @cached_property
    def filters(self):
        return list(_filters(self.lessons_of_week, self.shown, self.lessons()))

    @cached_property
    def cards(self):
        lessons = _filtered(self.lessons_of_week, self.filters)
        clashing_ids = _clashing_ids(self.kept_clashes(), *self.bounds())
        return cards_of(lessons, clashing_ids=clashing_ids, now=self.now, may_change=self.may_change)

    def may_change(self, lesson):
        return self._changing_branch_ids is None or lesson.branch_id in self._changing_branch_ids

    @cached_property
    def _changing_branch_ids(self):
        return self.request.user.branch_ids_with("scheduling.change_lesson")

    @property
    def is_narrowed(self):
        return bool(self.student or any(self.shown.get(name) for name in FILTERS))

    def rooms(self):
        """Every room, so that a free one is seen, unless the page is narrowed to something."""
        if self.by != By.ROOM or self.is_narrowed:
            return []
        return Room.objects.visible_to(self.request.user).filter(branch__in=self.here)

    def free_teachers(self):
        """Who could take a lesson over by a drag: every teacher of the branch."""
        is_needed = self.by == By.TEACHER and self.branch and not self.is_narrowed
        return User.objects.teaching_at(self.branch) if is_needed and self.may_change_here else []

    @property
    def may_change_here(self):
        ids = self._changing_branch_ids
        return ids is None or bool(self.branch and self.branch.pk in ids)


def _filters(lessons, shown, all_lessons):
    """What occurs in these lessons, and what was chosen even where it does not occur in this week."""
    for name, (label, lookup) in FILTERS.items():
        get = attrgetter(lookup.replace("__", "."))
        found = {get(lesson) for lesson in lessons} - {None}
        chosen = shown.get(name)
        if chosen and chosen not in {choice.pk for choice in found}:
            elsewhere = all_lessons.filter(**{lookup: chosen}).select_related(lookup).first()
            found |= {get(elsewhere)} if elsewhere else set()
            chosen = chosen if elsewhere else None
        if len(found) < 2 and not chosen:
            continue  # nothing to narrow
        yield {"name": name, "label": label, "choices": sorted(found, key=str), "chosen": chosen, "get": get}


def _filtered(lessons, filters):
    """The lessons that pass every chosen filter."""
    for row in filters:
        if row["chosen"]:
            lessons = [one for one in lessons if getattr(row["get"](one), "pk", None) == row["chosen"]]
    return lessons


def _clashing_ids(kept, start, end):
    """Both lessons of each clash in [start, end): they overlap, so one of them tells for both."""
    in_time = kept.filter(lesson__starts_at__lt=end, lesson__ends_at__gt=start)
    return {pk for pair in in_time.values_list("lesson_id", "other_id") for pk in pair}
