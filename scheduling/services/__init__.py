"""What people do with the timetable: plan, place, move, cancel, call the roll."""

from scheduling.services.changes import Edit, change_lessons, undo_change
from scheduling.services.locks import ScheduleError, StaleLessonError
from scheduling.services.members import place_student, place_students, remove_from_class
from scheduling.services.moving import Then, cancel_lesson, reschedule_lesson
from scheduling.services.planning import plan_lessons
from scheduling.services.roll_call import EARLIEST_ROLL_CALL, RollCallError, call_roll, takes_credit, undo_roll_call

__all__ = [
    "EARLIEST_ROLL_CALL",
    "Edit",
    "RollCallError",
    "ScheduleError",
    "StaleLessonError",
    "Then",
    "call_roll",
    "cancel_lesson",
    "change_lessons",
    "place_student",
    "place_students",
    "plan_lessons",
    "remove_from_class",
    "reschedule_lesson",
    "takes_credit",
    "undo_change",
    "undo_roll_call",
]
