"""Calendar feeds: who may make one for what, behind which secret, and the lessons in it.

The address is the key: whoever has it reads the lessons without signing in. Only its hash is kept, so that nobody
who sees the database can read a feed; a lost address is revoked, and another one made.
"""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.db.models import Count, Exists, OuterRef, Q, Subquery

from branches.models import Room, User
from scheduling.models import Attendance, CalendarFeed, ClassGroup, Lesson, LessonChange
from students.models import Student

Kind = CalendarFeed.Kind
SECRET_BYTES = 24  # 192 bits: not to be guessed
PAST, FUTURE = timedelta(days=30), timedelta(days=180)  # what a feed holds, from today
READ_EVERY = timedelta(hours=1)  # a reading is written down no more often
MODELS = {Kind.TEACHER: User, Kind.ROOM: Room, Kind.CLASS: ClassGroup, Kind.STUDENT: Student}
_FACTS = (
    "pk",
    "version",
    "status",
    "starts_at",
    "ends_at",
    "number",
    "class_group__name",
    "class_group__lessons_total",
    "class_group__course__name",
    "teacher__name",
    "room__name",
    "branch__name",
    "branch__address",
    "branch__time_zone",
    "children",
    "changed_at",
)


def create_feed(*, kind, resource, by, now):
    """Returns the feed and its secret, which is known to nobody from here on but to who was told."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    feed = CalendarFeed.objects.create(
        kind=kind, resource_id=resource.pk, secret_hash=_hash_of(secret), created_by=by, created_at=now
    )
    return feed, secret


def revoke_feed(*, feed, now):
    """From now on the address leads nowhere; doing it again changes nothing."""
    CalendarFeed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now)


def find_feed(secret):
    """The feed behind an address; None for an unknown or revoked one, and of a teacher who has left.

    Looked up by hash: how long it takes says nothing about the secret.
    """
    feed = CalendarFeed.objects.filter(secret_hash=_hash_of(secret), revoked_at__isnull=True).first()
    subject = feed and subject_of(feed)
    is_gone = subject is None or (feed.kind == Kind.TEACHER and not subject.is_active)
    return None if is_gone else feed


def _hash_of(secret):
    return sha256(secret.encode()).hexdigest()


def record_reading(*, feed, now):
    """So that people see which addresses are still in use."""
    long_ago = Q(read_at__isnull=True) | Q(read_at__lte=now - READ_EVERY)
    CalendarFeed.objects.filter(long_ago, pk=feed.pk).update(read_at=now)


def subject_of(feed):
    """The teacher, room, class or child."""
    return MODELS[feed.kind].objects.filter(pk=feed.resource_id).first()


# --- who may make and revoke which -----------------------------------------------------------------------


def subjects_for(user):
    """{kind: those for whom the user may make a feed, and revoke it}: a teacher for the own lessons."""
    managed = user.branch_ids_with("scheduling.add_calendarfeed")
    known = user.branch_ids_with("students.change_student")
    colleagues = _of(User.objects.all(), managed)
    own = User.objects.filter(pk=user.pk)
    return {
        Kind.TEACHER: User.objects.filter(Q(pk__in=colleagues.values("pk")) | Q(pk__in=own.values("pk"))),
        Kind.ROOM: _of(Room.objects.all(), managed),
        Kind.CLASS: _of(ClassGroup.objects.all(), managed),
        Kind.STUDENT: _of(Student.objects.all(), known),
    }


def _of(rows, branch_ids):
    return rows if branch_ids is None else rows.in_branches(branch_ids)


def feeds_visible_to(user):
    """Those of whom the user may make feeds for, revoked ones too."""
    visible = Q()
    for kind, subjects in subjects_for(user).items():
        visible |= Q(kind=kind, resource_id__in=subjects.values("pk"))
    return CalendarFeed.objects.filter(visible).select_related("created_by").order_by("-created_at", "-pk")


def with_subjects(feeds):
    """[(feed, the teacher, room, class or child)]: a query per kind."""
    ids = {kind: {feed.resource_id for feed in feeds if feed.kind == kind} for kind in MODELS}
    found = {kind: MODELS[kind].objects.in_bulk(pks) for kind, pks in ids.items() if pks}
    return [(feed, found[feed.kind].get(feed.resource_id)) for feed in feeds]


# --- the lessons -----------------------------------------------------------------------------------------


def facts_of_feed(feed, *, now):
    """What the calendar shows, a named row per lesson: the same rows are the same calendar, the whole day long.

    Cancelled lessons stay, so that calendars strike them out. A child on leave has no lesson.
    """
    lessons = _lessons_of(feed).between(*window(now))
    changes = LessonChange.objects.filter(lesson=OuterRef("pk")).order_by("-change__at")
    comes = Count("attendances", filter=~Q(attendances__status=Attendance.Status.LEAVE))
    rows = lessons.annotate(children=comes, changed_at=Subquery(changes.values("change__at")[:1]))
    return list(rows.order_by("starts_at", "pk").values_list(*_FACTS, named=True))


def window(now):
    """[start, end) of what a feed holds, UTC."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - PAST, today + FUTURE


def _lessons_of(feed):
    if feed.kind == Kind.STUDENT:
        seats = Attendance.objects.filter(lesson=OuterRef("pk"), enrolment__student=feed.resource_id)
        return Lesson.objects.filter(Exists(seats.coming()))
    column = {Kind.TEACHER: "teacher", Kind.ROOM: "room", Kind.CLASS: "class_group"}[feed.kind]
    return Lesson.objects.filter(**{column: feed.resource_id})
