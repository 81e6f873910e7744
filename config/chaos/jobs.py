"""The jobs of a run: a planner of made-up occurrences, and the way of sending that most software has."""

import os
import signal
from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from branches.models import Branch
from config.chaos.spec import KIND, Occurrence, current_spec
from core.failpoints import failpoint
from messaging import services
from messaging.channels import Channels
from messaging.claims import claim_due, leave_claim, release_expired_leases
from messaging.clock import Clock
from messaging.clock_watch import watch_clock
from messaging.models import MessageAttempt, OutboundMessage, Status
from messaging.rendering import outgoing, prepare
from messaging.restore import settle_restored
from messaging.routing import Routes
from messaging.rules import JOB_BUDGET, back_off
from messaging.services import NewMessage, queue_messages

BATCH = 20


def plan():
    """Plan the next slice, and half of the one before it again, as a planner with a watermark does."""
    spec = current_spec()
    planned = OutboundMessage.objects.count()
    plan_occurrences(range(max(0, planned - spec.slice // 2), min(planned + spec.slice, spec.messages)))
    failpoint("plan.committed")


def plan_occurrences(indices, **options):
    """Queue these occurrences; returns how many were not there before."""
    now, branch = timezone.now(), Branch.objects.get()
    return queue_messages([message_of(Occurrence(index), branch, now) for index in indices], **options)


def message_of(occurrence, branch, due_at, *, useful_until=None):
    return NewMessage(
        branch=branch,
        recipient=f"guardian:{occurrence.family}",
        about=f"student:{occurrence.index}",
        kind=KIND,
        subject=occurrence.subject,
        occurrence="24h",
        due_at=due_at,
        useful_until=useful_until or due_at + timedelta(days=1),
    )


def nothing():
    """That it was executed, and its result stored, shows that the queue works."""


def die():
    """As the kernel ends a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def drain():
    if current_spec().design == "outbox":
        now = timezone.now()
        watch_clock(now=now)
        services.drain_outbox(now=now)
    else:
        drain_naively(now=timezone.now())


def reconcile():
    if current_spec().design == "outbox":
        now = timezone.now()
        watch_clock(now=now)
        settle_restored(now=now)
        services.reconcile_unknown(now=now)


# --- send, then mark ---------------------------------------------------------------------------------------


def drain_naively(*, now):
    """The common design: claim, send, mark as sent; whatever went wrong is tried again."""
    from messaging.gateways import TwilioGateway

    clock, gateway, routes, channels = Clock(now), TwilioGateway(), Routes(), Channels()
    release_expired_leases(now=now)
    while clock.elapsed() < JOB_BUDGET and (batch := claim_due(now=clock.now(), limit=BATCH)):
        for message in batch:
            prepared = prepare(message, routes=routes, channels=channels, now=clock.now())
            _send_naively(message, outgoing(message, prepared), gateway, clock)


def _send_naively(message, out, gateway, clock):
    attempt = SimpleNamespace(pk=f"naive-{message.pk}", to_phone=out.to_phone, body=out.body, sender=out.sender)
    answer = gateway.send(attempt, valid_for=3600, deadline=float("inf"))
    failpoint("answer.received")
    count = message.attempt_count + 1
    texts = {"to_phone": attempt.to_phone, "body": attempt.body, "attempt_count": count, "channel": out.channel}
    match answer.outcome:
        case MessageAttempt.Outcome.ACCEPTED:
            leave_claim(message, Status.ACCEPTED, now=clock.now(), provider_sid=answer.provider_sid, **texts)
        case MessageAttempt.Outcome.OPTED_OUT:
            leave_claim(message, Status.SUPPRESSED, now=clock.now(), **texts)
        case _:
            later = clock.now() + back_off(count)
            leave_claim(message, Status.QUEUED, now=clock.now(), not_before=later, **texts)
