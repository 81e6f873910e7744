"""Ways out of a clash between two classes, and out of an over-full class: whole series, not single lessons."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from branches.models import Room, User
from core.clock import WEEKDAYS, day_bounds, moment, monday_of, span_text
from scheduling.hours_of_day import hours_of_day, minutes_of, time_at
from scheduling.models import (
    Attendance,
    Booking,
    ClassGroup,
    ClassMember,
    KeptClash,
    Lesson,
    ScheduleRule,
)
from scheduling.qualified import teachers_for
from scheduling.taken import Taken
from scheduling.teaching_hours import TeachingHours

Kind = Booking.Kind
STEP = 30  # minutes
MOST = 3  # of one sort: a person chooses among few


@dataclass(frozen=True)
class Solution:
    """`key` names it in a form: it is looked for again before it is carried out."""

    key: str
    text: str
    group: ClassGroup
    lessons: tuple[Lesson, ...]
    teacher: User | None = None
    room: Room | None = None
    rule: ScheduleRule | None = None
    weekday: int | None = None
    start_time: time | None = None
    member: ClassMember | None = None
    target: ClassGroup | None = None


@dataclass(frozen=True)
class Side:
    """One of the two classes of a clash: its lessons that clash in time order, and what both classes want."""

    group: ClassGroup
    lessons: tuple[Lesson, ...]
    students: frozenset[int]  # all who are expected at these lessons
    kinds: frozenset[str]
    clashing_students: frozenset[int]

    @property
    def zone(self):
        return self.group.branch.time_zone

    @property
    def first_text(self):
        return span_text(self.lessons[0].starts_at, self.lessons[0].ends_at, self.zone)

    @property
    def span(self):
        return self.lessons[0].starts_at, max(lesson.ends_at for lesson in self.lessons)


def sides_of(groups, *, now):
    """The two sides of what two classes have against each other from `now` on; empty when nothing is left."""
    unsolved = KeptClash.objects.unsolved().upcoming(now)
    kept = list(unsolved.filter(lesson__class_group__in=groups, other__class_group__in=groups))
    related = ("class_group__course", "branch", "teacher", "room", "rule")
    lessons = Lesson.objects.planned().select_related(*related).order_by("starts_at", "pk")
    clashing = list(lessons.filter(pk__in={pk for clash in kept for pk in (clash.lesson_id, clash.other_id)}))
    own = {group: tuple(one for one in clashing if one.class_group_id == group.pk) for group in groups}
    return [_side(group, own[group], kept) for group in groups if own[group]]


def _side(group, lessons, kept):
    return Side(
        group=group,
        lessons=lessons,
        students=frozenset(Attendance.objects.filter(lesson__in=lessons).coming().student_ids()),
        kinds=frozenset(clash.kind for clash in kept),
        clashing_students=frozenset(clash.resource_id for clash in kept if clash.kind == Kind.STUDENT),
    )


def find_solutions(side, *, now):
    """What would end the clash from this side, the smallest change first: a few of each sort."""
    found = []
    if side.kinds == {Kind.STUDENT}:
        found += _other_classes(side.group, side.clashing_students, now=now)
    if Kind.TEACHER in side.kinds:
        found += _other_teachers(side)
    if Kind.ROOM in side.kinds:
        found += _other_rooms(side)
    return found + _other_times(side, now=now)


def find_seats(group, *, now):
    """For an over-full class: who could move to which class of the course, those who came last first."""
    too_many = group.members.filter(left_date__isnull=True).count() - group.capacity
    if too_many <= 0:
        return []
    latest = group.members.filter(left_date__isnull=True).order_by("-joined_date", "-pk")
    students = list(latest.values_list("enrolment__student_id", flat=True))
    return _other_classes(group, students[: too_many + MOST], now=now)


def _other_classes(group, student_ids, *, now):
    """Classes of the same course and branch with a free seat, at whose lessons the child is free."""
    others = ClassGroup.objects.filter(branch=group.branch, course=group.course).exclude(pk=group.pk).with_counts()
    lessons = defaultdict(list)
    for lesson in Lesson.objects.planned().filter(class_group__in=others, starts_at__gt=now).order_by("starts_at"):
        lessons[lesson.class_group_id].append(lesson)
    roomy = [one for one in others if lessons[one.pk] and one.student_count < one.capacity]
    if not roomy or not student_ids:
        return []
    ends_at = max(lesson.ends_at for one in roomy for lesson in lessons[one.pk])
    leaving = Lesson.objects.planned().filter(class_group=group, starts_at__gt=now).values("pk")
    taken = Taken({Kind.STUDENT: student_ids}, starts_at=now, ends_at=ends_at, lessons=leaving)
    members = group.members.filter(left_date__isnull=True, enrolment__student__in=student_ids)
    found = []
    for member in members.select_related("enrolment__student").order_by("-joined_date", "-pk"):
        free = [one for one in roomy if _is_free_at(taken, member.enrolment.student_id, lessons[one.pk])]
        free.sort(key=lambda one: (one.student_count - one.capacity, one.name))
        found += [_moved(member, one, lessons[one.pk]) for one in free[:MOST]]
    return found


def _is_free_at(taken, student_id, lessons):
    return all(taken.is_free(Kind.STUDENT, student_id, lesson.starts_at, lesson.ends_at) for lesson in lessons)


def _moved(member, target, lessons):
    text = _("%(child)s moves to %(class)s (%(taken)d of %(seats)d seats, next on %(when)s)") % {
        "child": member.enrolment.student,
        "class": target,
        "taken": target.student_count,
        "seats": target.capacity,
        "when": span_text(lessons[0].starts_at, lessons[0].ends_at, member.class_group.branch.time_zone),
    }
    key = f"child:{member.pk}:{target.pk}"
    return Solution(key, text, member.class_group, (), member=member, target=target)


def _other_teachers(side):
    """Those who may teach the course, who teach it already first."""
    experts = set(ClassGroup.objects.filter(course=side.group.course).values_list("teacher_id", flat=True))
    teachers = sorted(_teaching_then(side), key=lambda one: (one.pk not in experts, one.name))
    return [
        Solution(f"teacher:{side.group.pk}:{teacher.pk}", _taught_by(side, teacher), side.group, side.lessons, teacher)
        for teacher in _free(side, Kind.TEACHER, teachers)[:MOST]
    ]


def _teaching_then(side):
    """Other teachers of the course, by their own word at all lessons of the side."""
    own = {lesson.teacher_id for lesson in side.lessons}
    teachers = [one for one in teachers_for(side.group.course_id, side.group.branch) if one.pk not in own]
    hours = TeachingHours([one.pk for one in teachers], days=_days_of(side.lessons), time_zone=side.zone)
    spans = [(lesson.starts_at, lesson.ends_at) for lesson in side.lessons]
    return [one for one in teachers if all(hours.hold(one.pk, *span) for span in spans)]


def _other_rooms(side):
    """Rooms with enough seats, the smallest first."""
    rooms = Room.objects.filter(branch=side.group.branch, capacity__gte=len(side.students))
    free = _free(side, Kind.ROOM, list(rooms.exclude(pk__in=_rooms_of(side)).order_by("capacity", "name")))
    return [
        Solution(f"room:{side.group.pk}:{room.pk}", _held_in(side, room), side.group, side.lessons, room=room)
        for room in free[:MOST]
    ]


def _rooms_of(side):
    return {lesson.room_id for lesson in side.lessons} - {None}


def _free(side, kind, resources):
    """Those that are free at all lessons of the side."""
    start, end = side.span
    taken = Taken({kind: [one.pk for one in resources]}, starts_at=start, ends_at=end)
    return [
        one
        for one in resources
        if all(taken.is_free(kind, one.pk, lesson.starts_at, lesson.ends_at) for lesson in side.lessons)
    ]


def _taught_by(side, teacher):
    return ngettext(
        "%(teacher)s teaches %(class)s (%(n)d lesson)",
        "%(teacher)s teaches %(class)s (%(n)d lessons)",
        len(side.lessons),
    ) % {"teacher": teacher, "class": side.group, "n": len(side.lessons)}


def _held_in(side, room):
    return ngettext(
        "%(class)s goes to room %(room)s (%(n)d lesson)",
        "%(class)s goes to room %(room)s (%(n)d lessons)",
        len(side.lessons),
    ) % {"room": room, "class": side.group, "n": len(side.lessons)}


def _other_times(side, *, now):
    """Weekly times at which teacher, room and all children are free in every week of the weekly rule."""
    rule = side.lessons[0].rule
    if rule is None:
        return []
    lessons = list(rule.lessons.planned().filter(starts_at__gt=now, has_own_time=False).order_by("starts_at"))
    if not lessons:
        return []
    weeks = _Weeks(side, rule, lessons, now)
    free = [(weekday, at) for weekday, at in _candidates(rule, side.group.branch) if weeks.are_free(weekday, at)]
    return [_time_solution(side, rule, lessons, weekday, at) for weekday, at in free[:MOST]]


class _Weeks:
    """The weeks of the lessons of a rule: when all who are in them are free, and teach."""

    def __init__(self, side, rule, lessons, now):
        self.rule, self.lessons, self.now, self.zone = rule, lessons, now, side.zone
        self.resources = {
            Kind.TEACHER: {lesson.teacher_id for lesson in lessons},
            Kind.ROOM: {lesson.room_id for lesson in lessons} - {None},
            Kind.STUDENT: set(side.students),
        }
        first, last = _days_of(lessons)
        start, end = day_bounds(first, self.zone)[0], day_bounds(last, self.zone)[1]
        self.taken = Taken(self.resources, starts_at=start, ends_at=end, lessons=[lesson.pk for lesson in lessons])
        self.hours = TeachingHours(self.resources[Kind.TEACHER], days=(first, last), time_zone=self.zone)
        self.closed = set(side.group.branch.calendar_days.closed().values_list("day", flat=True))

    def are_free(self, weekday, at):
        """Whether the lessons could be at this time of each week."""
        days = [monday_of(lesson.local_date) + timedelta(days=weekday) for lesson in self.lessons]
        return all(day not in self.closed and self._is_free(moment(day, at, self.zone)) for day in days)

    def _is_free(self, starts_at):
        span = starts_at, starts_at + timedelta(minutes=self.rule.minutes)
        return (
            starts_at > self.now
            and all(self.taken.is_free(kind, pk, *span) for kind, ids in self.resources.items() for pk in ids)
            and all(self.hours.hold(pk, *span) for pk in self.resources[Kind.TEACHER])
        )


def _days_of(lessons):
    """The Monday of the first week and the Sunday of the last."""
    return monday_of(lessons[0].local_date), monday_of(lessons[-1].local_date) + timedelta(days=6)


def _candidates(rule, branch):
    """(weekday, wall-clock time), the same day and the nearest hour first."""
    usual = minutes_of(rule.start_time)
    first, last = hours_of_day(branch)
    times = range(first, last - rule.minutes + 1, STEP)
    spots = [(weekday, at) for weekday in range(7) for at in times if (weekday, at) != (rule.weekday, usual)]
    spots.sort(key=lambda spot: (spot[0] != rule.weekday, abs(spot[1] - usual), spot))
    return [(weekday, time_at(at)) for weekday, at in spots]


def _time_solution(side, rule, lessons, weekday, at):
    text = ngettext(
        "%(class)s meets on %(weekday)s at %(time)s (%(n)d lesson)",
        "%(class)s meets on %(weekday)s at %(time)s (%(n)d lessons)",
        len(lessons),
    ) % {"class": side.group, "weekday": WEEKDAYS[weekday], "time": f"{at:%H:%M}", "n": len(lessons)}
    key = f"time:{side.group.pk}:{rule.pk}:{weekday}:{at:%H%M}"
    return Solution(key, text, side.group, tuple(lessons), rule=rule, weekday=weekday, start_time=at)
