"""What the rest of the software asks of messaging.

    queued -> claimed -> sending -> accepted -> sent -> delivered | undelivered | failed
                            |-> rejected | suppressed        (an answer that settles it)
                            |-> queued                       (known not to be sent; later again)
                            |-> unknown -> accepted | queued | needs_review

A message that may have gone out is never sent again before the provider's list shows that it did not.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import batched

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from core.failpoints import failpoint
from core.processes import is_stopping
from messaging.account import is_configured
from messaging.claims import claim_due, expire_stale, release_claims, release_expired_leases, start_attempt
from messaging.clock import Clock, seconds
from messaging.models import MessageAttempt, OutboundMessage, Status
from messaging.outcomes import UnknownAttemptError, record_outcome, record_status_callback
from messaging.reconcile import reconcile_unknown
from messaging.registry import kind_named
from messaging.rendering import place_of, prepare, signed
from messaging.rules import HTTP_TIMEOUT, JOB_BUDGET, LEASE, LEASE_MARGIN

__all__ = [
    "NewMessage",
    "UnknownAttemptError",
    "UselessMessageError",
    "drain_outbox",
    "mark_handled",
    "queue_message",
    "queue_messages",
    "reconcile_unknown",
    "record_outcome",
    "record_status_callback",
    "send_again",
]
logger = logging.getLogger(__name__)
Outcome = MessageAttempt.Outcome

BATCH = 20  # claimed at once
TROUBLES_IN_A_ROW = 3  # then the provider is left alone until the next minute


# --- queueing --------------------------------------------------------------------------------------------


class UselessMessageError(ValueError):
    def __init__(self):
        super().__init__(_("A message must be useful for a while after it is due."))


@dataclass(frozen=True)
class NewMessage:
    """A message to be written to the outbox. See OutboundMessage for the meaning of the fields."""

    branch: Branch
    recipient: str
    about: str
    kind: str
    subject: str
    occurrence: str
    due_at: datetime
    useful_until: datetime
    channel: str = OutboundMessage.Channel.SMS

    @property
    def dedupe_key(self):
        return "|".join([self.kind, self.subject, self.occurrence, self.recipient, self.channel])


def queue_message(**fields):
    """Write one message (the fields of NewMessage) to the outbox, once per dedupe key; returns its row."""
    new = NewMessage(**fields)
    queue_messages([new])
    return OutboundMessage.objects.get(dedupe_key=new.dedupe_key)


@transaction.atomic
def queue_messages(messages, *, batch_size=500):
    """Write messages to the outbox, in the caller's transaction; returns how many were not there before.

    Planning twice is planning once. While a message waits for its first attempt the latest plan's times hold,
    so that the reminder of a lesson that was moved moves with it. Planners that run at once write in one order, that
    of the keys: in PostgreSQL two that met the other way round would wait for each other, and one would be stopped.
    """
    by_key = {message.dedupe_key: message for message in messages}
    for message in by_key.values():
        kind_named(message.kind)
        if message.useful_until <= message.due_at:  # SQLite would skip such a row without a word
            raise UselessMessageError
    in_order = [by_key[key] for key in sorted(by_key)]
    return sum(_queue_batch(batch) for batch in batched(in_order, batch_size))


def _queue_batch(messages):
    present = OutboundMessage.objects.in_bulk([new.dedupe_key for new in messages], field_name="dedupe_key")
    missing = [new for new in messages if new.dedupe_key not in present]
    OutboundMessage.objects.bulk_create([_row(new) for new in missing], ignore_conflicts=True)
    failpoint("plan.batch")
    for new in messages:
        row = present.get(new.dedupe_key)
        if row and (row.due_at, row.useful_until) != (new.due_at, new.useful_until):
            _move_waiting(row, new)
    return len(missing)


def _row(new):
    fields = {name: getattr(new, name) for name in NewMessage.__dataclass_fields__}
    return OutboundMessage(dedupe_key=new.dedupe_key, not_before=new.due_at, **fields)


def _move_waiting(row, new):
    waiting = OutboundMessage.objects.filter(pk=row.pk, status=Status.QUEUED, attempt_count=0)
    waiting.update(due_at=new.due_at, useful_until=new.useful_until, not_before=new.due_at)


# --- sending ---------------------------------------------------------------------------------------------


def drain_outbox(*, now, limit=1000):
    """Send what is due, until nothing is or the time of a job is up; returns how many attempts were made."""
    clock = Clock(now)
    release_expired_leases(now=now)
    expire_stale(now=now)
    if not is_configured():
        return 0
    drain = _Drain(clock, limit)
    while not drain.is_over() and (batch := claim_due(now=clock.now(), limit=min(BATCH, drain.left))):
        for position, message in enumerate(batch):
            if drain.is_over():
                release_claims(batch[position:], now=clock.now())
                break
            drain.send(message)
    return drain.attempts


class _Drain:
    """One run through the outbox: its time, its connection, and how the provider is doing."""

    def __init__(self, clock, limit):
        self.clock = clock
        self.left = limit
        self.attempts = 0
        self.troubles = 0  # in a row

    def is_over(self):
        return (
            self.left <= 0 or self.troubles >= TROUBLES_IN_A_ROW or self.clock.elapsed() > JOB_BUDGET or is_stopping()
        )

    @cached_property
    def gateway(self):
        from messaging.gateways import TwilioGateway  # here: it takes most of a second to load

        return TwilioGateway()

    def send(self, message):
        """One attempt; a message that breaks the software must not keep the others from being sent."""
        self.left -= 1
        try:
            answer = send_claimed(message, gateway=self.gateway, clock=self.clock)
        except Exception as error:
            logger.error("message %s: %s; left to its lease", message.pk, place_of(error))
            self.troubles += 1
            return
        if answer is not None:
            self.attempts += 1
            self._note_health(answer)

    def _note_health(self, answer):
        if answer.outcome == Outcome.MISCONFIGURED or answer.error_code == "21611":
            logger.error("the SMS account or its sender refuses (%s); trying again later", answer.error_code)
            self.troubles = TROUBLES_IN_A_ROW
        elif answer.outcome in (Outcome.NOT_SENT, Outcome.THROTTLED, Outcome.UNKNOWN):
            self.troubles += 1
        else:
            self.troubles = 0


def send_claimed(message, *, gateway, clock):
    """Make one attempt with a claimed message; returns the provider's answer, or None if none was asked.

    The clock is read before the attempt is committed, and the gateway refuses to begin a request after the
    deadline: a process that was frozen in between must not send what another worker has meanwhile sent.
    """
    prepared = prepare(message, now=clock.now())
    if prepared is None:
        return None
    rendered, kind = prepared
    begun = seconds()
    attempt = start_attempt(
        message,
        to=rendered.to,
        body=signed(rendered.text, message.branch),
        sender=gateway.sender,
        purpose=kind.purpose,
        now=clock.now(at=begun),
    )
    if attempt is None:
        return None
    answer = gateway.send(
        attempt,
        valid_for=(message.useful_until - attempt.started_at).total_seconds(),
        deadline=begun + LEASE.total_seconds() - 2 * HTTP_TIMEOUT - LEASE_MARGIN,
    )
    failpoint("answer.received")
    record_outcome(attempt=attempt, answer=answer, now=clock.now())
    failpoint("answer.recorded")
    return answer


# --- what staff do ---------------------------------------------------------------------------------------


class NotFailedError(Exception):
    def __init__(self):
        super().__init__(_("Only a message that failed can be sent again."))


def mark_handled(*, message, now):
    """Staff have dealt with a message that failed: they rang up, or let it be."""
    OutboundMessage.objects.needing_staff().filter(pk=message.pk).update(handled_at=now)


@transaction.atomic
def send_again(*, message, now):
    """Queue a message that failed once more, at somebody's word."""
    message = OutboundMessage.objects.select_for_update().needing_staff().filter(pk=message.pk).first()
    if message is None or message.useful_until <= now:
        raise NotFailedError
    message.move_to(Status.QUEUED, now=now, not_before=now, provider_sid="")
