from django.urls import path

from dashboard import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("search/", views.SearchView.as_view(), name="search"),
    path("lessons/to-call/", views.LessonsToCallView.as_view(), name="to_call"),
    path("students/new/", views.StudentCreateView.as_view(), name="student_new"),
    path("students/<int:pk>/", views.StudentView.as_view(), name="student"),
    path("students/<int:pk>/enrol/", views.EnrolView.as_view(), name="enrol"),
    path("enrolments/<int:pk>/place/", views.PlaceView.as_view(), name="place"),
]
