"""Opening a class: its facts, its weekly times and its dated lessons, drawn up first and then made in one go."""

from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch, CalendarDay, Room, User
from courses.models import Course
from scheduling.clashes import Clash, find_clashes, lock_timetable, wanted_by
from scheduling.findings import Finding, check_rules
from scheduling.hours_of_day import minutes_of
from scheduling.models import ClassGroup, Lesson, ScheduleRule
from scheduling.services.locks import ScheduleError
from scheduling.services.planning import plan_lessons, slots_after


@dataclass(frozen=True)
class WeeklySlot:
    """A weekly time at the branch's wall clock, with who teaches and where."""

    weekday: int
    start_time: time
    minutes: int
    teacher: User | None = None
    room: Room | None = None

    @property
    def facts(self):
        return (self.weekday, self.start_time, self.minutes, self.teacher, self.room)

    @property
    def in_week(self):
        """[start, end) in minutes since Monday, midnight."""
        start = self.weekday * 24 * 60 + minutes_of(self.start_time)
        return start, start + self.minutes


@dataclass(frozen=True)
class NewClass:
    """A class as it is drawn up; nothing of it is saved yet."""

    branch: Branch
    course: Course
    name: str
    teacher: User
    slots: tuple[WeeklySlot, ...]
    first_date: date
    lessons_total: int
    capacity: int
    is_capacity_hard: bool = False
    level: str = ""
    credits_per_lesson: Decimal = Decimal(1)

    def group(self):
        return ClassGroup(**{name: value for name, value in vars(self).items() if name != "slots"})

    def rules(self, group):
        return [rule_of(group, slot, self.first_date) for slot in self.slots]


@dataclass(frozen=True)
class Draft:
    """The lessons that a class would have, what falls out in between and why, and what is in the way."""

    lessons: list[Lesson]
    skipped: list[CalendarDay] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def last_date(self):
        return self.lessons[-1].local_date if self.lessons else None

    @property
    def days(self):
        """Lessons with what speaks against them, and skipped days, in one row by date."""
        against = {id(lesson): [] for lesson in self.lessons}
        for one in [*self.clashes, *self.findings]:
            against[id(one.lesson)].append(str(one))
        rows = [
            (lesson.local_date, lesson.number, {"lesson": lesson, "against": against[id(lesson)]})
            for lesson in self.lessons
        ]
        rows += [(closed.day, 0, {"skipped": closed}) for closed in self.skipped]
        return [row for _day, _number, row in sorted(rows, key=lambda row: row[:2])]

    @property
    def clashing_number(self):
        """Lessons that something speaks against."""
        return len({id(one.lesson) for one in [*self.clashes, *self.findings]})


def rule_of(group, slot, valid_from):
    weekday, start_time, minutes, teacher, room = slot.facts
    return ScheduleRule(
        class_group=group,
        weekday=weekday,
        start_time=start_time,
        minutes=minutes,
        teacher=teacher,
        room=room,
        valid_from=valid_from,
    )


def draw_up(new_class, *, now):
    """The Draft of a class: the lessons that `open_class` would make, by the same rules. Writes nothing."""
    group = new_class.group()
    slots = slots_after(group, new_class.rules(group), new_class.first_date)
    lessons = list(islice(slots, new_class.lessons_total))
    for number, lesson in enumerate(lessons, start=1):
        lesson.number = number
    return Draft(
        lessons=lessons,
        skipped=skipped_days(group.branch, new_class.slots, new_class.first_date, lessons),
        clashes=find_clashes([want for lesson in lessons for want in wanted_by(lesson)]),
        findings=check_rules(lessons, now=now),
    )


def skipped_days(branch, slots, first_date, lessons):
    """The days among the lessons on which the class would meet, but for the branch's calendar."""
    if not lessons:
        return []
    weekdays = {slot.weekday for slot in slots}
    special = branch.calendar_days.filter(day__range=(first_date, lessons[-1].local_date))
    days = special.exclude(kind=CalendarDay.Kind.OPEN).exclude(runs_weekday__in=weekdays).order_by("day")
    return [day for day in days if day.day.weekday() in weekdays]


def overlapping_slots(slots):
    """Two weekly times of one class that overlap, or None. A week is a circle: Sunday night meets Monday."""
    spans = sorted(slot.in_week for slot in slots)
    week = 7 * 24 * 60
    following = [*spans[1:], *[(start + week, end + week) for start, end in spans[:1]]]
    return next((pair for pair in zip(spans, following, strict=True) if pair[1][0] < pair[0][1]), None)


@transaction.atomic
def open_class(*, new_class, by, now, keep_reason=""):
    """Make the class with its weekly times and all its lessons; returns the class.

    Raises ScheduleError for a name that the branch has already or a class without weekly times,
    LessonClashError when the teacher or the room is taken and RuleRefusedError when a rule speaks against lessons,
    and no `keep_reason` is given.
    """
    lock_timetable()
    if ClassGroup.objects.filter(branch=new_class.branch, name=new_class.name).exists():
        raise ScheduleError(
            _("%(branch)s has a class “%(name)s” already: choose another name.")
            % {"branch": new_class.branch, "name": new_class.name}
        )
    if not new_class.slots or overlapping_slots(new_class.slots):
        raise ScheduleError(_("A class needs at least one weekly time, and no two that overlap."))
    group = new_class.group()
    group.save()
    ScheduleRule.objects.bulk_create(new_class.rules(group))
    plan_lessons(class_group=group, by=by, now=now, keep_reason=keep_reason)
    return group


def propose_name(branch, course):
    """The course with the next free number: 围棋3班."""
    taken = set(ClassGroup.objects.filter(branch=branch, name__startswith=course.name).values_list("name", flat=True))
    number = 1
    while (name := _("%(course)s class %(number)d") % {"course": course, "number": number}) in taken:
        number += 1
    return name[:50]
