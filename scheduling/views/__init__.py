from scheduling.views.roll_call import RollCallView, RollSheetView, UndoRollCallView
from scheduling.views.week import WeekView

__all__ = ["RollCallView", "RollSheetView", "UndoRollCallView", "WeekView"]
