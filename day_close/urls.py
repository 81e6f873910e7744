from django.urls import path

from day_close import views

urlpatterns = [
    path("day-close/", views.DayCloseTodayView.as_view(), name="day_close_today"),
    path("day-close/days/", views.DayCloseListView.as_view(), name="day_close_list"),
    path("day-close/days/xlsx/", views.DayCloseXlsxView.as_view(), name="day_close_xlsx"),
    path("day-close/signed/<int:pk>/pdf/", views.DayClosePdfView.as_view(), name="day_close_pdf"),
    path("day-close/signed/<int:pk>/take-back/", views.DayCloseTakeBackView.as_view(), name="day_close_take_back"),
    path("day-close/<int:branch>/<str:day>/", views.DayCloseView.as_view(), name="day_close"),
]
