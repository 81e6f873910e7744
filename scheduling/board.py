"""What the timetable's board is told, as JSON: lessons, columns, closed days, and what is taken during a drag.

Times are wall-clock times of the branch, as the board shows them: it converts none.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from branches.models import CalendarDay, Room
from core.clock import day_bounds, moment
from scheduling.models import Attendance, Booking
from scheduling.teaching_hours import TeachingHours
from scheduling.timetable import By, State

Kind = Booking.Kind
NO_ROOM = "none"  # the column of lessons without a room
RESOURCE = {By.ROOM: "room_id", By.TEACHER: "teacher_id", By.CLASS: "class_group_id"}


def wall(at, time_zone):
    """A moment as the board writes it: 2026-11-28T09:00:00, without a zone."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%dT%H:%M:%S}"


def lesson_data(card, *, by, is_several=False):
    """One card of the board. A held or cancelled lesson never moves."""
    lesson, group = card.lesson, card.lesson.class_group
    zone = lesson.branch.time_zone
    url = reverse("lesson" if card.may_change else "roll_call", args=[lesson.pk])
    may_move = card.may_change and card.state in (State.PLANNED, State.UNCALLED)
    return {
        "id": lesson.pk,
        "version": lesson.version,
        "start": wall(lesson.starts_at, zone),
        "end": wall(lesson.ends_at, zone),
        "resource": str(getattr(lesson, RESOURCE[by]) or NO_ROOM) if by in RESOURCE else None,
        "class": str(group),
        "teacher": {"id": lesson.teacher_id, "name": str(lesson.teacher)},
        "room": {"id": lesson.room_id, "name": str(lesson.room)} if lesson.room else None,
        "place": str(lesson.branch) if is_several else "",
        "hue": card.hue,
        "color": lesson.branch.color if is_several else "",
        "state": card.state.value,
        "stateText": str(card.state.label),
        "count": card.count,
        "isOverfull": card.is_overfull,
        "isClash": card.is_clash,
        "mayMove": may_move,
        "url": url,
        "moveUrl": f"{url}move/" if may_move else "",  # cheaper than to look each of them up
        "slotsUrl": f"{url}slots/" if may_move else "",
        "seriesUrl": series_url(lesson) if may_move and lesson.rule_id else "",
    }


def series_url(lesson):
    """Where the weekly times of a class change from this lesson on."""
    try:
        return f"{reverse('class_times', args=[lesson.class_group_id])}?from={lesson.pk}"
    except NoReverseMatch:
        return ""


def resource_data(resources):
    """Columns or rows: rooms with their seats, teachers, classes; None is a lesson without a room."""
    return [
        {
            "id": str(resource.pk) if resource else NO_ROOM,
            "title": str(resource) if resource else _("No room"),
            "note": _seats(resource) if isinstance(resource, Room) else "",
        }
        for resource in resources
    ]


def _seats(room):
    return ngettext("%(n)d seat", "%(n)d seats", room.capacity) % {"n": room.capacity}


def alternative_data(alternative, time_zone):
    """What the board sends back when somebody takes it."""
    return {
        "kind": alternative.kind,
        "text": alternative.text,
        "start": wall(alternative.starts_at, time_zone),
        "end": wall(alternative.ends_at, time_zone),
        "teacher": alternative.teacher.pk,
        "room": alternative.room.pk if alternative.room else None,
    }


# --- free and taken time while a lesson is dragged ---


def slots_for(lesson, days, *, by, columns, is_by_cell):
    """What stands in the way of `lesson` in these days: [{start, end, resource, state, text}].

    `columns` are the ids of the rooms or teachers that it can be dragged to; a resource of None is every column.
    `is_by_cell`: a cell is a whole day, and the question is whether the lesson's own hours fit into it.
    """
    zone = lesson.branch.time_zone
    taken = [*_booked(lesson, days, by, columns), *_closed(lesson, days), *_unavailable(lesson, days, by, columns)]
    if is_by_cell:
        taken = [slot for day in days for column in columns or [None] for slot in _cell(lesson, day, column, taken)]
    return [slot | {"start": wall(slot["start"], zone), "end": wall(slot["end"], zone)} for slot in taken]


def _booked(lesson, days, by, columns):
    start, end = day_bounds(days[0], lesson.branch.time_zone)[0], day_bounds(days[-1], lesson.branch.time_zone)[1]
    wanted = {
        Kind.TEACHER: columns if by == By.TEACHER else [lesson.teacher_id],
        Kind.ROOM: columns if by == By.ROOM else [lesson.room_id],
        Kind.STUDENT: list(Attendance.objects.filter(lesson=lesson.pk).coming().student_ids()),
    }
    in_week = Booking.objects.overlapping(starts_at=start, ends_at=end).exclude(lesson=lesson.pk)
    rows = in_week.filter(
        kind__in=wanted, resource_id__in={pk for ids in wanted.values() for pk in ids if pk}
    ).values_list("kind", "resource_id", "starts_at", "ends_at", "lesson__class_group__name")
    texts = {
        Kind.TEACHER: _("Teacher taken by %(class)s"),
        Kind.ROOM: _("Room taken by %(class)s"),
        Kind.STUDENT: _("A child has %(class)s"),
    }
    own_kind = {By.TEACHER: Kind.TEACHER, By.ROOM: Kind.ROOM}.get(by)
    for kind, resource_id, starts_at, ends_at, class_name in rows:
        if resource_id in wanted[kind]:
            column = str(resource_id) if kind == own_kind else None
            yield _slot(starts_at, ends_at, "taken", texts[kind] % {"class": class_name}, column)


def _closed(lesson, days):
    for closed in CalendarDay.objects.closed().filter(branch=lesson.branch_id, day__range=(days[0], days[-1])):
        text = _("Closed: %(reason)s") % {"reason": closed.reason}
        yield _slot(*day_bounds(closed.day, lesson.branch.time_zone), "taken", text)


def _unavailable(lesson, days, by, columns):
    """The hours outside of what a teacher offers: possible, with a reason."""
    zone = lesson.branch.time_zone
    teacher_ids = columns if by == By.TEACHER else [lesson.teacher_id]
    hours = TeachingHours(teacher_ids, days=days, time_zone=zone)
    for teacher_id in teacher_ids:
        column = str(teacher_id) if by == By.TEACHER else None
        for day in days:
            for start, end in _outside(hours.windows_on(teacher_id, day), *day_bounds(day, zone), day, zone):
                yield _slot(start, end, "warn", _("Outside the teacher's hours"), column)
        for start, end in hours.away(teacher_id):
            yield _slot(start, end, "warn", _("The teacher is away"), column)


def _outside(windows, start, end, day, zone):
    """What of [start, end) the windows of a day leave out."""
    if windows is None:
        return
    for opens, closes in windows:
        if moment(day, opens, zone) > start:
            yield start, moment(day, opens, zone)
        start = max(start, moment(day, closes, zone))
    if start < end:
        yield start, end


def _slot(start, end, state, text, resource=None):
    return {"start": start, "end": end, "state": state, "text": text, "resource": resource}


def _cell(lesson, day, column, taken):
    """The day of one row: what is in the way of the lesson's hours there, or that it is free."""
    zone = ZoneInfo(lesson.branch.time_zone)
    starts_at = moment(day, lesson.starts_at.astimezone(zone).time(), lesson.branch.time_zone)
    ends_at = starts_at + (lesson.ends_at - lesson.starts_at)
    column = None if column is None else str(column)
    for slot in taken:
        if slot["resource"] in (None, column) and slot["start"] < ends_at and slot["end"] > starts_at:
            return [_day(day, slot["state"], slot["text"], column, zone)]
    return [_day(day, "free", pgettext("time", "Free"), column, zone)]


def _day(day, state, text, column, zone):
    midnight = datetime.combine(day, time(0), tzinfo=zone)
    return _slot(midnight, midnight + timedelta(days=1), state, text, column)
