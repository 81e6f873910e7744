"""What people do with the timetable: plan, place, move, cancel, call the roll."""

from scheduling.services.absences_of_teachers import Cover, record_absence, withdraw_absence
from scheduling.services.changes import UNDO_WITHIN, Edit, change_lessons, undo_change
from scheduling.services.class_seats import ClassFullError, Seats, seats_of
from scheduling.services.confirmations import ReplyError, record_reply
from scheduling.services.leave import LeaveError, ask_leave, terms_of_leave, withdraw_leave
from scheduling.services.length import change_length
from scheduling.services.locks import ScheduleError, StaleLessonError
from scheduling.services.lost_days import cancel_day
from scheduling.services.make_ups import MakeUpError, book_make_up, cancel_make_up, reopen_rights
from scheduling.services.members import place_student, place_students, remove_from_class
from scheduling.services.moving import Then, cancel_lesson, reschedule_lesson
from scheduling.services.opening import NewClass, WeeklySlot, draw_up, open_class
from scheduling.services.planning import plan_classes, plan_lessons
from scheduling.services.roll_call import (
    EARLIEST_ROLL_CALL,
    RollCallError,
    call_roll,
    credits_taken_by_roll,
    share_by_status,
    undo_roll_call,
)
from scheduling.services.series import change_series, preview_series
from scheduling.services.transfers import preview_transfer, transfer_members
from scheduling.services.trials import (
    TrialElsewhereError,
    TrialError,
    book_trial,
    cancel_trial,
    follow_trials,
    open_trial_lesson,
    record_trial_result,
)
from scheduling.services.waiting import accept_offer, add_to_waiting_list, lapse_offers, withdraw_from_waiting_list

__all__ = [
    "EARLIEST_ROLL_CALL",
    "UNDO_WITHIN",
    "ClassFullError",
    "Cover",
    "Edit",
    "LeaveError",
    "MakeUpError",
    "NewClass",
    "ReplyError",
    "RollCallError",
    "ScheduleError",
    "Seats",
    "StaleLessonError",
    "Then",
    "TrialElsewhereError",
    "TrialError",
    "WeeklySlot",
    "accept_offer",
    "add_to_waiting_list",
    "ask_leave",
    "book_make_up",
    "book_trial",
    "call_roll",
    "cancel_day",
    "cancel_lesson",
    "cancel_make_up",
    "cancel_trial",
    "change_length",
    "change_lessons",
    "change_series",
    "credits_taken_by_roll",
    "draw_up",
    "follow_trials",
    "lapse_offers",
    "open_class",
    "open_trial_lesson",
    "place_student",
    "place_students",
    "plan_classes",
    "plan_lessons",
    "preview_series",
    "preview_transfer",
    "record_absence",
    "record_reply",
    "record_trial_result",
    "remove_from_class",
    "reopen_rights",
    "reschedule_lesson",
    "seats_of",
    "share_by_status",
    "terms_of_leave",
    "transfer_members",
    "undo_change",
    "undo_roll_call",
    "withdraw_absence",
    "withdraw_from_waiting_list",
    "withdraw_leave",
]
