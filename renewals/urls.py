from django.urls import path

from renewals import bulk_views, views
from renewals.forecast import views as forecast_views
from renewals.rates import views as rate_views

urlpatterns = [
    path("renewals/", views.RenewalListView.as_view(), name="renewals"),
    path("renewals/remind/", bulk_views.RemindView.as_view(), name="renewal_remind"),
    path("renewals/<int:pk>/contact/", views.ContactView.as_view(), name="renewal_contact"),
    path("renewals/rates/", rate_views.RateListView.as_view(), name="renewal_rates"),
    path("renewals/rates/export/", rate_views.RateExportView.as_view(), name="renewal_rates_export"),
    path("renewals/rates/<str:code>/", rate_views.RateChildrenView.as_view(), name="renewal_rate"),
    path("renewals/forecast/", forecast_views.ForecastView.as_view(), name="renewal_forecast"),
    path("renewals/forecast/children/", forecast_views.ForecastChildrenView.as_view(), name="forecast_children"),
]
