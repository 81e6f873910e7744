"""Figures for /healthz/jobs."""

from datetime import timedelta

from core.health import Reading, register_probe
from messaging.account import is_configured
from messaging.models import OutboundMessage, Status

LONGEST_WAIT = timedelta(minutes=10)  # of a message that is due
LONGEST_UNKNOWN = timedelta(minutes=15)
MOST_TO_REVIEW = 20


@register_probe
def oldest_due_message(now):
    """Seconds that the longest waiting message is overdue. Without an account none is sent, and none is late."""
    oldest = OutboundMessage.objects.due(now).values_list("not_before", flat=True).first()
    overdue = (now - oldest).total_seconds() if oldest and is_configured() else 0
    return Reading("seconds_oldest_message_overdue", overdue, LONGEST_WAIT.total_seconds())


@register_probe
def long_unknown_messages(now):
    unknown = OutboundMessage.objects.unresolved().filter(status_at__lt=now - LONGEST_UNKNOWN)
    return Reading("messages_unknown_too_long", unknown.count(), 0)


@register_probe
def messages_to_review(now):
    to_review = OutboundMessage.objects.filter(status=Status.NEEDS_REVIEW)
    return Reading("messages_to_review", to_review.count(), MOST_TO_REVIEW)
