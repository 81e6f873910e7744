"""What became of an attempt: by the provider's answer, its reports or its list, in whatever order they come."""

import logging

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.failpoints import failpoint
from messaging.channels import channel_class
from messaging.consent import opt_out_everywhere
from messaging.models import (
    WITH_PROVIDER,
    MessageAttempt,
    MessageEvent,
    OutboundMessage,
    Purpose,
    Status,
)
from messaging.registry import UnknownKindError, kind_named
from messaging.routing import Routes
from messaging.rules import (
    RANK,
    REDELIVERY_PAUSE,
    RETRY_DELIVERY_LATER,
    RETRY_DELIVERY_ONCE,
    REVIEW_AFTER_RETRY,
    back_off,
    next_allowed_at,
    status_for,
)

logger = logging.getLogger(__name__)
Outcome = MessageAttempt.Outcome
ResolvedBy = MessageAttempt.ResolvedBy


class UnknownAttemptError(LookupError):
    def __init__(self):
        super().__init__(_("There is no such attempt."))


def record_outcome(*, attempt, answer, now):
    """Write down the provider's answer to an attempt, unless a report of the provider was faster."""
    if not _accept_at_once(attempt, answer, now):
        _record_outcome(attempt, answer, now)


def _accept_at_once(attempt, answer, now):
    """The usual case in two statements: it was accepted, and nothing came in meanwhile. Returns whether it was so.

    The long way takes nine, and more of a worker's time than the request itself.
    """
    if answer.outcome != Outcome.ACCEPTED or status_for(answer.provider_status) != Status.ACCEPTED:
        return False
    sending = OutboundMessage.objects.filter(pk=attempt.message_id, status=Status.SENDING, attempt_count=attempt.number)
    pending = MessageAttempt.objects.filter(pk=attempt.pk, outcome=Outcome.PENDING, provider_sid="")
    accepted = {"provider_sid": answer.provider_sid, "error_code": ""}
    try:
        with transaction.atomic():
            is_usual = sending.update(
                status=Status.ACCEPTED, status_at=now, token="", lease_until=None, reason="", **accepted
            ) and pending.update(
                outcome=Outcome.ACCEPTED,
                resolved_by=ResolvedBy.RESPONSE,
                provider_status=answer.provider_status,
                **accepted,
            )
            transaction.set_rollback(not is_usual)
    except IntegrityError:  # the list was taken to show another attempt under this id
        return False
    return bool(is_usual)


@transaction.atomic
def _record_outcome(attempt, answer, now):
    message, attempt = _locked(attempt.pk)
    if answer.outcome == Outcome.ACCEPTED:
        accept(message, attempt, sid=answer.provider_sid, by=ResolvedBy.RESPONSE, now=now)
        return advance(message, attempt, status=answer.provider_status, error_code="", now=now)
    if attempt.outcome not in (Outcome.PENDING, Outcome.UNKNOWN):
        return None
    attempt.outcome, attempt.resolved_by = answer.outcome, ResolvedBy.RESPONSE
    attempt.http_status, attempt.error_code = answer.http_status, answer.error_code
    attempt.save()
    if message.status in (Status.SENDING, Status.UNKNOWN) and attempt.number == message.attempt_count:
        _settle(message, answer, now)
    return None


def record_status_callback(*, attempt_id, status, provider_sid, error_code, now):
    """Write down one delivery report. Repeating it changes nothing, and neither does a late one."""
    with transaction.atomic():
        _take_report(attempt_id, status, provider_sid, error_code, now)
        failpoint("report.before_commit")
    failpoint("report.committed")


def _take_report(attempt_id, status, provider_sid, error_code, now):
    message, attempt = _locked(attempt_id)
    MessageEvent.objects.get_or_create(
        attempt=attempt,
        status=status,
        error_code=error_code,
        defaults={"provider_sid": provider_sid, "received_at": now},
    )
    if accept(message, attempt, sid=provider_sid, by=ResolvedBy.CALLBACK, now=now):
        advance(message, attempt, status=status, error_code=error_code, now=now)


def _locked(attempt_id):
    """The message, locked, and its attempt: always in this order, so that two never wait for each other."""
    message_id = MessageAttempt.objects.filter(pk=attempt_id).values_list("message_id", flat=True).first()
    if message_id is None:
        raise UnknownAttemptError
    message = OutboundMessage.objects.select_for_update(of=["self"]).select_related("branch").get(pk=message_id)
    return message, MessageAttempt.objects.get(pk=attempt_id)


def accept(message, attempt, *, sid, by, now):
    """The provider has this attempt under this id; returns whether that fits what we knew."""
    if attempt.provider_sid == sid:
        return True
    if attempt.provider_sid:
        if attempt.resolved_by != ResolvedBy.STAFF:  # else a person said sooner that it arrived
            logger.error("attempt %s of message %s is with the provider twice", attempt.number, message.pk)
        return False
    _give_up_guess(sid, now)
    attempt.outcome, attempt.provider_sid, attempt.resolved_by = Outcome.ACCEPTED, sid, by
    attempt.http_status, attempt.error_code = None, ""
    attempt.save()
    is_being_sent_again = message.status == Status.SENDING and attempt.number != message.attempt_count
    if message.status in WITH_PROVIDER or is_being_sent_again:
        logger.error("message %s went out twice: attempt %s was accepted too", message.pk, attempt.number)
    else:
        texts = {"to_phone": attempt.to_phone, "body": attempt.body, "channel": attempt.channel}
        message.move_to(Status.ACCEPTED, now=now, provider_sid=sid, error_code="", **texts)
    return True


def _give_up_guess(sid, now):
    """The list shows equal texts to one number without telling which attempt is which; a report does tell."""
    for attempt in MessageAttempt.objects.filter(provider_sid=sid, resolved_by=ResolvedBy.RECONCILE):
        attempt.outcome, attempt.provider_sid, attempt.resolved_by = Outcome.UNKNOWN, "", ""
        attempt.provider_status = ""
        attempt.save()
        message = OutboundMessage.objects.select_for_update().get(pk=attempt.message_id)
        if message.provider_sid == sid:
            message.move_to(Status.UNKNOWN, now=now, provider_sid="")


def advance(message, attempt, *, status, error_code, now):
    """Take a status of the provider over, if it is further than what we knew."""
    if RANK.get(status, -1) <= RANK.get(attempt.provider_status, -1):
        return
    attempt.provider_status, attempt.error_code = status, error_code
    attempt.save()
    if message.status not in WITH_PROVIDER or message.provider_sid != attempt.provider_sid:
        return  # another attempt is the one that counts
    if error_code and _deliver_again(message, error_code, now):
        return
    reached = status_for(status)
    if error_code in REVIEW_AFTER_RETRY and reached != Status.DELIVERED:
        reached = Status.NEEDS_REVIEW
    if reached in (Status.UNDELIVERED, Status.FAILED):
        give_up_or_go_on(message, reached, now=now, error_code=error_code)
    else:
        message.move_to(reached, now=now, error_code=error_code)


# --- what follows from an answer -------------------------------------------------------------------------


def give_up_or_go_on(message, status, *, now, **fields):
    """This channel could not: the next one of the branch's order takes over. Without one, `status` it is.

    Somebody who wants no texts gets no text by another provider either, but may be called or given a slip.
    """
    rest = Routes().after(message.channel, message.branch_id, _purpose_of(message))
    wants_no_text = status == Status.SUPPRESSED
    left = [route for route in rest if not (wants_no_text and channel_class(route.channel).is_text)]
    not_before = next_allowed_at(message.branch, now)
    if left and not_before < message.useful_until:
        fields |= {"channel": left[0].channel, "provider_sid": "", "not_before": max(not_before, message.due_at)}
        status = Status.QUEUED
    message.move_to(status, now=now, **fields)


def _purpose_of(message):
    try:
        return kind_named(message.kind).purpose
    except UnknownKindError:  # of an older version
        return Purpose.SERVICE


def _settle(message, answer, now):
    code = {"error_code": answer.error_code}
    match answer.outcome:
        case Outcome.UNKNOWN:
            message.move_to(Status.UNKNOWN, now=now, **code)
        case Outcome.REJECTED:
            give_up_or_go_on(message, Status.REJECTED, now=now, **code)
        case Outcome.OPTED_OUT:
            opt_out_everywhere(phone=message.to_phone, now=now)
            reason = _("The recipient opted out.")
            give_up_or_go_on(message, Status.SUPPRESSED, now=now, reason=reason, **code)
        case _:  # not sent: it goes back to the queue
            not_before = now + back_off(message.attempt_count)
            if answer.error_code in RETRY_DELIVERY_LATER:
                not_before = next_allowed_at(message.branch, not_before)
            message.move_to(Status.QUEUED, now=now, not_before=not_before, **code)


def _deliver_again(message, error_code, now):
    """Queue a message that the provider could not deliver once more, where that may help."""
    if error_code not in RETRY_DELIVERY_ONCE | RETRY_DELIVERY_LATER:
        return False
    failed = message.attempts.filter(provider_status__in=["undelivered", "failed"]).count()
    not_before = next_allowed_at(message.branch, now + REDELIVERY_PAUSE)
    is_spent = error_code in RETRY_DELIVERY_ONCE and failed > _delivery_retries(message)
    if is_spent or not_before >= message.useful_until:
        return False
    message.move_to(Status.QUEUED, now=now, not_before=not_before, provider_sid="", error_code=error_code)
    return True


def _delivery_retries(message):
    try:
        return kind_named(message.kind).delivery_retries
    except UnknownKindError:
        return 0
