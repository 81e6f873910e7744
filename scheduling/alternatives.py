"""Three ways out for one lesson that finds its time taken: another room, another teacher, another time."""

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice, zip_longest
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from branches.models import Room, User
from core.clock import day_bounds, hours_text, local_date, moment, monday_of, span_text
from scheduling.findings import check_rules
from scheduling.hours_of_day import hours_of_day, minutes_of, time_at
from scheduling.models import Attendance, Booking, Lesson, TrialBooking
from scheduling.qualified import teachers_for
from scheduling.rule_checks import CHECKS, ROOM, TEACHER, TIME
from scheduling.taken import Taken
from scheduling.teaching_hours import TeachingHours

Kind = Booking.Kind
STEP = 15  # minutes between two times that are tried
WEEKS = 2  # that are looked through: the wanted one first
CANDIDATES = {"room": 3, "teacher": 3, "time": 8}  # that the rules are asked about
UNCHANGED = object()


@dataclass(frozen=True)
class Alternative:
    """A time, teacher and room that are free together. `kind` is what differs from what was wanted."""

    kind: str  # "room", "teacher" or "time"
    starts_at: datetime
    ends_at: datetime
    teacher: User
    room: Room | None
    text: str


@dataclass(frozen=True)
class Search:
    """All that is known about the weeks around the wanted time: read once, in as many queries as there are lines."""

    lesson: Lesson
    starts_at: datetime
    ends_at: datetime
    teacher: User
    room: Room | None
    now: datetime
    days: list
    students: list
    rooms: list
    teachers: list
    closed: set
    taken: Taken
    hours: TeachingHours

    @property
    def zone(self):
        return self.lesson.branch.time_zone

    def is_free_for_children(self, starts_at, ends_at):
        return all(self.taken.is_free(Kind.STUDENT, pk, starts_at, ends_at) for pk in self.students)

    def is_free_for_teacher(self, teacher, starts_at, ends_at):
        is_free = self.taken.is_free(Kind.TEACHER, teacher.pk, starts_at, ends_at)
        return is_free and self.hours.hold(teacher.pk, starts_at, ends_at)

    def is_free_room(self, room, starts_at, ends_at):
        return room is None or self.taken.is_free(Kind.ROOM, room.pk, starts_at, ends_at)


def find_alternatives(lesson, *, now, starts_at=None, ends_at=None, teacher=None, room=UNCHANGED, limit=3):
    """Up to `limit` ways for `lesson` that are free and within the rules: mixed kinds, the nearest first.

    The others say where it was wanted; what is left out is as it stands now.
    """
    search = _search(
        lesson,
        starts_at or lesson.starts_at,
        ends_at or lesson.ends_at,
        teacher or lesson.teacher,
        lesson.room if room is UNCHANGED else room,
        now,
    )
    by_kind = [
        islice(find(search), CANDIDATES[kind])
        for kind, find in (("room", _other_rooms), ("teacher", _other_teachers), ("time", _other_times))
    ]
    mixed = [found for found in chain.from_iterable(zip_longest(*by_kind)) if found]
    return list(islice(_one_time_a_day(_within_rules(search, mixed), search.zone), limit))


def _one_time_a_day(alternatives, time_zone):
    days = set()
    for one in alternatives:
        day = local_date(one.starts_at, time_zone)
        if one.kind != "time" or day not in days:
            yield one
        if one.kind == "time":
            days.add(day)


def _within_rules(search, alternatives):
    """Those that no rule speaks against which does not speak against the lesson as it stands."""
    lessons = [_moved(search.lesson, one) for one in alternatives]
    refused = {
        id(finding.lesson)
        for finding in check_rules(lessons, now=search.now, is_apart=True)
        if CHECKS[finding.rule.code].facts & _changed(search.lesson, finding.lesson)
    }
    return [one for one, lesson in zip(alternatives, lessons, strict=True) if id(lesson) not in refused]


def _moved(lesson, place):
    moved = copy.copy(lesson)
    moved.starts_at, moved.ends_at = place.starts_at, place.ends_at
    moved.teacher, moved.room = place.teacher, place.room
    return moved


def _changed(lesson, moved):
    facts = {
        TIME: (lesson.starts_at, lesson.ends_at) != (moved.starts_at, moved.ends_at),
        TEACHER: lesson.teacher_id != moved.teacher_id,
        ROOM: lesson.room_id != moved.room_id,
    }
    return {fact for fact, is_changed in facts.items() if is_changed}


def _search(lesson, starts_at, ends_at, teacher, room, now):
    branch = lesson.branch
    monday = monday_of(local_date(starts_at, branch.time_zone))
    days = [monday + timedelta(days=number) for number in range(7 * WEEKS)]
    students = list(Attendance.objects.filter(lesson=lesson.pk).coming().student_ids())
    seats = TrialBooking.objects.number_in(lesson) + len(students)
    rooms = list(Room.objects.filter(branch=branch, capacity__gte=seats))
    teachers = teachers_for(lesson.class_group.course_id, branch)
    resources = {
        Kind.STUDENT: students,
        Kind.ROOM: {one.pk for one in [*rooms, room] if one},
        Kind.TEACHER: {one.pk for one in [*teachers, teacher]},
    }
    return Search(
        lesson=lesson,
        starts_at=starts_at,
        ends_at=ends_at,
        teacher=teacher,
        room=room,
        now=now,
        days=days,
        students=students,
        rooms=rooms,
        teachers=teachers,
        closed=set(branch.calendar_days.closed().filter(day__range=(days[0], days[-1])).values_list("day", flat=True)),
        taken=Taken(
            resources,
            starts_at=day_bounds(days[0], branch.time_zone)[0],
            ends_at=day_bounds(days[-1], branch.time_zone)[1],
            lessons=[lesson.pk],
        ),
        hours=TeachingHours(resources[Kind.TEACHER], days=days, time_zone=branch.time_zone),
    )


def _is_possible(search):
    """Whether the wanted time itself is open, so that another room or teacher could do."""
    is_open = local_date(search.starts_at, search.zone) not in search.closed and search.starts_at > search.now
    return is_open and search.is_free_for_children(search.starts_at, search.ends_at)


def _other_rooms(search):
    """The rooms nearest in size to the class first: a small class does not take the hall."""
    span = search.starts_at, search.ends_at
    if not (search.room and _is_possible(search) and search.is_free_for_teacher(search.teacher, *span)):
        return
    for room in _by_fit(search):
        if room != search.room and search.is_free_room(room, *span):
            text = _("%(when)s in %(room)s") % {"when": hours_text(*span, search.zone), "room": room}
            yield Alternative("room", *span, search.teacher, room, text)


def _by_fit(search):
    capacity = search.lesson.class_group.capacity
    return sorted(
        search.rooms, key=lambda room: (room.capacity < capacity, abs(room.capacity - capacity), room.name, room.pk)
    )


def _other_teachers(search):
    """Those who know the class first: its class teacher, then by name."""
    span = search.starts_at, search.ends_at
    if not (_is_possible(search) and search.is_free_room(search.room, *span)):
        return
    class_teacher = search.lesson.class_group.teacher_id
    for teacher in sorted(search.teachers, key=lambda one: (one.pk != class_teacher, one.name, one.pk)):
        if teacher != search.teacher and search.is_free_for_teacher(teacher, *span):
            text = _("%(when)s with %(teacher)s") % {"when": hours_text(*span, search.zone), "teacher": teacher}
            yield Alternative("teacher", *span, teacher, search.room, text)


def _other_times(search):
    """The wanted day first, then the nearest days of the wanted week, then of the next."""
    wanted_day = local_date(search.starts_at, search.zone)
    week = monday_of(wanted_day)
    days = [day for day in search.days if day not in search.closed]
    for day in sorted(days, key=lambda day: (monday_of(day) != week, abs(day - wanted_day), day)):
        yield from _nearest_on(search, day)


def _nearest_on(search, day):
    """The nearest free time of a day, and the nearest on its other side: a rule may speak against the first.

    In the wanted room; in another that fits where the wanted one is never free on this day.
    """
    spans = [span for span in _spans_on(search, day) if _is_free_for_people(search, *span)]
    for rooms in ([search.room], _by_fit(search) if search.room else []):
        found = [_at(search, span, rooms) for span in spans]
        by_side = {}
        for one in filter(None, found):
            by_side.setdefault(one.starts_at < _wanted_hour_on(search, day), one)
        if by_side:
            yield from by_side.values()
            return


def _wanted_hour_on(search, day):
    return moment(day, search.starts_at.astimezone(ZoneInfo(search.zone)).time(), search.zone)


def _is_free_for_people(search, starts_at, ends_at):
    span = starts_at, ends_at
    return search.is_free_for_teacher(search.teacher, *span) and search.is_free_for_children(*span)


def _spans_on(search, day):
    """(starts_at, ends_at) within the hours of a day, the wanted hour first; none in the past."""
    length = search.ends_at - search.starts_at
    minutes = minutes_of(search.starts_at.astimezone(ZoneInfo(search.zone)))
    first, last = hours_of_day(search.lesson.branch)
    starts = {minutes, *range(first, last, STEP)}
    for start in sorted(starts, key=lambda start: (abs(start - minutes), start)):
        starts_at = moment(day, time_at(start), search.zone)
        is_within = first <= start and start + length.total_seconds() / 60 <= last
        if is_within and starts_at > search.now and starts_at != search.starts_at:
            yield starts_at, starts_at + length


def _at(search, span, rooms):
    """This time in the first of `rooms` that is free; None when none is."""
    room = next((room for room in rooms if search.is_free_room(room, *span)), UNCHANGED)
    if room is UNCHANGED:
        return None
    when = span_text(*span, search.zone)
    text = when if room == search.room else _("%(when)s in %(room)s") % {"when": when, "room": room}
    return Alternative("time", *span, search.teacher, room, text)
