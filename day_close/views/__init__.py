from day_close.views.day import DayClosePdfView, DayCloseTakeBackView, DayCloseTodayView, DayCloseView
from day_close.views.days import DayCloseListView, DayCloseXlsxView

__all__ = [
    "DayCloseListView",
    "DayClosePdfView",
    "DayCloseTakeBackView",
    "DayCloseTodayView",
    "DayCloseView",
    "DayCloseXlsxView",
]
