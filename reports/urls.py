from django.urls import path

from reports import views

urlpatterns = [
    path("numbers/", views.NumbersView.as_view(), name="numbers"),
    path("numbers/funnel/", views.FunnelView.as_view(), name="numbers_funnel"),
    path("numbers/lessons/", views.LessonsView.as_view(), name="numbers_lessons"),
    path("numbers/money/", views.MoneyView.as_view(), name="numbers_money"),
    path("numbers/branches/", views.BranchesView.as_view(), name="numbers_branches"),
    path("numbers/rows/", views.RowsView.as_view(), name="numbers_rows"),
]
