"""A teacher is away: who takes the lessons over, which are cancelled, and that it is known."""

from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from scheduling.clashes import lock_timetable
from scheduling.models import Lesson, TeacherAbsence, TimetableChange
from scheduling.services.appending import append_to_all
from scheduling.services.changes import Edit, change_lessons
from scheduling.services.effects import remember


@dataclass(frozen=True)
class Cover:
    """What becomes of one lesson of the absent teacher: a substitute takes it, or it is cancelled (None).

    `version` of the lesson as the person saw it.
    """

    lesson: Lesson
    substitute_id: int | None
    version: int | None = None


@transaction.atomic
def record_absence(*, teacher, kind, starts_at, ends_at, note, covers, by, now, keep_reason=""):
    """Record that a teacher is away in [starts_at, ends_at) and do what was decided about the lessons, or nothing.

    The substitutes come first: a rule speaks against lessons of somebody who is away. A cancelled lesson is added
    at the end of its class. What is not among `covers` stays as it is and shows as open. An absence that is known
    is not recorded twice; undoing the change withdraws one that came with it. Raises what change_lessons raises.
    """
    lock_timetable()
    by_branch = defaultdict(list)
    for cover in covers:
        by_branch[cover.lesson.branch].append(cover)
    reason = _("%(teacher)s: %(kind)s") % {"teacher": teacher, "kind": TeacherAbsence.Kind(kind).label}
    changes = [
        _change(branch, of_branch, reason=reason, by=by, now=now, keep_reason=keep_reason)
        for branch, of_branch in by_branch.items()
    ]
    known = TeacherAbsence.objects.filter(
        teacher=teacher, withdrawn_at__isnull=True, starts_at__lte=starts_at, ends_at__gte=ends_at
    ).first()
    if known:
        return known
    absence = TeacherAbsence.objects.create(
        teacher=teacher, kind=kind, starts_at=starts_at, ends_at=ends_at, note=note, recorded_by=by, recorded_at=now
    )
    for change in filter(None, changes):
        remember(change, absence=absence.pk)
    return absence


def _change(branch, covers, *, reason, by, now, keep_reason):
    cancelled = {cover.lesson.class_group_id for cover in covers if cover.substitute_id is None}
    change = change_lessons(
        branch=branch,
        kind=TimetableChange.Kind.SUBSTITUTE,
        edits=[Edit(cover.lesson.pk, _facts(cover), cover.version) for cover in covers],
        by=by,
        now=now,
        reason=reason,
        keep_reason=keep_reason,
    )
    if change and cancelled:
        append_to_all(change, cancelled, by=by, now=now)
    return change


def _facts(cover):
    if cover.substitute_id is None:
        return {"status": Lesson.Status.CANCELLED, "cancel_reason": _("The teacher is away.")}
    return {"teacher_id": cover.substitute_id, "has_own_teacher": True}


@transaction.atomic
def withdraw_absence(*, absence, now):
    """The teacher comes after all. Lessons that were given away stay so: undo that, or change them one by one."""
    TeacherAbsence.objects.filter(pk=absence.pk, withdrawn_at__isnull=True).update(withdrawn_at=now)
