"""The job queue alone, on a database of its own: for the supervisor, which runs in processes of its own."""

from config.settings import *  # noqa: F403
from config.settings import env

INSTALLED_APPS = ["core", "django_q"]
AUTHENTICATION_BACKENDS = []
ROOT_URLCONF = "core.urls"
UNFOLD = {}
PERIODIC_JOBS = {f"tests.core.jobs_probe.{'send_slowly' if env.bool('SLOW', False) else 'tick'}": {"minutes": 1}}
