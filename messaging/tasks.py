"""Called every minute (settings.PERIODIC_JOBS)."""

from contextlib import suppress

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from core.brokers import BrokerError
from messaging import digest, gateways  # noqa: F401  (gateways: loaded before the workers are forked)
from messaging.clock_watch import watch_clock
from messaging.models import OutboundMessage
from messaging.restore import settle_restored
from messaging.services import drain_outbox, reconcile_unknown

FOR_ONE_WORKER = 500  # messages; it sends them well within the minute


def drain():
    """Send what is due. When that is much, other workers help; one is left for the other jobs."""
    now = timezone.now()
    watch_clock(now=now)
    helpers = min(OutboundMessage.objects.due(now).count() // FOR_ONE_WORKER, settings.Q_CLUSTER["workers"] - 2)
    with suppress(BrokerError):  # then nobody helps
        for _helper in range(helpers):
            async_task("messaging.tasks.help_drain")
    drain_outbox(now=now)


def help_drain():
    now = timezone.now()
    watch_clock(now=now)
    drain_outbox(now=now)


def plan_digests():
    digest.plan_digests(now=timezone.now())


def reconcile():
    now = timezone.now()
    watch_clock(now=now)
    settle_restored(now=now)
    reconcile_unknown(now=now)
