from scheduling.views.absence import TeacherAbsenceView, WithdrawAbsenceView
from scheduling.views.board import LessonSlotsView, TimetableDataView
from scheduling.views.calendar import (
    AddSchoolBreakView,
    CalendarView,
    FillHolidaysView,
    MoveHitLessonsView,
    RemoveCalendarDayView,
    RemoveSchoolBreakView,
)
from scheduling.views.changes import ChangeListView, UndoChangeView
from scheduling.views.classes import ClassDetailView, ClassListView
from scheduling.views.classes_length import ClassLengthView
from scheduling.views.classes_members import TransferView, WaitingEntryView, WaitView
from scheduling.views.classes_new import ClassNewView
from scheduling.views.classes_times import ClassTimesView
from scheduling.views.feeds import FeedListView, FeedView, RevokeFeedView
from scheduling.views.leave import LeaveView, WithdrawLeaveView
from scheduling.views.lesson import CancelLessonView, LessonMoveView, LessonView
from scheduling.views.lost_day import CancelDayView
from scheduling.views.make_ups import CancelMakeUpView, MakeUpListView, MakeUpView
from scheduling.views.print import TimetablePdfView
from scheduling.views.roll_call import RollCallView, RollSheetView, UndoRollCallView
from scheduling.views.solving import ClashView, OverFullView
from scheduling.views.teachers import (
    AddDatedTimeView,
    AddWeeklyTimeView,
    RemoveTimeView,
    SetWorkView,
    TeacherListView,
    TeacherView,
    TravelTimesView,
)
from scheduling.views.trials import (
    CancelTrialView,
    EnquiryTrialView,
    LessonTrialsView,
    OwnTrialView,
    TrialResultView,
)
from scheduling.views.week import WeekView

__all__ = [
    "AddDatedTimeView",
    "AddSchoolBreakView",
    "AddWeeklyTimeView",
    "CalendarView",
    "CancelDayView",
    "CancelLessonView",
    "CancelMakeUpView",
    "CancelTrialView",
    "ChangeListView",
    "ClashView",
    "ClassDetailView",
    "ClassLengthView",
    "ClassListView",
    "ClassNewView",
    "ClassTimesView",
    "EnquiryTrialView",
    "FeedListView",
    "FeedView",
    "FillHolidaysView",
    "LeaveView",
    "LessonMoveView",
    "LessonSlotsView",
    "LessonTrialsView",
    "LessonView",
    "MakeUpListView",
    "MakeUpView",
    "MoveHitLessonsView",
    "OverFullView",
    "OwnTrialView",
    "RemoveCalendarDayView",
    "RemoveSchoolBreakView",
    "RemoveTimeView",
    "RevokeFeedView",
    "RollCallView",
    "RollSheetView",
    "SetWorkView",
    "TeacherAbsenceView",
    "TeacherListView",
    "TeacherView",
    "TimetableDataView",
    "TimetablePdfView",
    "TransferView",
    "TravelTimesView",
    "TrialResultView",
    "UndoChangeView",
    "UndoRollCallView",
    "WaitView",
    "WaitingEntryView",
    "WeekView",
    "WithdrawAbsenceView",
    "WithdrawLeaveView",
]
