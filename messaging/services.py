"""What the rest of the software asks of messaging.

    queued -> claimed -> sending -> accepted -> sent -> delivered | undelivered | failed
                            |-> rejected | suppressed        (an answer that settles it)
                            |-> queued                       (known not to be sent; later again)
                            |-> unknown -> accepted | queued | needs_review

A message that may have gone out is never sent again before the provider's list shows that it did not.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from core.failpoints import failpoint
from core.processes import is_stopping
from messaging.channels import Channels, channel_class
from messaging.claims import (
    claim_due,
    expire_stale,
    leave_claim,
    release_claims,
    release_expired_leases,
    start_attempt,
)
from messaging.clock import Clock, seconds
from messaging.holds import is_clock_doubtful
from messaging.models import MessageAttempt, OutboundMessage, Status
from messaging.outcomes import UnknownAttemptError, record_outcome, record_status_callback
from messaging.reconcile import reconcile_unknown
from messaging.registry import kind_named
from messaging.rendering import outgoing, place_of, prepare
from messaging.routing import Routes
from messaging.rules import HTTP_TIMEOUT, JOB_BUDGET, LEASE, LEASE_MARGIN
from messaging.senders import Senders, reserve_slot

__all__ = [
    "NewMessage",
    "UnknownAttemptError",
    "UselessMessageError",
    "dedupe_key",
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
PUT_OFF_AT_MOST = 200  # in one run: what is behind them may go by another channel
ERRORS_IN_A_ROW = 3  # of our own; then the next run tries again
LONGEST_WAIT = timedelta(seconds=15)  # for a slot of the sender; what has to wait longer is put off
HEAD_START = timedelta(milliseconds=200)  # an attempt is committed so long before its slot, which it then keeps


# --- queueing --------------------------------------------------------------------------------------------


class UselessMessageError(ValueError):
    def __init__(self):
        super().__init__(_("A message must be useful for a while after it is due."))


def dedupe_key(kind, subject, occurrence, recipient):
    """By which the outbox finds a message, and writes it once. See OutboundMessage for the meaning of the parts."""
    return "|".join([kind, subject, occurrence, recipient])


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

    @property
    def dedupe_key(self):
        """Who is told what on which occasion. Not by which channel: another one is no second message."""
        return dedupe_key(self.kind, self.subject, self.occurrence, self.recipient)


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
    if is_clock_doubtful():
        return 0
    clock = Clock(now)
    release_expired_leases(now=now)
    expire_stale(now=now)
    drain = _Drain(clock, limit)
    if not drain.can_begin():
        return 0
    while not drain.is_over() and (batch := claim_due(now=clock.now(), limit=min(BATCH, drain.left))):
        drain.senders.refresh()
        for position, message in enumerate(batch):
            if drain.is_over():
                release_claims(batch[position:], now=clock.now())
                break
            drain.send(message)
    return drain.attempts


class _Drain:
    """One run through the outbox: its time, its channels, and how their senders are doing."""

    def __init__(self, clock, limit):
        self.clock = clock
        self.left = limit
        self.attempts = 0
        self.put_off = 0  # because the sender is left alone, or busy
        self.errors = 0  # of our own, in a row
        self.channels, self.routes, self.senders = Channels(), Routes(), Senders()

    def can_begin(self):
        """Without any channel that is set up nothing is taken up: a laptop queues, and sends nothing."""
        return any(self.channels[code].is_configured() for code in self.routes.codes())

    def is_over(self):
        is_held_up = self.put_off >= PUT_OFF_AT_MOST or self.errors >= ERRORS_IN_A_ROW
        return self.left <= 0 or is_held_up or self.clock.elapsed() > JOB_BUDGET or is_stopping()

    def send(self, message):
        """One attempt; a message that breaks the software must not keep the others from being sent."""
        self.left -= 1
        try:
            answer = self._send(message)
        except Exception as error:
            logger.error("message %s: %s; left to its lease", message.pk, place_of(error))
            self.errors += 1
            return
        self.errors = 0
        if answer is not None:
            self.attempts += 1

    def _send(self, message):
        prepared = prepare(message, routes=self.routes, channels=self.channels, now=self.clock.now())
        if prepared is None:
            return None
        out = outgoing(message, prepared)
        slot, wait_until = self._slot(out, prepared.channel)
        if wait_until:
            leave_claim(message, Status.QUEUED, now=self.clock.now(), not_before=max(wait_until, message.due_at))
            self.put_off += 1
            return None
        rest = self.routes.after(out.channel, message.branch_id, out.purpose)
        instead = next((route.channel for route in rest if not channel_class(route.channel).is_text), None)
        answer = send_claimed(message, out, channel=prepared.channel, instead=instead, clock=self.clock, slot=slot)
        if answer is not None:
            self.senders.note(out.channel, out.sender, answer, self.clock.now())
            if answer.outcome == Outcome.MISCONFIGURED:
                logger.error("the account or sender of %s refuses (%s)", out.channel, answer.error_code)
        return answer

    def _slot(self, out, channel):
        """(the moment to send at, None), or (None, until when the sender is left alone or has no slot)."""
        now = self.clock.now()
        if closed_until := self.senders.closed_until(out.channel, out.sender, now):
            return None, closed_until
        if not channel.parts_per_second:
            return now, None
        channel.make_ready()
        slot, is_reserved = reserve_slot(
            channel=out.channel, sender=out.sender, parts=out.parts or 1, parts_per_second=channel.parts_per_second,
            now=self.clock.now(), longest_wait=LONGEST_WAIT,
        )  # fmt: skip
        if not is_reserved:
            return None, slot
        _sleep_until(slot - HEAD_START, self.clock)
        return slot, None


def _sleep_until(moment, clock):
    time.sleep(max(0, (moment - clock.now()).total_seconds()))


def send_claimed(message, out, *, channel, clock, instead=None, slot=None):
    """Make one attempt with a claimed message; returns the provider's answer, or None if none was asked.

    The clock is read before the attempt is committed, and the channel refuses to begin a request after the
    deadline: a process that was frozen in between must not send what another worker has meanwhile sent.
    The request waits for its `slot` after the commit: how long that took, behind other writers, does not matter then.
    """
    begun = seconds()
    attempt = start_attempt(message, out, instead=instead, now=clock.now(at=begun))
    if attempt is None:
        return None
    if slot:
        _sleep_until(slot, clock)
    answer = channel.send(
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
    message.move_to(Status.QUEUED, now=now, not_before=max(now, message.due_at), provider_sid="", channel="")
