from django.urls import path

from notices import views

urlpatterns = [
    path("notices/", views.NoticeListView.as_view(), name="notice_list"),
    path("notices/new/", views.NoticeNewView.as_view(), name="notice_new"),
    path("notices/<int:pk>/", views.NoticeView.as_view(), name="notice"),
    path("notices/<int:pk>/edit/", views.NoticeEditView.as_view(), name="notice_edit"),
    path("notices/<int:pk>/step/", views.NoticeStepView.as_view(), name="notice_step"),
    path("notices/<int:pk>/report.xlsx", views.NoticeReportView.as_view(), name="notice_report"),
]
