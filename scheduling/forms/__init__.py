"""What people choose and type on the pages of the timetable."""

from scheduling.forms.absence import AbsenceForm, CoverForm, Period
from scheduling.forms.changes import ChangeFilterForm
from scheduling.forms.class_members import ClassFilterForm, TransferForm, WaitForm
from scheduling.forms.classes import ClassForm, LengthForm, SeriesForm, SeriesFormSet, TimesFormSet
from scheduling.forms.leave import LeaveForm, MakeUpFilterForm
from scheduling.forms.lesson import CancelForm, MoveForm
from scheduling.forms.lost_day import Day, DayForm, LostDayForm
from scheduling.forms.timetable import ALL, RollCallForm, WeekForm
from scheduling.forms.trials import OwnTrialForm, TrialResultForm

__all__ = [
    "ALL",
    "AbsenceForm",
    "CancelForm",
    "ChangeFilterForm",
    "ClassFilterForm",
    "ClassForm",
    "CoverForm",
    "Day",
    "DayForm",
    "LeaveForm",
    "LengthForm",
    "LostDayForm",
    "MakeUpFilterForm",
    "MoveForm",
    "OwnTrialForm",
    "Period",
    "RollCallForm",
    "SeriesForm",
    "SeriesFormSet",
    "TimesFormSet",
    "TransferForm",
    "TrialResultForm",
    "WaitForm",
    "WeekForm",
]
