"""Called every minute (settings.PERIODIC_JOBS)."""

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from messaging.models import OutboundMessage
from messaging.services import drain_outbox, reconcile_unknown

FOR_ONE_WORKER = 500  # messages; it sends them well within the minute


def drain():
    """Send what is due. When that is much, other workers help; one is left for the other jobs."""
    now = timezone.now()
    helpers = min(OutboundMessage.objects.due(now).count() // FOR_ONE_WORKER, settings.Q_CLUSTER["workers"] - 2)
    for _helper in range(helpers):
        async_task("messaging.tasks.help_drain")
    drain_outbox(now=now)


def help_drain():
    drain_outbox(now=timezone.now())


def reconcile():
    reconcile_unknown(now=timezone.now())
