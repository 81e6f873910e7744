"""Finding and keeping clashes. The database refuses them (bookings.py); here is why, and who allowed one."""

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from branches.models import Branch, Room, User
from core.clock import span_text
from scheduling.bookings import CLASH
from scheduling.models import Booking, KeptClash, Lesson
from students.models import Student

Kind = Booking.Kind
MOST_SPANS = 200  # in one query; SQLite reads no deeper condition than 1,000


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
    """What stands in the way of `wanted`: one query, and a second one for what does.

    Lessons that are not booked (yet, or while they move past one another) are compared among themselves.
    """
    return [*_with_others(wanted), *_among_themselves(wanted)] if wanted else []


def _with_others(wanted):
    spans = _spans([want.lesson for want in wanted])
    standing = Booking.objects.overlapping_any(spans).filter(
        kind__in={want.kind for want in wanted}, resource_id__in={want.resource_id for want in wanted}
    )
    by_resource = defaultdict(list)
    for kind, resource_id, *booked in standing.values_list(
        "kind", "resource_id", "pk", "lesson_id", "starts_at", "ends_at"
    ):
        by_resource[kind, resource_id].append(booked)
    taken = [
        (want, pk)
        for want in wanted
        for pk, lesson_id, starts_at, ends_at in by_resource[want.kind, want.resource_id]
        if lesson_id != want.lesson.pk and starts_at < want.lesson.ends_at and ends_at > want.lesson.starts_at
    ]
    bookings = Booking.objects.select_related("lesson__class_group", "lesson__branch")
    found = bookings.in_bulk({pk for _want, pk in taken}) if taken else {}
    return [Clash(want.kind, want.resource_id, want.lesson, found[pk]) for want, pk in taken]


def _spans(lessons):
    """When something can be in the way: each time between the lessons that is free of them is left out.

    A term of a class is two dozen spans, and what its teacher and children do in between need not be read.
    """
    spans = []
    for starts_at, ends_at in sorted({(lesson.starts_at, lesson.ends_at) for lesson in lessons}):
        if spans and starts_at <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], ends_at)
        else:
            spans.append((starts_at, ends_at))
    return spans if len(spans) <= MOST_SPANS else [(spans[0][0], max(ends_at for _starts_at, ends_at in spans))]


def _among_themselves(wanted):
    overlaps = list(_overlaps(wanted))
    groups = _kept_groups([last.lesson.pk for _want, last in overlaps])
    return [Clash(want.kind, want.resource_id, want.lesson, _unsaved_booking(last, groups)) for want, last in overlaps]


def _overlaps(wanted):
    """Each want with the one before it that ends last; lessons that are booked were found by the query."""
    by_resource = defaultdict(list)
    for want in wanted:
        if not want.lesson.is_booked:
            by_resource[want.kind, want.resource_id].append(want)
    for wants in by_resource.values():
        wants.sort(key=lambda want: (want.lesson.starts_at, want.lesson.pk))
        last = None
        for want in wants:
            if last and last.lesson is not want.lesson and want.lesson.starts_at < last.lesson.ends_at:
                yield want, last
            if not last or want.lesson.ends_at > last.lesson.ends_at:
                last = want


def _kept_groups(lessons):
    """{(kind, resource, lesson): the smallest group of the clashes that were kept before}, in one query."""
    if not lessons:
        return {}
    kept = KeptClash.objects.filter(Q(lesson__in=lessons) | Q(other__in=lessons)).order_by("-clash_group")
    groups = {}
    for kind, resource_id, group, *pair in kept.values_list(
        "kind", "resource_id", "clash_group", "lesson_id", "other_id"
    ):
        groups |= {(kind, resource_id, pk): group for pk in pair}
    return groups


def _unsaved_booking(want, groups):
    """As the triggers will write it: in the group of a clash that was kept before, or in one of its own."""
    lesson = want.lesson
    return Booking(
        kind=want.kind,
        resource_id=want.resource_id,
        lesson=lesson,
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        clash_group=groups.get((want.kind, want.resource_id, lesson.pk), lesson.pk),
    )


def refuse_or_keep(wanted, *, reason, by, now):
    """Raise LessonClashError for what is taken, unless there is a reason to keep it: then store that.

    A clash of these two lessons that somebody kept before needs no new reason.
    """
    clashes = find_clashes(wanted)
    if not reason:
        clashes = _not_kept_before(clashes)
    if clashes and not reason:
        raise LessonClashError(clashes)
    by_resource = defaultdict(list)
    for clash in clashes:
        by_resource[clash.kind, clash.resource_id].append(clash)
    for of_one_resource in by_resource.values():
        _keep(of_one_resource, reason=reason, kept_by=by, kept_at=now)


def _not_kept_before(clashes):
    if not clashes:
        return []
    lessons = {pk for clash in clashes for pk in (clash.lesson.pk, clash.booking.lesson_id)}
    kept = KeptClash.objects.filter(lesson__in=lessons, other__in=lessons)
    known = {
        (kind, resource_id, frozenset(pair))
        for kind, resource_id, *pair in kept.values_list("kind", "resource_id", "lesson_id", "other_id")
    }
    return [
        clash
        for clash in clashes
        if (clash.kind, clash.resource_id, frozenset((clash.lesson.pk, clash.booking.lesson_id))) not in known
    ]


def _keep(clashes, **facts):
    """Store who keeps the clashes of one resource; the latest word on two lessons replaces an earlier one.

    Lessons that overlap knowingly share a clash group, which the database's rule lets pass. A lesson that
    overlaps two groups joins them: all their lessons let go of their time and take it again as one group.
    """
    resource = {"kind": clashes[0].kind, "resource_id": clashes[0].resource_id}
    kept = KeptClash.objects.filter(**resource)
    joined = _joined_groups(clashes, kept)
    bookings = Booking.objects.filter(**resource, clash_group__in=joined)
    moved = Lesson.objects.filter(pk__in=list(bookings.values_list("lesson_id", flat=True)))
    moved.update(is_booked=False)
    for group, joined_group in joined.items():
        kept.filter(clash_group=group).update(clash_group=joined_group)
    ours = {clash.lesson.pk for clash in clashes}
    theirs = {clash.booking.lesson_id for clash in clashes}
    kept.filter(Q(lesson__in=ours, other__in=theirs) | Q(lesson__in=theirs, other__in=ours)).delete()
    KeptClash.objects.bulk_create(
        [
            KeptClash(
                lesson=clash.lesson,
                other=clash.booking.lesson,
                clash_group=joined.get(clash.booking.clash_group, clash.booking.clash_group),
                **resource,
                **facts,
            )
            for clash in clashes
        ]
    )
    moved.update(is_booked=True)


def _joined_groups(clashes, kept):
    """{clash group: the smaller one it becomes part of}, over chains of overlapping lessons."""
    joined = {}

    def group_of(number):
        while number in joined:
            number = joined[number]
        return number

    own = {clash.lesson.pk: clash.lesson.pk for clash in clashes}
    for lesson, other, number in kept.values_list("lesson_id", "other_id", "clash_group"):
        own |= {pk: number for pk in (lesson, other) if pk in own}
    for clash in clashes:
        low, high = sorted((group_of(own[clash.lesson.pk]), group_of(clash.booking.clash_group)))
        if low != high:
            joined[high] = low
    return {number: group_of(number) for number in joined}


def lock_timetable():
    """One change of the timetable at a time, as SQLite has it anyway: nobody waits in a circle.

    A teacher or a child may be at several branches, so all of them wait.
    """
    list(Branch.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


@contextmanager
def clash_refused_by_database(wanted):
    """The database has the last word: its refusal becomes the sentence that a person reads."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if CLASH not in str(error):
            raise
        raise LessonClashError(find_clashes(wanted)) from error
