"""The job queue alone, on a database of its own: for the supervisor, which runs in processes of its own."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = ["core", "django_q"]
AUTHENTICATION_BACKENDS = []
ROOT_URLCONF = "core.urls"
UNFOLD = {}
PERIODIC_JOBS = {"tests.core.jobs_probe.tick": {"minutes": 1}}
