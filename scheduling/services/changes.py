"""The one way in which lessons change: checked, refused or allowed with a reason, recorded, told, undone."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import local_date
from scheduling.clashes import Wanted, clash_refused_by_database, lock_timetable, refuse_or_keep, wanted_by
from scheduling.models import Attendance, Booking, Lesson, LessonChange, TimetableChange
from scheduling.services.locks import ScheduleError, StaleLessonError, refuse_unplanned
from scheduling.services.planning import renumber

UNDO_WITHIN = timedelta(hours=1)
FACTS = (
    "starts_at",
    "ends_at",
    "teacher_id",
    "room_id",
    "rule_id",
    "status",
    "cancel_reason",
    "has_own_time",
    "has_own_teacher",
    "has_own_room",
)


@dataclass(frozen=True)
class Edit:
    """New `facts` (of FACTS, by name) for a planned lesson. `version`: as the person saw it, None for any.

    A cancelled lesson can be edited only by planning it again; a held one never.
    """

    lesson_id: int
    facts: dict = field(default_factory=dict)
    version: int | None = None


@transaction.atomic
def change_lessons(*, branch, kind, edits, by, now, reason="", keep_reason="", undoes=None):
    """Make all of `edits`, or none; returns the TimetableChange, or None when nothing would differ.

    Lessons let go of their time first and take the new one together, so two may swap. Raises ScheduleError for a
    lesson that was held, StaleLessonError for another version, LessonClashError when somebody is taken and no
    `keep_reason` is given.
    """
    lock_timetable()
    lessons = _locked_for(edits)
    before = {lesson.pk: facts_of(lesson) for lesson in lessons}
    by_id = {lesson.pk: lesson for lesson in lessons}
    for edit in edits:
        _apply(by_id[edit.lesson_id], edit)
    changed = [lesson for lesson in lessons if facts_of(lesson) != before[lesson.pk]]
    if not changed:
        return None
    _take_anew(changed, by=by, now=now, keep_reason=keep_reason)
    for group in {lesson.class_group_id: lesson.class_group for lesson in changed}.values():
        renumber(group)
    change = TimetableChange.objects.create(branch=branch, kind=kind, reason=reason, by=by, at=now, undoes=undoes)
    record_lessons(change, changed, before)
    return change


def record_lessons(change, lessons, before=None):
    """Write down how each lesson stands now, and how it stood; one that is new stood nowhere."""
    LessonChange.objects.bulk_create(
        LessonChange(
            change=change,
            lesson=lesson,
            before=(before or {}).get(lesson.pk, {}),
            after=facts_of(lesson),
            version=lesson.version,
        )
        for lesson in lessons
    )


def facts_of(lesson):
    """The facts of a lesson as JSON holds them: moments in ISO format, UTC."""
    facts = {name: getattr(lesson, name) for name in FACTS}
    return facts | {name: facts[name].isoformat() for name in ("starts_at", "ends_at")}


def _from_json(facts):
    return facts | {name: datetime.fromisoformat(facts[name]) for name in ("starts_at", "ends_at")}


def _locked_for(edits):
    lessons = Lesson.objects.select_for_update(of=["self"], no_key=True)
    found = lessons.select_related("branch", "class_group__branch").filter(pk__in=[edit.lesson_id for edit in edits])
    return list(found.order_by("starts_at", "pk"))


def _apply(lesson, edit):
    if edit.version not in (None, lesson.version):
        raise StaleLessonError(
            _("%(lesson)s was changed by somebody else meanwhile: look at it again.") % {"lesson": lesson}
        )
    if not (lesson.status == Lesson.Status.CANCELLED and edit.facts.get("status") == Lesson.Status.PLANNED):
        refuse_unplanned(lesson)
    for name, value in edit.facts.items():
        setattr(lesson, name, value)
    if lesson.ends_at <= lesson.starts_at:
        raise ScheduleError(_("%(lesson)s would end before it begins.") % {"lesson": lesson})
    lesson.local_date = local_date(lesson.starts_at, lesson.branch.time_zone)


def _take_anew(lessons, *, by, now, keep_reason):
    """Release the time of all, then claim the new one: the database refuses what is taken."""
    Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons]).update(is_booked=False)
    for lesson in lessons:
        lesson.is_booked = False
    wanted = wanted_by_all([lesson for lesson in lessons if lesson.status == Lesson.Status.PLANNED])
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    for lesson in lessons:
        lesson.is_booked, lesson.version = True, lesson.version + 1
    with clash_refused_by_database(wanted):
        Lesson.objects.bulk_update(lessons, [*FACTS, "local_date", "is_booked", "version"])


def wanted_by_all(lessons):
    """All teachers, rooms and children that these lessons need: one query."""
    children = Attendance.objects.filter(lesson__in=lessons).exclude(status=Attendance.Status.LEAVE)
    by_id = {lesson.pk: lesson for lesson in lessons}
    return [want for lesson in lessons for want in wanted_by(lesson)] + [
        Wanted(Booking.Kind.STUDENT, student_id, by_id[lesson_id])
        for lesson_id, student_id in children.values_list("lesson_id", "enrolment__student_id")
    ]


@transaction.atomic
def undo_change(*, change, by, now):
    """Put every lesson back to how it stood before; one that was added is cancelled. Within an hour.

    Raises ScheduleError when it is too late or was undone already, StaleLessonError when a lesson has changed since,
    LessonClashError when somebody else has taken the old time.
    """
    lock_timetable()
    change = TimetableChange.objects.select_related("branch").get(pk=change.pk)
    if now - change.at > UNDO_WITHIN:
        raise ScheduleError(_("A change can be undone within an hour. Change the lessons one by one."))
    if TimetableChange.objects.filter(undoes=change).exists():
        raise ScheduleError(_("This was undone already."))
    rows = list(change.lessons.select_related("lesson__class_group"))
    for row in rows:
        _restore_dropped(row)
    return change_lessons(
        branch=change.branch,
        kind=TimetableChange.Kind.UNDO,
        edits=[Edit(row.lesson_id, _facts_to_restore(row), row.version) for row in rows],
        by=by,
        now=now,
        undoes=change,
    )


def _facts_to_restore(row):
    if row.before:
        return _from_json(row.before)
    return {"status": Lesson.Status.CANCELLED, "cancel_reason": _("Added by a change that was undone.")}


def _restore_dropped(row):
    """A lesson that was cancelled without another one for it had made the class shorter."""
    if row.after.get("is_dropped"):
        group = row.lesson.class_group
        group.lessons_total += 1
        group.save(update_fields=["lessons_total"])
