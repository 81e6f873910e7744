"""Pages for monitoring: 200 when well, 503 when not. They carry figures and no personal data."""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import Failure, Success
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.jobs import PULSE

PULSE_LIMIT = timedelta(seconds=90)  # since a pulse last went through the job queue


@dataclass(frozen=True)
class Reading:
    """One figure and what it may be at most; a figure of None is a failure."""

    name: str
    value: float | None
    limit: float
    label: str = ""  # for people, lazy
    mend: str = ""  # what to do when it is not well

    @property
    def is_well(self):
        return self.value is not None and self.value <= self.limit


_probes = []


def register_probe(probe):
    """Add `probe(now) -> Reading` to /healthz/jobs. Apps register theirs, so that core knows no app."""
    _probes.append(probe)
    return probe


@register_probe
def pulse_age(now):
    """Seconds since the job queue last executed a pulse of any supervisor."""
    last = Success.objects.filter(func=PULSE).order_by("-stopped").values_list("stopped", flat=True).first()
    age = (now - last).total_seconds() if last else None
    return Reading(
        "seconds_since_pulse",
        age,
        PULSE_LIMIT.total_seconds(),
        label=_("Seconds since the job queue last did something"),
        mend=_("Nothing is sent or planned. Start “manage.py run_jobs” on the server, or look at its log."),
    )


@register_probe
def failing_jobs(now):
    """Kinds of jobs that failed within the hour, and not gone well since."""
    failed = Failure.objects.filter(stopped__gt=now - timedelta(hours=1)).order_by()
    latest = dict(failed.values_list("func").annotate(Max("stopped")))
    well = Success.objects.filter(func__in=latest).order_by()
    mended = dict(well.values_list("func").annotate(Max("stopped")))
    return Reading(
        "jobs_failing",
        sum(func not in mended or mended[func] < at for func, at in latest.items()),
        0,
        label=_("Kinds of jobs that fail"),
        mend=_("The page of failed jobs in the administration shows which, and why."),
    )


def read_all(now):
    """All readings as they are now. Raises DatabaseError."""
    return [probe(now) for probe in _probes]


def has_pending_migrations():
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@require_safe
@never_cache
def healthz(request):
    """The web process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request):
    """The database answers and is up to date."""
    try:
        is_ready = not has_pending_migrations()
    except DatabaseError:
        is_ready = False
    return HttpResponse("ok" if is_ready else "not ready", status=_status(is_ready), content_type="text/plain")


@require_safe
@never_cache
def healthz_jobs(request):
    """The job queue works, and what it should have done is done."""
    try:
        readings = read_all(timezone.now())
    except DatabaseError:
        return JsonResponse({"ok": False, "error": "the database does not answer"}, status=503)
    is_well = all(reading.is_well for reading in readings)
    figures = {
        reading.name: {"value": reading.value, "limit": reading.limit, "ok": reading.is_well} for reading in readings
    }
    return JsonResponse({"ok": is_well, "checks": figures}, status=_status(is_well))


@require_safe
@never_cache
def metrics(request):
    """The same figures as Prometheus reads them; qingxiao_up is 0 when the database does not answer."""
    registry = CollectorRegistry()
    try:
        registry.register(_Figures(read_all(timezone.now())))
    except DatabaseError:
        registry.register(_Figures([], is_up=False))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    def __init__(self, readings, *, is_up=True):
        self.readings, self.is_up = readings, is_up

    def collect(self):
        yield GaugeMetricFamily("qingxiao_up", "Whether the database answers.", value=self.is_up)
        for reading in self.readings:
            value = math.nan if reading.value is None else reading.value
            yield GaugeMetricFamily(f"qingxiao_{reading.name}", f"Well up to {reading.limit:g}.", value=value)
            yield GaugeMetricFamily(f"qingxiao_{reading.name}_limit", "The most that is well.", value=reading.limit)


def _status(is_well):
    return 200 if is_well else 503
