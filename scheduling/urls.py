from django.urls import path

from scheduling import views

urlpatterns = [
    path("timetable/", views.WeekView.as_view(), name="week"),
    path("lessons/<int:pk>/roll/", views.RollCallView.as_view(), name="roll_call"),
    path("lessons/<int:pk>/roll/undo/", views.UndoRollCallView.as_view(), name="undo_roll_call"),
    path("classes/<int:pk>/roll-sheet.pdf", views.RollSheetView.as_view(), name="roll_sheet"),
]
