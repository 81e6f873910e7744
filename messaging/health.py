"""Figures for /healthz/jobs."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from core.health import Reading, register_probe
from messaging.account import is_configured
from messaging.holds import held_after_restore
from messaging.models import Hold, OutboundMessage, SenderState, Status

LONGEST_WAIT = timedelta(minutes=10)  # of a message that is due
LONGEST_UNKNOWN = timedelta(minutes=15)
MOST_TO_REVIEW = 20


@register_probe
def oldest_due_message(now):
    """Seconds that the longest waiting message is overdue. Without an account none is sent, and none is late."""
    oldest = OutboundMessage.objects.due(now).values_list("not_before", flat=True).first()
    overdue = (now - oldest).total_seconds() if oldest and is_configured() else 0
    return Reading(
        "seconds_oldest_message_overdue",
        overdue,
        LONGEST_WAIT.total_seconds(),
        label=_("Seconds that the longest waiting message is late"),
        mend=_("The SMS provider may refuse us, or cannot be reached: the log of the jobs says which."),
    )


@register_probe
def long_unknown_messages(now):
    unknown = OutboundMessage.objects.unresolved().filter(status_at__lt=now - LONGEST_UNKNOWN)
    return Reading(
        "messages_unknown_too_long",
        unknown.count(),
        0,
        label=_("Messages whose fate is not known after a quarter of an hour"),
        mend=_("The SMS provider's list cannot be read: look at the account with the provider."),
    )


@register_probe
def messages_to_review(now):
    to_review = OutboundMessage.objects.filter(status=Status.NEEDS_REVIEW)
    return Reading(
        "messages_to_review",
        to_review.count(),
        MOST_TO_REVIEW,
        label=_("Messages that a person must look at"),
        mend=_("Open the page of messages, “to be dealt with”, and call these families."),
    )


@register_probe
def senders_left_alone(now):
    """Senders whose circuit breaker is open: what they should carry waits, or takes another channel."""
    return Reading(
        "senders_left_alone",
        SenderState.objects.left_alone(now).count(),
        0,
        label=_("Senders of messages that fail and are left alone for a while"),
        mend=_("The list of senders on the health page says why. Nothing is lost: it goes out when they work again."),
    )


@register_probe
def messages_held_after_restore(now):
    """Restore mode is on while this is not zero: messaging/restore.py looks them up."""
    return Reading(
        "messages_held_after_restore",
        held_after_restore(now).count(),
        0,
        label=_("Messages held back since a backup was put back"),
        mend=_("Each is looked up with the SMS provider and then sent, if it was not: that takes some minutes."),
    )


@register_probe
def clock_jump(now):
    """Seconds by which the clock of any machine jumped, as long as nobody knows that it is right."""
    jumps = [abs(hold.jump_seconds) for hold in Hold.objects.open(Hold.Reason.CLOCK)]
    return Reading(
        "seconds_clock_jumped",
        max(jumps, default=0),
        0,
        label=_("Seconds by which a server's clock jumped"),
        mend=_(
            "Nothing is sent. Set the server's clock; if it is right as it is, start “manage.py trust_clock” there."
        ),
    )
