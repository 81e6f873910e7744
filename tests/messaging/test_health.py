from datetime import timedelta

import pytest

from messaging import health
from messaging.models import OutboundMessage, Status
from messaging.services import drain_outbox
from tests.factories import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def test_message_that_is_long_overdue_is_noticed(queue, fake_twilio):
    queue()

    assert health.oldest_due_message(NOW + 10 * MINUTE).is_well
    reading = health.oldest_due_message(NOW + 11 * MINUTE)

    assert (reading.value, reading.is_well) == (660, False)


def test_message_that_waits_for_the_morning_is_not_overdue(queue, fake_twilio):
    message = queue()
    OutboundMessage.objects.update(not_before=NOW + timedelta(hours=9))

    assert health.oldest_due_message(NOW + timedelta(hours=8)).value == 0
    assert not health.oldest_due_message(message.useful_until).is_well


def test_nothing_is_overdue_without_an_account(queue, settings):
    settings.TWILIO_ACCOUNT_SID = ""
    queue()

    assert health.oldest_due_message(NOW + timedelta(hours=1)).is_well


def test_message_that_stays_unknown_is_noticed(queue, fake_twilio):
    queue()
    fake_twilio.store.inject("drop")
    drain_outbox(now=NOW)

    assert health.long_unknown_messages(NOW + 15 * MINUTE).is_well
    assert not health.long_unknown_messages(NOW + 16 * MINUTE).is_well


def test_messages_to_review_pile_up(queue, fake_twilio):
    for number in range(21):
        queue(occurrence=str(number)).move_to(Status.NEEDS_REVIEW, now=NOW)

    assert not health.messages_to_review(NOW).is_well
