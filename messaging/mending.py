"""What staff do about messages that did not arrive, or may not have: and which numbers are not worth another try."""

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils.translation import gettext as _

from messaging.models import MessageAttempt, MessageEvent, OutboundMessage, Status
from messaging.services import NotFailedError, send_again
from messaging.states import NUMBER_CODES

DOUBTFUL = [Status.UNKNOWN, Status.NEEDS_REVIEW]
FAILED = [Status.UNDELIVERED, Status.FAILED, Status.REJECTED]
ARRIVED, SENT_AGAIN = "delivered", "sent_again"
UNRELIABLE_AFTER = 2  # messages that failed for good, since the last that arrived


class NotDoubtfulError(Exception):
    """It is known by now what became of it, or it is too late; the sentence says so."""


@transaction.atomic
def record_arrived(*, message, by, now):
    """A colleague found out that a message arrived which nobody could tell of."""
    message, attempt = _doubtful(message.pk, ARRIVED, by)
    if message is None:
        return
    sid = attempt.provider_sid or f"staff-{attempt.pk}"
    attempt.outcome, attempt.provider_sid = MessageAttempt.Outcome.ACCEPTED, sid
    attempt.provider_status, attempt.error_code = ARRIVED, ""
    attempt.resolved_by = MessageAttempt.ResolvedBy.STAFF
    attempt.save()
    _note(attempt, ARRIVED, by, now)
    message.move_to(Status.DELIVERED, now=now, provider_sid=sid, error_code="")


@transaction.atomic
def send_doubtful_again(*, message, by, now):
    """Queue a message that may have arrived once more: the colleague knows that it may come twice."""
    message, attempt = _doubtful(message.pk, SENT_AGAIN, by)
    if message is None:
        return
    if message.useful_until <= now:
        raise NotDoubtfulError(_("It is too late to send this one again."))
    _note(attempt, SENT_AGAIN, by, now)
    message.move_to(
        Status.QUEUED, now=now, not_before=max(now, message.due_at), provider_sid="", channel="", error_code=""
    )


def _doubtful(pk, statement, by):
    """The message, locked, and its latest attempt; (None, None) for the second click of the same person."""
    message = OutboundMessage.objects.select_for_update().get(pk=pk)
    attempt = message.attempts.order_by("-number").first()
    if attempt is not None and message.status in DOUBTFUL:
        return message, attempt
    if attempt is not None and attempt.events.filter(by=by, status=statement).exists():
        return None, None
    raise NotDoubtfulError(_("It is known by now what became of this message: look at the list."))


def _note(attempt, status, by, now):
    facts = {"provider_sid": attempt.provider_sid, "received_at": now, "by": by}
    MessageEvent.objects.update_or_create(attempt=attempt, status=status, error_code="", defaults=facts)


def failed_and_useful(messages, *, recipient, now):
    """Of these, what failed, was not dealt with, and would still help this recipient."""
    failed = messages.needing_staff().filter(status__in=FAILED)
    return failed.filter(recipient=recipient, useful_until__gt=now).order_by("due_at", "pk")


def send_all_again(*, messages, now):
    """Queue what failed once more, after its cause was mended; returns how many."""
    count = 0
    for message in messages:
        try:
            send_again(message=message, now=now)
        except NotFailedError:  # a colleague was faster
            continue
        count += 1
    return count


def unreliable(phones):
    """Of these numbers (E.164), those at which two messages failed for good since the last that arrived: one query."""
    known = OutboundMessage.objects.filter(to_phone__in=[phone for phone in phones if phone]).order_by()
    failed = Q(status__in=FAILED, error_code__in=NUMBER_CODES)
    histories = known.values("to_phone").annotate(
        failures=Count("pk", filter=failed),
        failed_at=Max("status_at", filter=failed),
        arrived_at=Max("status_at", filter=Q(status=Status.DELIVERED)),
    )
    bad = histories.filter(failures__gte=UNRELIABLE_AFTER)
    return set(bad.filter(Q(arrived_at=None) | Q(arrived_at__lt=F("failed_at"))).values_list("to_phone", flat=True))
