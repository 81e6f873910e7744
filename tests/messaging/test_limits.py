"""At most so many to one number: service messages wait for the next day, offers are dropped."""

from datetime import timedelta

import pytest

from messaging.consent import opt_in
from messaging.models import Purpose, Status
from messaging.registry import Rendered, renders
from messaging.services import drain_outbox
from tests.factories import NOW, UserFactory, at
from tests.messaging.conftest import PHONE

pytestmark = pytest.mark.django_db
TOMORROW = at("2026-11-22 08:00")


@pytest.fixture
def offers(branch):
    @renders("offer", purpose=Purpose.MARKETING)
    def offer(message, now):
        return Rendered(to=PHONE, text="秋季班优惠")

    opt_in(phone=PHONE, purposes=[Purpose.MARKETING], branch=branch, by=UserFactory(), now=NOW)


def test_without_a_limit_all_go(queue, fake_twilio):
    for number in range(5):
        queue(occurrence=str(number))

    assert drain_outbox(now=NOW) == 5


def test_what_is_above_the_limit_of_a_day_waits_for_the_next(queue, fake_twilio, branch, reload):
    branch.most_service_a_day = 1
    branch.save()
    messages = [queue(occurrence=str(number), useful_until=NOW + timedelta(days=2)) for number in range(2)]

    drain_outbox(now=NOW)
    assert [reload(message).status for message in messages] == [Status.ACCEPTED, Status.QUEUED]
    assert reload(messages[1]).not_before == TOMORROW
    drain_outbox(now=TOMORROW)

    assert reload(messages[1]).status == Status.ACCEPTED


def test_what_would_be_stale_by_then_is_dropped_with_the_reason(queue, fake_twilio, branch, reload):
    branch.most_service_a_day = 1
    branch.save()
    queue(occurrence="1")
    message = queue(occurrence="2", useful_until=NOW + timedelta(hours=2))

    drain_outbox(now=NOW)

    assert (reload(message).status, bool(reload(message).reason)) == (Status.EXPIRED, True)


def test_one_offer_a_week(queue, fake_twilio, reload, offers):
    first, second = queue(kind="offer", occurrence="1"), queue(kind="offer", occurrence="2")
    drain_outbox(now=NOW)

    third = queue(kind="offer", occurrence="3", due_at=NOW + timedelta(days=8), useful_until=NOW + timedelta(days=9))
    drain_outbox(now=NOW + timedelta(days=8))

    assert [reload(message).status for message in (first, second, third)] == [
        Status.ACCEPTED, Status.SUPPRESSED, Status.ACCEPTED,
    ]  # fmt: skip


def test_offers_and_service_messages_are_counted_apart(queue, fake_twilio, reload, offers, branch):
    branch.most_service_a_day = 1
    branch.save()
    offer, note = queue(kind="offer"), queue()

    drain_outbox(now=NOW)

    assert {reload(offer).status, reload(note).status} == {Status.ACCEPTED}


def test_a_second_attempt_is_no_second_message(queue, fake_twilio, branch, reload):
    branch.most_service_a_day = 1
    branch.save()
    message = queue()
    fake_twilio.store.inject("throttle")
    drain_outbox(now=NOW)

    drain_outbox(now=NOW + timedelta(hours=1))

    assert reload(message).status == Status.ACCEPTED
