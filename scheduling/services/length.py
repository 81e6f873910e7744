"""A class gets more lessons, or has fewer."""

from django.db import transaction
from django.utils.translation import gettext as _

from scheduling.clashes import lock_timetable
from scheduling.models import ClassGroup, Lesson, TimetableChange
from scheduling.services.changes import Edit, change_lessons, record_lessons
from scheduling.services.locks import ScheduleError
from scheduling.services.moving import drop_lessons
from scheduling.services.planning import add_lessons
from scheduling.services.searching import free_slots
from scheduling.services.series import refuse_other_state


@transaction.atomic
def change_length(*, class_group, lessons_total, by, now, reason="", state=None):
    """Give the class so many lessons in all; returns the TimetableChange, None when it has them already.

    Lessons are added by the weekly times after the last one, where all who are needed are free; the last ones to
    come are cancelled. `state`: the class as the person saw it (series.state_of). Raises ScheduleError when there
    are no weekly times to go on with, or too few to cancel, StaleLessonError for another state.
    """
    lock_timetable()
    refuse_other_state(class_group, state)
    group = ClassGroup.objects.select_related("branch").get(pk=class_group.pk)
    if lessons_total > group.lessons_total:
        return _extend(group, lessons_total, by=by, now=now, reason=reason)
    if lessons_total < group.lessons_total:
        return _shorten(group, lessons_total, by=by, now=now, reason=reason)
    return None


def _extend(group, lessons_total, *, by, now, reason):
    slots = slots_to_add(group, lessons_total, now=now)
    group.lessons_total = lessons_total
    group.save(update_fields=["lessons_total"])
    added = add_lessons(group, slots, by=by, now=now, keep_reason=reason)
    change = TimetableChange.objects.create(
        branch=group.branch, kind=TimetableChange.Kind.SERIES, reason=reason, by=by, at=now
    )
    record_lessons(change, added, is_extension=True)
    return change


def slots_to_add(group, lessons_total, *, now):
    """Free slots after the last lesson, as many as the class then lacks."""
    missing = lessons_total - group.lessons_before - group.lessons.active().count()
    slots = free_slots(group, number=missing, now=now, after=now)  # a class may have ended long ago
    if len(slots) < missing:
        raise ScheduleError(_("%(class)s has no weekly times to go on with: give it some first.") % {"class": group})
    return slots


def _shorten(group, lessons_total, *, by, now, reason):
    last = lessons_to_drop(group, lessons_total, now=now)
    facts = {"status": Lesson.Status.CANCELLED, "cancel_reason": reason or _("The class has fewer lessons.")}
    change = change_lessons(
        branch=group.branch,
        kind=TimetableChange.Kind.SERIES,
        edits=[Edit(lesson.pk, facts) for lesson in last],
        by=by,
        now=now,
        reason=reason,
    )
    drop_lessons(change)
    return change


def lessons_to_drop(group, lessons_total, *, now):
    """The last ones that are still to come, the latest first."""
    fewer = group.lessons_total - lessons_total
    to_come = group.lessons.planned().filter(starts_at__gt=now).order_by("-starts_at")
    last = list(to_come.select_related("branch")[:fewer])
    if len(last) < fewer:
        raise ScheduleError(
            _("Only %(number)d lessons of %(class)s are still to come, so it cannot have fewer than %(least)d.")
            % {"number": len(last), "class": group, "least": group.lessons_total - len(last)}
        )
    return last
