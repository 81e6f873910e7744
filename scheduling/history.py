"""What happened to one lesson, in sentences."""

from datetime import datetime

from django.utils.translation import gettext as _

from branches.models import Room, User
from core.clock import span_text
from scheduling.models import Lesson, LessonChange, TimetableChange
from scheduling.services.changes import UNDO_WITHIN


def history_of(lesson, *, user, now):
    """Changes of `lesson` that `user` may see, the latest first: {change, sentences, may_undo}. Four queries."""
    changes = TimetableChange.objects.visible_to(user)
    rows = LessonChange.objects.filter(lesson=lesson, change__in=changes).select_related("change__by")
    rows = list(rows.order_by("-pk"))
    if not rows:
        return []
    names = _names(rows)
    undoable = set(
        changes.undoable(now - UNDO_WITHIN)
        .filter(pk__in=[row.change_id for row in rows if row.version == lesson.version])
        .values_list("pk", flat=True)
    )
    return [
        {"change": row.change, "sentences": list(_sentences(row, lesson, names)), "may_undo": row.change_id in undoable}
        for row in rows
    ]


def _names(rows):
    facts = [facts for row in rows for facts in (row.before, row.after)]
    return {
        "teacher_id": User.objects.in_bulk({one["teacher_id"] for one in facts if one}),
        "room_id": Room.objects.in_bulk({one["room_id"] for one in facts if one} - {None}),
    }


def _sentences(row, lesson, names):
    before, after = row.before, row.after
    if not before:
        yield _("Added: %(when)s") % {"when": _when(after, lesson)}
        return
    if before["status"] != after["status"] and after["status"] == Lesson.Status.CANCELLED:
        yield _("Cancelled: %(reason)s") % {"reason": after["cancel_reason"]}
    elif before["status"] != after["status"]:
        yield _("Planned again")
    if _when(before, lesson) != _when(after, lesson):
        yield _("Time: %(before)s → %(after)s") % {"before": _when(before, lesson), "after": _when(after, lesson)}
    for name, sentence in (
        ("teacher_id", _("Teacher: %(before)s → %(after)s")),
        ("room_id", _("Room: %(before)s → %(after)s")),
    ):
        if before[name] != after[name]:
            no_room = _("No room")
            known = names[name]
            yield sentence % {"before": known.get(before[name], no_room), "after": known.get(after[name], no_room)}


def _when(facts, lesson):
    starts_at, ends_at = (datetime.fromisoformat(facts[name]) for name in ("starts_at", "ends_at"))
    return span_text(starts_at, ends_at, lesson.branch.time_zone)
