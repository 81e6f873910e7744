"""One lesson moves, or is cancelled."""

from collections import Counter

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.clashes import lock_timetable
from scheduling.models import ClassGroup, Lesson, LessonChange, TimetableChange
from scheduling.services.appending import append_to_all
from scheduling.services.changes import Edit, change_lessons, edit_lessons
from scheduling.services.locks import ScheduleError


class Then(models.TextChoices):
    """What becomes of the number of lessons when one is cancelled."""

    APPEND = "append", gettext_lazy("Add a lesson at the end")
    DROP = "drop", gettext_lazy("The class has one lesson less")


def reschedule_lesson(
    *, lesson, starts_at, ends_at, teacher, room, by, now, reason="", keep_reason="", version=None, kind=None
):
    """Move one planned lesson to another time, teacher or room; what differs from before is its own from now on.

    Returns the LessonChange with the lesson as it stands now, None when nothing would differ.
    """
    facts = {"starts_at": starts_at, "ends_at": ends_at, "teacher": teacher, "room": room}
    is_moved = (starts_at, ends_at) != (lesson.starts_at, lesson.ends_at)
    facts |= {"has_own_time": True} if is_moved else {}
    facts |= {"has_own_teacher": True} if teacher.pk != lesson.teacher_id else {}
    facts |= {"has_own_room": True} if (room and room.pk) != lesson.room_id else {}
    rows = edit_lessons(
        branch=lesson.branch,
        kind=kind or TimetableChange.Kind.MOVE,
        edits=[Edit(lesson.pk, facts, version)],
        by=by,
        now=now,
        reason=reason,
        keep_reason=keep_reason,
    )
    return rows[0] if rows else None


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
    return append_to_all(change, [lesson.class_group_id], by=by, now=now, goes_on=False)


def drop_lessons(change):
    """The classes of a change that cancelled lessons have so many lessons less, but for the last one."""
    rows = list(change.lessons.select_related("lesson__class_group"))
    for row in rows:
        row.after["is_dropped"] = True
    LessonChange.objects.bulk_update(rows, ["after"])
    for group, number in Counter(row.lesson.class_group for row in rows).items():
        enough = ClassGroup.objects.filter(pk=group.pk, lessons_total__gt=number)
        if not enough.update(lessons_total=F("lessons_total") - number):
            raise ScheduleError(
                _("%(class)s would have no lesson left: add one at the end instead.") % {"class": group}
            )
