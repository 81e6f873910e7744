"""A class gets more lessons, or has fewer."""

from django.db import transaction
from django.utils.translation import gettext as _

from scheduling.clashes import lock_timetable
from scheduling.models import ClassGroup, Lesson, TimetableChange
from scheduling.services.changes import Edit, change_lessons, record_lessons
from scheduling.services.locks import ScheduleError
from scheduling.services.moving import drop_lessons
from scheduling.services.planning import add_lessons, free_slots


@transaction.atomic
def change_length(*, class_group, lessons_total, by, now, reason=""):
    """Give the class so many lessons in all; returns the TimetableChange, None when it has them already.

    Lessons are added by the weekly times after the last one, where all who are needed are free; the last ones to
    come are cancelled. Raises ScheduleError when there are no weekly times to go on with, or too few to cancel.
    """
    lock_timetable()
    group = ClassGroup.objects.select_related("branch").get(pk=class_group.pk)
    if lessons_total > group.lessons_total:
        return _extend(group, lessons_total, by=by, now=now, reason=reason)
    if lessons_total < group.lessons_total:
        return _shorten(group, lessons_total, by=by, now=now, reason=reason)
    return None


def _extend(group, lessons_total, *, by, now, reason):
    more = lessons_total - group.lessons_total
    to_come = (slot for slot in free_slots(group, now=now) if slot.starts_at > now)  # a class may have ended long ago
    group.lessons_total = lessons_total
    group.save(update_fields=["lessons_total"])
    added = add_lessons(group, to_come, by=by, now=now, keep_reason=reason)
    if len(added) < more:
        raise ScheduleError(_("%(class)s has no weekly times to go on with: give it some first.") % {"class": group})
    change = TimetableChange.objects.create(
        branch=group.branch, kind=TimetableChange.Kind.SERIES, reason=reason, by=by, at=now
    )
    record_lessons(change, added)
    for row in change.lessons.all():
        row.after["is_extension"] = True
        row.save(update_fields=["after"])
    return change


def _shorten(group, lessons_total, *, by, now, reason):
    fewer = group.lessons_total - lessons_total
    to_come = group.lessons.planned().filter(starts_at__gt=now).order_by("-starts_at")
    last = list(to_come[:fewer])
    if len(last) < fewer:
        raise ScheduleError(
            _("Only %(number)d lessons of %(class)s are still to come, so it cannot have fewer than %(least)d.")
            % {"number": len(last), "class": group, "least": group.lessons_total - len(last)}
        )
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
