"""The settings of the processes of one run: those of production, with shorter times and what sending needs of the apps.

A minute of the jobs becomes less than a second; the driver puts them into the queue. Lease and back-off are cut to a
fiftieth, settling to a thirtieth, the pulse to a twentieth, its silence to a fifth. The provider's time to answer is
cut to a tenth only, or a busy machine would be taken for a silent provider: so a request may begin in the first 57 % of
a lease, where production allows 83 %. With --production-times nothing is cut, but for the minute.
"""

from config.chaos.environment import has_production_times
from config.settings import *  # noqa: F403
from config.settings import Q_CLUSTER, env

INSTALLED_APPS = [
    "config",
    "config.chaos",
    "messaging",
    "branches",
    "core",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_q",
]
MIDDLEWARE = ["config.chaos.web.TimingMiddleware"]
ROOT_URLCONF = "config.chaos.web"
PERIODIC_JOBS = {f"config.chaos.jobs.{job}": {"minutes": 1} for job in ("plan", "drain", "reconcile")}
UNFOLD = {}

WORKERS = env.int("QINGXIAO_CHAOS_WORKERS", default=4)
Q_CLUSTER = {**Q_CLUSTER, "workers": WORKERS, "queue_limit": WORKERS, "poll": 0.2}
if not has_production_times():
    MESSAGING_SECONDS = {
        "lease": 6,
        "http_timeout": 1,
        "lease_margin": 0.6,
        "settle": 4,
        "back_off": 0.6,
        "longest_back_off": 18,
        "redelivery_pause": 12,
        "job_budget": 2,
        "breaker_pause": 1,
    }
