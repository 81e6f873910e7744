"""Pages for monitoring: 200 when well, 503 when not. They carry figures and no personal data."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import Success

from core.jobs import PULSE

PULSE_LIMIT = timedelta(seconds=90)  # since a pulse last went through the job queue


@dataclass(frozen=True)
class Reading:
    """One figure and what it may be at most; a figure of None is a failure."""

    name: str
    value: float | None
    limit: float

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
    return Reading("seconds_since_pulse", age, PULSE_LIMIT.total_seconds())


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
        readings = [probe(timezone.now()) for probe in _probes]
    except DatabaseError:
        return JsonResponse({"ok": False, "error": "the database does not answer"}, status=503)
    is_well = all(reading.is_well for reading in readings)
    figures = {
        reading.name: {"value": reading.value, "limit": reading.limit, "ok": reading.is_well} for reading in readings
    }
    return JsonResponse({"ok": is_well, "checks": figures}, status=_status(is_well))


def _status(is_well):
    return 200 if is_well else 503
