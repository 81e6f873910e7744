"""Why the timetable cannot be changed as asked; each carries the sentence the user reads."""


class ScheduleError(Exception):
    """The timetable cannot be changed as asked."""


class StaleLessonError(ScheduleError):
    """Somebody else has changed the lesson since it was shown."""
