"""The circuit breaker and the pace, shared by all workers."""

from datetime import timedelta
from itertools import pairwise

import pytest

from messaging import services
from messaging.models import MessageAttempt, OutboundMessage, SenderState, Status
from messaging.rules import BREAKER_FAILURES, BREAKER_PAUSE, PACE_SHARE
from messaging.senders import Senders, reserve_slot
from messaging.services import drain_outbox
from tests.factories import NOW, BranchFactory
from tests.messaging.fixtures import SENDER

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
AFTER = NOW + BREAKER_PAUSE + 5 * SECOND


@pytest.fixture
def outage(queue, fake_twilio):
    """Twenty messages wait, and the provider fails for so many requests."""

    def outage(times):
        for number in range(20):
            queue(occurrence=str(number))
        fake_twilio.store.inject("error", times=times)

    return outage


def asked(fake):
    return MessageAttempt.objects.count()


def test_after_five_failures_the_sender_is_left_alone(outage, fake_twilio):
    outage(times=100)

    drain_outbox(now=NOW)
    drain_outbox(now=NOW + SECOND)  # another worker, or the next minute

    assert asked(fake_twilio) == BREAKER_FAILURES
    state = SenderState.objects.get()
    assert (state.channel, state.sender, state.failures) == ("sms", SENDER, BREAKER_FAILURES)
    assert state.open_until > NOW


def test_after_the_pause_one_attempt_tries_whether_it_goes_again(outage, fake_twilio):
    outage(times=100)
    drain_outbox(now=NOW)

    drain_outbox(now=AFTER)

    assert asked(fake_twilio) == BREAKER_FAILURES + 1
    assert SenderState.objects.get().open_until > AFTER


def test_when_it_goes_again_all_goes(outage, fake_twilio):
    outage(times=BREAKER_FAILURES)
    drain_outbox(now=NOW)

    drain_outbox(now=AFTER)
    drain_outbox(now=AFTER + 5 * SECOND)

    assert OutboundMessage.objects.filter(status=Status.ACCEPTED).count() == 20 - BREAKER_FAILURES
    state = SenderState.objects.get()
    assert (state.failures, state.open_until) == (0, None)


def test_of_two_workers_only_one_tries(outage):
    outage(times=100)
    drain_outbox(now=NOW)
    first, second = Senders(), Senders()
    first.refresh()
    second.refresh()

    assert first.closed_until("sms", SENDER, AFTER) is None
    assert second.closed_until("sms", SENDER, AFTER) > AFTER


def test_a_wrong_password_needs_no_five_attempts(queue, fake_twilio, settings):
    settings.TWILIO_AUTH_TOKEN = "an old one"
    for number in range(3):
        queue(occurrence=str(number))

    drain_outbox(now=NOW)

    assert asked(fake_twilio) == 1
    assert SenderState.objects.get().error_code == "20003"


def test_failures_now_and_then_open_nothing(queue, fake_twilio):
    for number in range(10):
        queue(occurrence=str(number))
        if number % 2:
            fake_twilio.store.inject("throttle")
        drain_outbox(now=NOW)

    assert SenderState.objects.get().open_until is None


def test_the_other_channel_goes_on_while_one_is_left_alone(outage, fake_twilio, branch, reload, queue):
    outage(times=100)
    drain_outbox(now=NOW)
    other = BranchFactory()
    other.channel_routes.create(purpose="service", position=1, channel="call")
    message = queue(branch=other, occurrence="called")

    drain_outbox(now=NOW + SECOND)

    assert reload(message).status == Status.ACCEPTED


# --- the pace ----------------------------------------------------------------------------------------------


def reserve(parts=1, *, now=NOW, longest_wait=timedelta(minutes=1)):
    return reserve_slot(
        channel="sms", sender="+1", parts=parts, parts_per_second=10, now=now, longest_wait=longest_wait
    )


def test_each_part_has_a_slot_of_its_own():
    slots = [reserve()[0] for _message in range(20)]

    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(slots)]
    assert gaps == pytest.approx([1 / (10 * PACE_SHARE)] * 19, abs=1e-5)
    assert max(sum(start <= slot < start + SECOND for slot in slots) for start in slots) <= 10


def test_a_long_text_takes_the_slots_of_its_parts():
    reserve(parts=3)

    assert reserve()[0] - NOW == pytest.approx(timedelta(seconds=3 / (10 * PACE_SHARE)), abs=timedelta(milliseconds=1))


def test_what_was_not_used_is_not_saved_up():
    reserve()

    assert reserve(now=NOW + timedelta(hours=1))[0] == NOW + timedelta(hours=1)


def test_what_is_too_far_away_is_not_reserved():
    reserve(parts=100)

    slot, is_reserved = reserve(longest_wait=SECOND)

    assert (slot > NOW + SECOND, is_reserved) == (True, False)
    assert SenderState.objects.get().free_at == slot


def test_a_message_waits_for_its_slot(queue, fake_twilio, settings, monkeypatch):
    settings.TWILIO_PARTS_PER_SECOND = 2
    waits = []
    monkeypatch.setattr(services.time, "sleep", waits.append)
    queue(occurrence="1")
    queue(occurrence="2")

    drain_outbox(now=NOW)

    head_start = services.HEAD_START.total_seconds()
    assert waits[:2] == [0, 0]
    assert 0.3 < waits[2] + head_start < 1 / (2 * PACE_SHARE)  # before the attempt is committed
    assert 0.3 < waits[3] < 1 / (2 * PACE_SHARE)  # and after it, until the slot
    assert len(fake_twilio.store.messages()) == 2


def test_a_sender_that_is_busy_for_long_holds_no_worker(queue, fake_twilio, settings, reload):
    settings.TWILIO_PARTS_PER_SECOND = 1
    SenderState.objects.create(channel="sms", sender=SENDER, free_at=NOW + timedelta(minutes=2))
    message = queue()

    assert drain_outbox(now=NOW) == 0
    assert reload(message).not_before == NOW + timedelta(minutes=2)
