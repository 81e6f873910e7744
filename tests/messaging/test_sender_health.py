"""How the senders do: what is counted, what is left alone, and who sees it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import health
from messaging.models import MessageAttempt, MessageEvent, SenderState
from messaging.sender_health import sender_health
from messaging.services import drain_outbox
from tests.factories import NOW, desk_of, manager_of
from tests.messaging.fixtures import SENDER

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def attempt(queue):
    """attempt(): one by SMS just now, accepted; arguments are fields. `after`: seconds until it was delivered."""

    def attempt(*, after=None, **fields):
        number = MessageAttempt.objects.count()
        facts = {
            "number": 1, "worker": "x", "started_at": NOW, "channel": "sms", "sender": SENDER, "body": "x",
            "outcome": "accepted", "provider_status": "sent" if after is None else "delivered",
        } | fields  # fmt: skip
        sid = f"SM{number}" if facts["outcome"] == "accepted" else ""
        row = MessageAttempt.objects.create(message=queue(subject=f"lesson:{number}"), provider_sid=sid, **facts)
        if after is not None:
            at = row.started_at + after * SECOND
            MessageEvent.objects.create(attempt=row, status="delivered", provider_sid=sid, received_at=at)
        return row

    return attempt


def test_what_is_counted(attempt):
    for seconds in (2, 4, 90):
        attempt(after=seconds)
    attempt()
    attempt(outcome="rejected", provider_status="")
    attempt(provider_status="undelivered")
    attempt(outcome="unknown", provider_status="")

    (one,) = sender_health(NOW)

    assert (one.attempts, one.accepted, one.failed, one.unknown, one.delivered) == (7, 5, 2, 1, 3)
    assert (one.delivered_percent, one.seconds, one.is_well) == (60, 4, True)


@pytest.mark.parametrize("fields", [{"started_at": NOW - DAY}, {"channel": "call"}, {"channel": "slip"}])
def test_what_is_old_or_by_hand_is_not(attempt, fields):
    attempt(after=1, **fields)

    assert sender_health(NOW) == []


def test_senders_are_told_apart_and_those_that_fail_stand_first(attempt):
    attempt(after=1)
    attempt(sender="+2", outcome="not_sent", provider_status="")
    SenderState.objects.create(channel="sms", sender="+2", failures=3, error_code="20003", failed_at=NOW)

    first, second = sender_health(NOW)

    assert (first.sender, first.failures, first.is_well, bool(first.error)) == ("+2", 3, False, True)
    assert (second.sender, second.is_well, second.seconds) == (SENDER, True, 1)


@pytest.mark.parametrize(("until", "is_open"), [(NOW + SECOND, True), (NOW, False)])
def test_a_sender_is_left_alone_until_its_pause_is_over(until, is_open):
    SenderState.objects.create(channel="sms", sender=SENDER, failures=5, open_until=until, failed_at=NOW)

    assert [bool(one.open_until) for one in sender_health(NOW)] == [is_open]
    assert health.senders_left_alone(NOW).is_well != is_open


def test_a_wrong_account_is_said_in_plain_words(queue, fake_twilio, settings):
    settings.TWILIO_AUTH_TOKEN = "wrong"
    queue()

    drain_outbox(now=NOW)

    (one,) = sender_health(NOW)
    assert (one.sender, one.error_code, bool(one.open_until)) == (SENDER, "20003", True)
    assert one.error
    assert not health.senders_left_alone(NOW).is_well


def test_the_owner_sees_it_on_the_health_page(client, owner, attempt):
    attempt(after=3)
    client.force_login(owner)

    response = client.get("/health/")

    assert [one.sender for one in response.context["senders"]] == [SENDER]
    assert 'data-test="sender"' in response.content.decode()


@pytest.mark.parametrize(("person", "sees"), [(manager_of, True), (desk_of, False)])
def test_the_manager_sees_it_above_the_messages(client, branch, attempt, person, sees):
    attempt()
    client.force_login(person(branch))

    assert ('data-test="senders"' in client.get("/messages/").content.decode()) == sees


def test_it_costs_the_same_for_one_sender_and_for_three(attempt, django_assert_num_queries):
    for number in range(3):
        attempt(after=1, sender=f"+{number}")
        with django_assert_num_queries(3):
            assert len(sender_health(NOW)) == number + 1
