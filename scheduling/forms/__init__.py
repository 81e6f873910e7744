"""What people choose and type on the pages of the timetable."""

from scheduling.forms.timetable import ALL, RollCallForm, WeekForm

__all__ = ["ALL", "RollCallForm", "WeekForm"]
