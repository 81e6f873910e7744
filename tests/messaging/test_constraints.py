"""What the database refuses, whoever asks."""

from datetime import timedelta

import pytest

from messaging.models import MessageAttempt, MessageEvent, OutboundMessage, Purpose, Status, Suppression
from tests.factories import NOW
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

PHONE = "+8613812345678"
HELD = {"token": "w1", "lease_until": NOW}
TRIED = {"attempt_count": 1, "channel": "sms", "to_phone": PHONE, "body": "您好"}


@pytest.fixture
def message(queue):
    return OutboundMessage.objects.get(pk=queue().pk)


def attempt(message, **fields):
    row = {"number": 1, "worker": "w1", "started_at": NOW, "sender": "s", "to_phone": PHONE, "body": "您好"}
    return MessageAttempt.objects.create(message=message, **row | fields)


def report(attempt):
    return MessageEvent.objects.create(attempt=attempt, status="sent", provider_sid="SM1", received_at=NOW)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("outbox_status_known", {"status": "lost"}),
        ("outbox_useful_when_due", {"useful_until": NOW}),
        ("outbox_not_before_due", {"not_before": NOW - timedelta(hours=1)}),
        ("outbox_lease_while_held", {"status": Status.CLAIMED}),
        ("outbox_lease_while_held", HELD),
        ("outbox_sid_once_accepted", {"status": Status.ACCEPTED, **TRIED}),
        ("outbox_text_once_sending", {"status": Status.SENDING, **HELD}),
        ("outbox_text_once_sending", {"status": Status.UNKNOWN, **TRIED, "attempt_count": 0}),
    ],
)
def test_a_message_in_a_state_without_its_proof_is_refused(constraint, fields, message):
    with refused_by(constraint):
        OutboundMessage.objects.filter(pk=message.pk).update(**fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("messageattempt_number", {"number": 1}),
        ("messageattempt_provider_sid", {"outcome": "accepted", "provider_sid": "SM1"}),
        ("messageattempt_accepted_has_sid", {"outcome": "accepted"}),
        ("messageattempt_accepted_has_sid", {"provider_sid": "SM2"}),
    ],
)
def test_an_attempt_that_cannot_be_is_refused(constraint, fields, message):
    attempt(message, outcome="accepted", provider_sid="SM1")

    with refused_by(constraint):
        attempt(message, **{"number": 2} | fields)


def test_the_same_report_is_kept_once(message):
    reported = attempt(message)
    report(reported)

    with refused_by("messageevent_once"):
        report(reported)


@pytest.mark.parametrize(
    ("constraint", "purpose", "is_everywhere"),
    [
        ("suppression_in_branch", Purpose.MARKETING, False),
        ("suppression_everywhere", Purpose.MARKETING, True),
        ("suppression_purpose", "anything", True),
    ],
)
def test_a_number_is_suppressed_once_for_one_purpose(constraint, purpose, is_everywhere, branch):
    where = None if is_everywhere else branch
    Suppression.objects.create(phone=PHONE, branch=where, purpose=Purpose.MARKETING, reason="asked")

    with refused_by(constraint):
        Suppression.objects.create(phone=PHONE, branch=where, purpose=purpose, reason="asked")
