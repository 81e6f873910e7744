from django.urls import path

from payroll import views

urlpatterns = [
    path("payroll/", views.PayrollView.as_view(), name="payroll"),
    path("payroll/mine/", views.OwnPaySlipsView.as_view(), name="own_payslips"),
    path("payroll/prepare/", views.PrepareView.as_view(), name="payroll_prepare"),
    path("payroll/approve/", views.ApproveMonthView.as_view(), name="payroll_approve"),
    path("payroll/export/", views.ExportView.as_view(), name="payroll_export"),
    path("payroll/<int:pk>/", views.PaySlipView.as_view(), name="payslip"),
    path("payroll/<int:pk>/approve/", views.ApproveSlipView.as_view(), name="payslip_approve"),
]
