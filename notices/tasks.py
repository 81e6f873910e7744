"""Called every minute (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from notices import services


def queue_batches():
    services.queue_batches(now=timezone.now())
