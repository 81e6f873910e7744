"""Rows of the timetable, locked for a change."""

from django.utils.translation import gettext as _

from scheduling.errors import ScheduleError, StaleLessonError
from scheduling.models import Lesson

__all__ = ["ScheduleError", "StaleLessonError", "locked", "refuse_unplanned"]


def locked(lesson):
    lessons = Lesson.objects.select_for_update(of=["self"], no_key=True)
    return lessons.select_related("branch", "class_group__branch").get(pk=lesson.pk)


def refuse_unplanned(lesson):
    if lesson.status != Lesson.Status.PLANNED:
        raise ScheduleError(
            _("%(lesson)s is %(status)s already and cannot be changed.")
            % {"lesson": lesson, "status": lesson.get_status_display()}
        )
