"""Lessons on days that have become closed, or run another weekday's timetable."""

from itertools import groupby

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import CalendarDay
from scheduling.clashes import lock_timetable
from scheduling.models import Lesson, TimetableChange
from scheduling.services.appending import append_to_all
from scheduling.services.changes import Edit, change_lessons


@transaction.atomic
def move_to_the_end(*, branch, lessons, by, now):
    """Cancel lessons that the calendar no longer has on their day; their classes get as many at the end, where all
    are free. One change, so that it is told and undone as one. Returns the lessons added.
    """
    lock_timetable()
    days = [lesson.local_date for lesson in lessons]
    reasons = dict(CalendarDay.objects.filter(branch=branch, day__in=days).values_list("day", "reason"))
    change = change_lessons(
        branch=branch,
        kind=TimetableChange.Kind.CALENDAR,
        edits=[Edit(lesson.pk, _cancelled(reasons.get(lesson.local_date)), lesson.version) for lesson in lessons],
        by=by,
        now=now,
        reason="、".join(sorted(set(reasons.values())))[:200],
    )
    return append_to_all(change, {lesson.class_group_id for lesson in lessons}, by=by, now=now) if change else []


def _cancelled(reason):
    return {"status": Lesson.Status.CANCELLED, "cancel_reason": reason or _("The calendar changed.")}


def recheck_calendar(*, now):
    """{branch: planned lessons that its calendar no longer has on their day}. Shown to people, moved by nobody else."""
    lessons = Lesson.objects.off_calendar(now).select_related("branch", "class_group", "teacher")
    in_order = lessons.order_by("branch__name", "branch_id", "starts_at", "pk")
    return {branch: list(rows) for branch, rows in groupby(in_order, key=lambda lesson: lesson.branch)}
