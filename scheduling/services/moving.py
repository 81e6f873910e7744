"""One lesson moves, or is cancelled."""

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.clashes import lock_timetable
from scheduling.findings import check_rules, override
from scheduling.models import ClassGroup, Lesson, TimetableChange
from scheduling.services.changes import Edit, change_lessons, record_lessons
from scheduling.services.locks import ScheduleError
from scheduling.services.planning import add_lessons, free_slots


class Then(models.TextChoices):
    """What becomes of the number of lessons when one is cancelled."""

    APPEND = "append", gettext_lazy("Add a lesson at the end")
    DROP = "drop", gettext_lazy("The class has one lesson less")


def reschedule_lesson(
    *, lesson, starts_at, ends_at, teacher, room, by, now, reason="", keep_reason="", version=None, kind=None
):
    """Move one planned lesson to another time, teacher or room; what differs from before is its own from now on."""
    facts = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "teacher_id": teacher.pk,
        "room_id": room.pk if room else None,
    }
    is_moved = (starts_at, ends_at) != (lesson.starts_at, lesson.ends_at)
    facts |= {"has_own_time": True} if is_moved else {}
    facts |= {"has_own_teacher": True} if teacher.pk != lesson.teacher_id else {}
    facts |= {"has_own_room": True} if facts["room_id"] != lesson.room_id else {}
    change_lessons(
        branch=lesson.branch,
        kind=kind or TimetableChange.Kind.MOVE,
        edits=[Edit(lesson.pk, facts, version)],
        by=by,
        now=now,
        reason=reason,
        keep_reason=keep_reason,
    )
    return Lesson.objects.select_related("branch", "class_group", "teacher", "room").get(pk=lesson.pk)


@transaction.atomic
def cancel_lesson(*, lesson, reason, by, now, then=Then.APPEND, version=None):
    """Cancel a planned lesson. The class keeps its number of lessons, so one is added at the end, or loses one.

    The added one takes the first slot after the last lesson at which all who are needed are free. Returns the
    lessons added: one, or none.
    """
    lock_timetable()
    facts = {"status": Lesson.Status.CANCELLED, "cancel_reason": reason}
    change = change_lessons(
        branch=lesson.branch,
        kind=TimetableChange.Kind.CANCEL,
        edits=[Edit(lesson.pk, facts, version)],
        by=by,
        now=now,
        reason=reason,
    )
    if then == Then.DROP:
        drop_lessons(change)
        return []
    return append_lessons(change, lesson.class_group, by=by, now=now)


def append_lessons(change, group, *, by, now):
    """Add the lessons that `group` lacks, where all are free, and record them with `change`.

    A rule that speaks against every slot of the class does not keep a lesson from being cancelled.
    """
    group.refresh_from_db()
    added = add_lessons(group, free_slots(group, now=now), by=by, now=now, checks_rules=False)
    override(check_rules(added, now=now), reason=change.reason, by=by, now=now)
    record_lessons(change, added)
    return added


def drop_lessons(change):
    """The classes of a change that cancelled lessons have so many lessons less, but for the last one."""
    for row in change.lessons.select_related("lesson__class_group"):
        row.after["is_dropped"] = True
        row.save(update_fields=["after"])
        group = ClassGroup.objects.filter(pk=row.lesson.class_group_id, lessons_total__gt=1)
        if not group.update(lessons_total=F("lessons_total") - 1):
            raise ScheduleError(
                _("%(class)s would have no lesson left: add one at the end instead.")
                % {"class": row.lesson.class_group}
            )
