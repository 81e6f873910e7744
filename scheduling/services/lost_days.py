"""A day is lost at a branch: snow, no power. No credit is taken, the lessons are made good, the families are told."""

from collections import defaultdict

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core.clock import day_text
from enrolments.models import CreditLot
from scheduling.clashes import lock_timetable
from scheduling.lost_days import fit_on, lost_day, moved_to
from scheduling.models import Lesson, TimetableChange
from scheduling.services.appending import append_to_all
from scheduling.services.changes import Edit, change_lessons
from scheduling.services.effects import close_day, extend_lots
from scheduling.services.locks import ScheduleError


@transaction.atomic
def cancel_day(*, branch, day, reason, by, now, to_day=None):
    """Close a branch for a day; returns the TimetableChange, which can be undone with all that came with it.

    Lessons that fit move to `to_day`, at their hours; each of the others is cancelled and added at the end of its
    class. Credits are valid longer by the days by which the class now ends later, at least one.
    """
    lock_timetable()
    lost = lost_day(branch, day, now=now)
    if not lost.lessons:
        raise ScheduleError(
            _("No lesson is to come on %(day)s. To keep the day free, close it in the calendar.")
            % {"day": day_text(day)}
        )
    moving = fit_on(lost, to_day, now=now).fit if to_day else []
    ends_before = _last_days(lost)
    change = change_lessons(
        branch=branch,
        kind=TimetableChange.Kind.CANCEL_DAY,
        edits=[_edit(lesson, to_day if lesson in moving else None, reason) for lesson in lost.lessons],
        by=by,
        now=now,
        reason=reason,
    )
    close_day(change, day=day, reason=reason)
    cancelled = {lesson.class_group_id for lesson in lost.lessons if lesson not in moving}
    added = append_to_all(change, cancelled, by=by, now=now)
    days_lost = {group_id: _days_later(group_id, added, ends_before) for group_id in cancelled}
    _extend_validity(change, lost, moving, to_day, days_lost, by=by, now=now)
    return change


def _edit(lesson, to_day, reason):
    if to_day is None:
        return Edit(lesson.pk, {"status": Lesson.Status.CANCELLED, "cancel_reason": reason}, lesson.version)
    moved = moved_to(lesson, to_day)
    facts = {"starts_at": moved.starts_at, "ends_at": moved.ends_at, "has_own_time": True}
    return Edit(lesson.pk, facts, lesson.version)


def _last_days(lost):
    lessons = Lesson.objects.active().filter(class_group__in={lesson.class_group_id for lesson in lost.lessons})
    last_days = lessons.order_by().values("class_group").annotate(day=Max("local_date"))
    return dict(last_days.values_list("class_group", "day"))


def _days_later(group_id, added, ends_before):
    """At least one: a class that had more lessons than it needs gets none at the end."""
    before = ends_before[group_id]
    last = max((lesson.local_date for lesson in added if lesson.class_group_id == group_id), default=before)
    return max((last - before).days, 1)


def _extend_validity(change, lost, moving, to_day, days_lost, *, by, now):
    """An enrolment in several of the classes gets the days of the one that loses most."""
    days_of = defaultdict(int)
    for lesson in lost.lessons:
        days = (to_day - lost.day).days if lesson in moving else days_lost[lesson.class_group_id]
        for enrolment_id in lost.enrolments[lesson.pk]:
            days_of[enrolment_id] = max(days_of[enrolment_id], days)
    ending = CreditLot.objects.filter(enrolment__in=days_of, expires_date__gte=lost.day)
    by_days = defaultdict(list)
    for lot in ending.only("pk", "enrolment"):
        by_days[days_of[lot.enrolment_id]].append(lot)
    for days, lots in by_days.items():
        extend_lots(change, lots, days=days, by=by, now=now)
