"""Rows of the timetable, locked for a change."""

from django.utils.translation import gettext as _

from scheduling.models import Lesson


class ScheduleError(Exception):
    """The timetable cannot be changed as asked; carries the sentence the user reads."""


class StaleLessonError(ScheduleError):
    """Somebody else has changed the lesson since it was shown."""


def locked(lesson):
    lessons = Lesson.objects.select_for_update(of=["self"], no_key=True)
    return lessons.select_related("branch", "class_group__branch").get(pk=lesson.pk)


def refuse_unplanned(lesson):
    if lesson.status != Lesson.Status.PLANNED:
        raise ScheduleError(
            _("%(lesson)s is %(status)s already and cannot be changed.")
            % {"lesson": lesson, "status": lesson.get_status_display()}
        )
