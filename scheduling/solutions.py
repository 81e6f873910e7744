"""Ways out of a clash between two classes, and out of an over-full class: whole series, not single lessons."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from branches.models import Room, User
from core.clock import WEEKDAYS, moment, monday_of, span_text
from scheduling.models import (
    Attendance,
    Booking,
    ClassGroup,
    ClassMember,
    KeptClash,
    Lesson,
    Qualification,
    ScheduleRule,
)
from scheduling.taken import Taken

Kind = Booking.Kind
EARLIEST, LATEST = time(8), time(20, 30)  # no lesson of a child ends later (国办发〔2018〕80号)
STEP = 30  # minutes
MOST = 3  # of one sort: a person chooses among few


def minutes_of(wall_time):
    return wall_time.hour * 60 + wall_time.minute


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
    def first_text(self):
        first = self.lessons[0]
        return span_text(first.starts_at, first.ends_at, first.branch.time_zone)

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
    expected = Attendance.objects.filter(lesson__in=lessons).exclude(status=Attendance.Status.LEAVE)
    return Side(
        group=group,
        lessons=lessons,
        students=frozenset(expected.values_list("enrolment__student_id", flat=True)),
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
    branch = side.group.branch
    teachers = User.objects.teaching_at(branch).exclude(pk__in={lesson.teacher_id for lesson in side.lessons})
    qualified = Qualification.objects.filter(course=side.group.course)
    if qualified.exists():
        teachers = teachers.filter(qualifications__in=qualified)
    experts = set(ClassGroup.objects.filter(course=side.group.course).values_list("teacher_id", flat=True))
    free = _free(side, Kind.TEACHER, sorted(teachers, key=lambda one: (one.pk not in experts, one.name)))
    return [
        Solution(f"teacher:{side.group.pk}:{teacher.pk}", _taught_by(side, teacher), side.group, side.lessons, teacher)
        for teacher in free[:MOST]
    ]


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
    resources = _resources(side, lessons)
    start, end = _week_of(lessons[0], side.group.branch)[0], _week_of(lessons[-1], side.group.branch)[1]
    taken = Taken(resources, starts_at=start, ends_at=end, lessons=[lesson.pk for lesson in lessons])
    closed = set(side.group.branch.calendar_days.closed().values_list("day", flat=True))
    free = [
        (weekday, at)
        for weekday, at in _candidates(rule)
        if _fits(lessons, weekday, at, rule, resources, taken, closed, now=now, zone=side.group.branch.time_zone)
    ]
    return [_time_solution(side, rule, lessons, weekday, at) for weekday, at in free[:MOST]]


def _resources(side, lessons):
    return {
        Kind.TEACHER: {lesson.teacher_id for lesson in lessons},
        Kind.ROOM: {lesson.room_id for lesson in lessons} - {None},
        Kind.STUDENT: set(side.students),
    }


def _week_of(lesson, branch):
    monday = monday_of(lesson.local_date)
    return tuple(moment(monday + timedelta(days=days), time(0), branch.time_zone) for days in (0, 7))


def _candidates(rule):
    """(weekday, wall-clock time), the same day and the nearest hour first."""
    usual = minutes_of(rule.start_time)
    times = range(minutes_of(EARLIEST), minutes_of(LATEST) - rule.minutes + 1, STEP)
    spots = [(weekday, at) for weekday in range(7) for at in times if (weekday, at) != (rule.weekday, usual)]
    spots.sort(key=lambda spot: (spot[0] != rule.weekday, abs(spot[1] - usual), spot))
    return [(weekday, time(*divmod(at, 60))) for weekday, at in spots]


def _fits(lessons, weekday, at, rule, resources, taken, closed, *, now, zone):
    for lesson in lessons:
        day = monday_of(lesson.local_date) + timedelta(days=weekday)
        starts_at = moment(day, at, zone)
        ends_at = starts_at + timedelta(minutes=rule.minutes)
        if day in closed or starts_at <= now:
            return False
        if not all(taken.is_free(kind, pk, starts_at, ends_at) for kind, ids in resources.items() for pk in ids):
            return False
    return True


def _time_solution(side, rule, lessons, weekday, at):
    text = ngettext(
        "%(class)s meets on %(weekday)s at %(time)s (%(n)d lesson)",
        "%(class)s meets on %(weekday)s at %(time)s (%(n)d lessons)",
        len(lessons),
    ) % {"class": side.group, "weekday": WEEKDAYS[weekday], "time": f"{at:%H:%M}", "n": len(lessons)}
    key = f"time:{side.group.pk}:{rule.pk}:{weekday}:{at:%H%M}"
    return Solution(key, text, side.group, tuple(lessons), rule=rule, weekday=weekday, start_time=at)
