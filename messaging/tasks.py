"""Called every minute (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from messaging.services import drain_outbox, reconcile_unknown


def drain():
    drain_outbox(now=timezone.now())


def reconcile():
    reconcile_unknown(now=timezone.now())
