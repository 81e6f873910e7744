"""Messages of which we do not know whether the provider has them: its list tells."""

import logging
from datetime import timedelta

from django.db import transaction

from core.failpoints import failpoint
from core.processes import is_stopping
from messaging.channels import Channels
from messaging.channels.base import ListingError
from messaging.claims import release_expired_leases
from messaging.clock import Clock
from messaging.holds import is_clock_doubtful
from messaging.models import MessageAttempt, OutboundMessage, Status
from messaging.outcomes import ResolvedBy, accept, advance
from messaging.registry import UnknownKindError, kind_named
from messaging.rendering import place_of
from messaging.rules import JOB_BUDGET, LEASE, MAX_UNKNOWN_ATTEMPTS, SETTLE

logger = logging.getLogger(__name__)
CLOCK_SKEW = timedelta(minutes=5)  # between our clock and the provider's


def reconcile_unknown(*, now, limit=100):
    """Resolve what is unknown: found on the provider's list, or sent again, or given to a person."""
    if is_clock_doubtful():  # what is on the list could not be told apart by its time
        return
    release_expired_leases(now=now)
    clock, channels, silent = Clock(now), Channels(), set()
    for message in OutboundMessage.objects.unresolved()[:limit]:
        if clock.elapsed() > JOB_BUDGET or is_stopping():
            return
        if message.channel in silent or not channels[message.channel].is_configured():
            continue
        try:
            _reconcile(message, channels[message.channel], clock.now())
        except ListingError as error:  # it stays unknown until the provider answers
            logger.warning("the list of %s cannot be read: %s", message.channel, error)
            silent.add(message.channel)
        except Exception as error:  # it stays unknown; it must not keep those behind it from being resolved
            logger.error("message %s could not be resolved: %s", message.pk, place_of(error))


def _reconcile(message, channel, now):
    attempt = message.attempts.order_by("number").last()
    is_settled = message.status_at + SETTLE <= now  # before listing: what comes later would not be on it
    if _has_twin_under_way(message):
        return
    found = _find(attempt, channel.listed(attempt)) if channel.can_list else None
    with transaction.atomic():
        message = OutboundMessage.objects.select_for_update().get(pk=message.pk)
        attempt.refresh_from_db()
        if message.status != Status.UNKNOWN or attempt.number != message.attempt_count:
            return  # a report came meanwhile
        if found:
            accept(message, attempt, sid=found.sid, by=ResolvedBy.RECONCILE, now=now)
            advance(message, attempt, status=found.status, error_code=found.error_code, now=now)
        elif is_settled and channel.can_list and _may_send_again(message, now):
            message.move_to(Status.QUEUED, now=now, not_before=now)
        elif is_settled:
            message.move_to(Status.NEEDS_REVIEW, now=now)
        failpoint("reconcile.before_commit")
    failpoint("reconcile.committed")


def _has_twin_under_way(message):
    """The same words to the same number, being sent just now: the list would not tell them apart."""
    twins = OutboundMessage.objects.filter(to_phone=message.to_phone, body=message.body, status=Status.SENDING)
    return twins.exclude(pk=message.pk).exists()


def _find(attempt, listed):
    """The listed message that must be this attempt: number, words, sender and time agree, and nobody else's."""
    known = set(
        MessageAttempt.objects.filter(provider_sid__in=[found.sid for found in listed]).values_list(
            "provider_sid", flat=True
        )
    )
    earliest, latest = attempt.started_at - CLOCK_SKEW, attempt.started_at + LEASE + CLOCK_SKEW
    for found in listed:
        if found.sid not in known and found.reference == attempt.pk:
            return found
        if (
            found.sid not in known
            and not found.reference
            and found.body == attempt.body
            and attempt.sender in (found.sender, found.service)
            and found.created_at is not None
            and earliest <= found.created_at <= latest
        ):
            return found
    return None


def _may_send_again(message, now):
    """The provider never got it. But it may be too late, have failed too often, or be of a kind to leave alone."""
    unknown = message.attempts.filter(outcome=MessageAttempt.Outcome.UNKNOWN).count()
    try:
        is_wanted = kind_named(message.kind).resend_unknown
    except UnknownKindError:
        is_wanted = False
    return is_wanted and message.useful_until > now and unknown < MAX_UNKNOWN_ATTEMPTS
