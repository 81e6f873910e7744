from django.urls import path

from core import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("healthz/jobs", health.healthz_jobs, name="jobs_health"),
    path("healthz/metrics", health.metrics, name="metrics"),
]
