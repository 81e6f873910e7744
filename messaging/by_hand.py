"""What people carry: calls to make and slips to hand out. The desk says what became of each."""

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.models import BY_HAND, MessageAttempt, MessageEvent, OutboundMessage, Status
from messaging.outcomes import advance

TOLD, NOT_REACHED = "delivered", "undelivered"  # in the words of a provider's report


class AlreadySettledError(Exception):
    """Somebody else was faster, or it is too late; the sentence says which."""


def record_told(*, message, by, now):
    """A colleague has told the family, or handed the slip over. Saying it twice is saying it once."""
    _record(message.pk, TOLD, by, now)


def record_not_reached(*, message, by, now):
    """Nobody answered: the next channel of the branch takes over; without one it is for staff to decide."""
    _record(message.pk, NOT_REACHED, by, now)


@transaction.atomic
def record_all_told(*, messages, by, now):
    """Mark many as told, in one go; returns how many were still open. Each is locked in the order of the keys."""
    told = 0
    for pk in sorted(message.pk for message in messages):
        try:
            told += _record(pk, TOLD, by, now)
        except AlreadySettledError:
            continue
    return told


@transaction.atomic
def _record(pk, status, by, now):
    """Whether it was open until now."""
    message = OutboundMessage.objects.select_for_update(of=["self"]).select_related("branch").get(pk=pk)
    attempt = message.attempts.filter(channel__in=BY_HAND).order_by("-number").first()
    is_open = message.channel in BY_HAND and message.status == Status.ACCEPTED and message.useful_until > now
    if attempt is None or not is_open:
        return _refuse_unless_said(attempt, status, by)
    attempt.resolved_by = MessageAttempt.ResolvedBy.STAFF
    facts = {"provider_sid": attempt.provider_sid, "received_at": now, "by": by}
    MessageEvent.objects.create(attempt=attempt, status=status, **facts)
    advance(message, attempt, status=status, error_code="", now=now)
    return True


def _refuse_unless_said(attempt, status, by):
    """A second click of the same person changes nothing; what somebody else said is named."""
    said = attempt and attempt.events.filter(by__isnull=False).select_related("by").order_by("-pk").first()
    if said is None:
        raise AlreadySettledError(_("It is too late for this one, or it goes another way by now."))
    if (said.status, said.by_id) != (status, by.pk):
        raise AlreadySettledError(_("%(person)s has dealt with this one already.") % {"person": said.by})
    return False
