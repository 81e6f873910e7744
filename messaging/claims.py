"""Who may work on a message: claims with a token and a lease. Every step is a compare-and-set."""

import os
import secrets
import socket
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from core.failpoints import failpoint
from messaging.consent import refusal
from messaging.holds import sendable
from messaging.models import MessageAttempt, OutboundMessage, Status
from messaging.rules import LEASE


def claim_due(*, now, limit):
    """Take up to `limit` due messages for this worker; no other worker gets them before the lease ends.

    PostgreSQL skips rows that another worker is just claiming. On SQLite transactions that write come one
    after the other (transaction_mode IMMEDIATE), and the condition on the status decides.
    """
    token = secrets.token_urlsafe(16)
    with transaction.atomic():
        due = sendable(OutboundMessage.objects.due(now)).select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[:limit])
        OutboundMessage.objects.filter(pk__in=ids, status=Status.QUEUED).update(
            status=Status.CLAIMED, status_at=now, token=token, lease_until=now + LEASE
        )
    if ids:
        failpoint("claim.committed")
    mine = OutboundMessage.objects.filter(pk__in=ids, token=token)
    return list(mine.select_related("branch").order_by("not_before", "pk"))


def leave_claim(message, status, *, now, **fields):
    """Give a claimed message another state, unless the claim was lost meanwhile; returns whether it was ours."""
    claimed = OutboundMessage.objects.filter(pk=message.pk, status=Status.CLAIMED, token=message.token)
    fields = {"status_at": now, "token": "", "lease_until": None, **fields}
    return claimed.update(status=status, **fields) == 1


def release_claims(messages, *, now):
    """Put back what this worker claimed and did not get to."""
    for message in messages:
        leave_claim(message, Status.QUEUED, now=now)


@dataclass(frozen=True)
class Outgoing:
    """What one attempt hands over, through which channel: the facts that MessageAttempt keeps."""

    purpose: str
    channel: str
    sender: str
    to_phone: str
    body: str
    is_text: bool = True
    template: str = ""
    parameters: dict = field(default_factory=dict)
    parts: int = 0
    part_price_fen: Decimal = Decimal(0)


def start_attempt(message, outgoing, *, instead=None, now):
    """Commit SENDING and the attempt, before anything goes out; None if the claim was lost or may not be used.

    Whoever opted out by now gets no text: this is the last look. `instead` is the channel that goes on then, if there
    is one. `durable`: were this inside another transaction, the attempt could vanish after the provider got the
    message.
    """
    to, body = outgoing.to_phone, outgoing.body
    with transaction.atomic(durable=True):
        reason = outgoing.is_text and refusal(phone=to, branch=message.branch_id, purpose=outgoing.purpose)
        if reason and instead:
            leave_claim(message, Status.QUEUED, now=now, channel=instead)
            return None
        if reason:
            leave_claim(message, Status.SUPPRESSED, now=now, to_phone=to, reason=reason)
            return None
        number = message.attempt_count + 1
        is_ours = leave_claim(
            message,
            Status.SENDING,
            now=now,
            token=message.token,
            lease_until=now + LEASE,
            attempt_count=number,
            channel=outgoing.channel,
            to_phone=to,
            body=body,
            reason="",
            error_code="",
        )
        if not is_ours:
            return None
        attempt = MessageAttempt.objects.create(
            message=message,
            number=number,
            worker=f"{socket.gethostname()}:{os.getpid()}"[:100],
            started_at=now,
            channel=outgoing.channel,
            sender=outgoing.sender,
            to_phone=to,
            body=body,
            template=outgoing.template,
            parameters=outgoing.parameters,
            parts=outgoing.parts,
            part_price_fen=outgoing.part_price_fen,
        )
        failpoint("sending.before_commit")
    failpoint("sending.committed")
    return attempt


def release_expired_leases(*, now):
    """After a worker died: what it only claimed was not sent; what it was sending may have been."""
    expired = OutboundMessage.objects.filter(lease_until__lte=now)
    no_lease = {"status_at": now, "token": "", "lease_until": None}
    expired.filter(status=Status.CLAIMED).update(status=Status.QUEUED, **no_lease)
    with transaction.atomic():
        lost = expired.filter(status=Status.SENDING).select_for_update(skip_locked=True)
        ids = list(lost.values_list("pk", flat=True))
        lost_attempts = MessageAttempt.objects.filter(message__in=ids, outcome=MessageAttempt.Outcome.PENDING)
        lost_attempts.update(outcome=MessageAttempt.Outcome.UNKNOWN)
        expired.filter(pk__in=ids, status=Status.SENDING).update(status=Status.UNKNOWN, **no_lease)


def expire_stale(*, now):
    """A reminder of a lesson that has begun is worse than none, on the desk's list too."""
    for waiting in (OutboundMessage.objects.filter(status=Status.QUEUED), OutboundMessage.objects.by_hand()):
        waiting.filter(useful_until__lte=now).update(status=Status.EXPIRED, status_at=now)
