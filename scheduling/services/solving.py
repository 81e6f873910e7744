"""Carrying out a way out of a clash or of an over-full class (scheduling.solutions)."""

from dataclasses import replace

from django.utils.translation import gettext as _

from core.clock import local_date
from scheduling.services.series import change_series, rules_at, slot_of
from scheduling.services.transfers import transfer_members


def carry_out(solution, *, by, now):
    """Make the change that `solution` names, for all the lessons to come that it counts.

    Raises LessonClashError or ScheduleError when the timetable has changed since the solution was found.
    """
    if solution.member:
        today = local_date(now, solution.group.branch.time_zone)
        members = [solution.member]
        return transfer_members(members=members, target=solution.target, from_date=today, by=by, now=now)
    from_date = solution.lessons[0].local_date
    return change_series(
        class_group=solution.group,
        from_date=from_date,
        slots=_slots(solution, from_date),
        by=by,
        now=now,
        reason=_("Solves a clash: %(how)s") % {"how": solution.text},
    )


def _slots(solution, from_date):
    """The weekly times of the class with one thing changed, on the rules whose lessons are concerned."""
    concerned = {lesson.rule_id for lesson in solution.lessons}
    news = {
        "teacher": solution.teacher,
        "room": solution.room,
        "weekday": solution.weekday,
        "start_time": solution.start_time,
    }
    changes = {name: value for name, value in news.items() if value is not None}
    return [
        replace(slot_of(rule), **changes) if rule.pk in concerned else slot_of(rule)
        for rule in rules_at(solution.group, from_date)
    ]
