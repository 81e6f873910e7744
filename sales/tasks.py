"""Called by the queue (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from sales.services import escalation


def return_neglected():
    escalation.return_neglected(now=timezone.now())
