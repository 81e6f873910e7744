"""Finding and keeping clashes. The database refuses them (bookings.py); here is why, and who allowed one."""

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from branches.models import Room, User
from core.clock import span_text
from scheduling.bookings import CLASH
from scheduling.models import Booking, KeptClash, Lesson
from students.models import Student

Kind = Booking.Kind


@dataclass(frozen=True)
class Wanted:
    """`lesson` needs the teacher, room or child `resource_id` for its time."""

    kind: str
    resource_id: int
    lesson: Lesson


@dataclass(frozen=True)
class Clash:
    """What `lesson` wants is taken by `booking`."""

    kind: str
    resource_id: int
    lesson: Lesson
    booking: Booking

    def __str__(self):
        other = self.booking.lesson
        return _("%(who)s is taken by %(class)s, %(when)s.") % {
            "who": {Kind.TEACHER: User, Kind.ROOM: Room, Kind.STUDENT: Student}[self.kind].objects.get(
                pk=self.resource_id
            ),
            "class": other.class_group,
            "when": span_text(other.starts_at, other.ends_at, other.branch.time_zone),
        }


class LessonClashError(Exception):
    """A teacher, room or child would be in two places at once. `clashes` says which, and with what."""

    def __init__(self, clashes):
        self.clashes = clashes
        shown = " ".join(str(clash) for clash in clashes[:3])
        super().__init__(shown or _("Somebody else has just taken this time. Look at the timetable and try again."))


def wanted_by(lesson, student_ids=()):
    """All that a lesson needs for its time."""
    return [
        Wanted(Kind.TEACHER, lesson.teacher_id, lesson),
        *([Wanted(Kind.ROOM, lesson.room_id, lesson)] if lesson.room_id else []),
        *(Wanted(Kind.STUDENT, student_id, lesson) for student_id in student_ids),
    ]


def find_clashes(wanted):
    """What stands in the way of `wanted`, in one query."""
    if not wanted:
        return []
    standing = (
        Booking.objects.overlapping(
            starts_at=min(want.lesson.starts_at for want in wanted),
            ends_at=max(want.lesson.ends_at for want in wanted),
        )
        .filter(
            kind__in={want.kind for want in wanted}, resource_id__in={want.resource_id for want in wanted}
        )
        .select_related("lesson__class_group", "lesson__branch")
    )
    by_resource = defaultdict(list)
    for booking in standing:
        by_resource[booking.kind, booking.resource_id].append(booking)
    return [
        Clash(want.kind, want.resource_id, want.lesson, booking)
        for want in wanted
        for booking in by_resource[want.kind, want.resource_id]
        if booking.lesson_id != want.lesson.pk
        and booking.starts_at < want.lesson.ends_at
        and booking.ends_at > want.lesson.starts_at
    ]


def refuse_or_keep(wanted, *, reason, by, now):
    """Raise LessonClashError for what is taken, unless there is a reason to keep it: then store that."""
    clashes = find_clashes(wanted)
    if clashes and not reason:
        raise LessonClashError(clashes)
    if clashes:
        _keep(clashes, reason=reason, by=by, now=now)


def _keep(clashes, *, reason, by, now):
    """Lessons that overlap knowingly share a clash group, which the database's rule lets pass."""
    groups = _joined_groups(clashes)
    KeptClash.objects.bulk_create(
        [
            KeptClash(
                kind=clash.kind,
                resource_id=clash.resource_id,
                lesson=clash.lesson,
                other=clash.booking.lesson,
                clash_group=groups[clash.kind, clash.resource_id, clash.lesson.pk],
                reason=reason,
                kept_by=by,
                kept_at=now,
            )
            for clash in clashes
        ],
        ignore_conflicts=True,
    )
    # A touch: the triggers book the other lessons again, in the joined group.
    Lesson.objects.filter(pk__in={clash.booking.lesson_id for clash in clashes}).update(is_booked=True)


def _joined_groups(clashes):
    """The smallest clash group among those that a lesson overlaps, per resource and lesson."""
    groups = {}
    for clash in clashes:
        key = clash.kind, clash.resource_id, clash.lesson.pk
        groups[key] = min(groups.get(key, clash.booking.clash_group), clash.booking.clash_group)
    return groups


def lock_resources(lessons):
    """One at a time per teacher and room, always in the same order, so that nobody waits in a circle."""
    for model, ids in (
        (User, {lesson.teacher_id for lesson in lessons}),
        (Room, {lesson.room_id for lesson in lessons if lesson.room_id}),
    ):
        list(model.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))


@contextmanager
def clash_refused_by_database():
    """The database has the last word: its refusal becomes the sentence that a person reads."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if CLASH not in str(error):
            raise
        raise LessonClashError([]) from error
