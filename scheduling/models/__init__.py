"""The timetable: classes, lessons, who is where, what was changed, and what a child missed."""

from scheduling.models.absences import AbsenceRequest, LeavePolicy, LeaveTier, MakeUp
from scheduling.models.bookings import Booking, KeptClash
from scheduling.models.changes import LessonChange, RuleOverride, TimetableChange
from scheduling.models.classes import ClassGroup, ClassMember, ScheduleRule, WaitingListEntry, Weekday
from scheduling.models.feeds import CalendarFeed
from scheduling.models.lessons import Attendance, Lesson
from scheduling.models.reminders import LessonReminder
from scheduling.models.replies import LessonReply
from scheduling.models.teachers import (
    AvailabilityWindow,
    Qualification,
    StaffCheck,
    TeacherAbsence,
    TeachingLimit,
    TravelTime,
)
from scheduling.models.trials import TrialBooking

__all__ = [
    "AbsenceRequest",
    "Attendance",
    "AvailabilityWindow",
    "Booking",
    "CalendarFeed",
    "ClassGroup",
    "ClassMember",
    "KeptClash",
    "LeavePolicy",
    "LeaveTier",
    "Lesson",
    "LessonChange",
    "LessonReminder",
    "LessonReply",
    "MakeUp",
    "Qualification",
    "RuleOverride",
    "ScheduleRule",
    "StaffCheck",
    "TeacherAbsence",
    "TeachingLimit",
    "TimetableChange",
    "TravelTime",
    "TrialBooking",
    "WaitingListEntry",
    "Weekday",
]
