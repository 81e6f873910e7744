from django.contrib import admin
from django.urls import include, path

from sales.api import api

urlpatterns = [
    path("", include("dashboard.urls")),
    path("", include("reports.urls")),
    path("", include("day_close.urls")),
    path("", include("sales.urls")),
    path("api/v1/", api.urls),
    path("", include("notices.urls")),
    path("", include("renewals.urls")),
    path("", include("payroll.urls")),
    path("", include("scheduling.urls")),
    path("", include("messaging.urls")),
    path("", include("core.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
