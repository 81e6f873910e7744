"""What is unknown is found on the provider's list, sent again, or given to a person."""

from datetime import timedelta

import pytest

from messaging import reconcile
from messaging.claims import claim_due, start_attempt
from messaging.models import MessageAttempt, OutboundMessage, Purpose, Status
from messaging.registry import Rendered, renders
from messaging.rules import LEASE, SETTLE
from messaging.services import drain_outbox, reconcile_unknown, record_status_callback
from tests.factories import NOW
from tests.messaging.conftest import PHONE, outgoing
from tests.messaging.fixtures import SENDER

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
BODY = "【轻校】lesson:812 24h"
LATER = NOW + SETTLE + timedelta(seconds=2)  # Clock adds what the test itself takes


@pytest.fixture
def unknown(queue, fake_twilio, reload):
    """Queue a message and drain it with a fault of the provider's."""

    def unknown(fault, *, sent_at=NOW, **fields):
        message = queue(**fields)
        fake_twilio.store.inject(fault)
        drain_outbox(now=sent_at)
        assert reload(message).status == Status.UNKNOWN
        return message

    return unknown


def texts_at(fake):
    return [message["body"] for message in reversed(fake.store.messages())]


@pytest.mark.parametrize("fault", ["drop", "error_after", "garbage"])
def test_message_on_the_list_was_accepted(unknown, fake_twilio, reload, fault):
    message = unknown(fault)

    reconcile_unknown(now=NOW)  # what is on the list need not settle
    drain_outbox(now=LATER)

    message = reload(message)
    assert (message.status, message.provider_sid) == (
        Status.ACCEPTED,
        fake_twilio.store.messages()[0]["sid"],
    )
    assert message.attempts.get().resolved_by == MessageAttempt.ResolvedBy.RECONCILE
    assert texts_at(fake_twilio) == [BODY]


def test_list_tells_what_became_of_it_meanwhile(unknown, fake_twilio, reload):
    message = unknown("drop")
    fake_twilio.carrier.post = lambda *args: None  # the reports are lost
    fake_twilio.deliver()

    reconcile_unknown(now=NOW)

    assert reload(message).status == Status.DELIVERED


def test_message_that_is_not_on_the_list_is_sent_again_once_it_settled(unknown, fake_twilio, reload):
    message = unknown("error")

    reconcile_unknown(now=NOW + MINUTE)
    assert reload(message).status == Status.UNKNOWN
    reconcile_unknown(now=LATER)
    assert reload(message).status == Status.QUEUED
    drain_outbox(now=LATER + MINUTE)

    assert reload(message).status == Status.ACCEPTED
    assert texts_at(fake_twilio) == [BODY]


def test_message_that_would_come_too_late_needs_a_person(unknown, reload):
    message = unknown("error", useful_until=NOW + MINUTE)

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.NEEDS_REVIEW


def test_kind_that_must_not_come_twice_needs_a_person(unknown, reload):
    @renders("code", purpose=Purpose.CODE, resend_unknown=False)
    def code(message, now):
        return Rendered(to=PHONE, text="123456")

    message = unknown("error", kind="code")

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.NEEDS_REVIEW


def test_message_that_stays_unknown_again_and_again_needs_a_person(unknown, fake_twilio, reload):
    message = unknown("error")
    now = NOW
    for _time in range(2):
        now += SETTLE + 2 * MINUTE
        reconcile_unknown(now=now)
        fake_twilio.store.inject("error")
        drain_outbox(now=now + MINUTE)
        assert reload(message).status == Status.UNKNOWN

    reconcile_unknown(now=now + SETTLE + 2 * MINUTE)

    assert (reload(message).status, reload(message).attempt_count) == (Status.NEEDS_REVIEW, 3)


def test_worker_that_died_while_sending_leaves_no_double(queue, fake_twilio, reload):
    """It got through to the provider; its answer and the worker are lost."""
    message = queue()
    [claimed] = claim_due(now=NOW, limit=1)
    start_attempt(claimed, outgoing(BODY), now=NOW)
    fake_twilio.api._create({"To": PHONE, "From": SENDER, "Body": BODY})

    reconcile_unknown(now=NOW + LEASE)
    drain_outbox(now=NOW + LEASE + SETTLE)

    assert reload(message).status == Status.ACCEPTED
    assert texts_at(fake_twilio) == [BODY]


@pytest.mark.parametrize(
    "other",
    [
        {"to_phone": "+8613900000000"},
        {"body": "【轻校】lesson:812 2h"},
        {"from_phone": "+15005550010"},
        {"created_at": NOW.timestamp() - 20 * 60},
        {"created_at": NOW.timestamp() + 20 * 60},
    ],
)
def test_another_message_on_the_list_is_not_taken_for_ours(unknown, fake_twilio, reload, other):
    message = unknown("error")
    listed = {"to_phone": PHONE, "from_phone": SENDER, "service_sid": "", "body": BODY, "callback_url": ""}
    created_at = {key: other[key] for key in other if key == "created_at"}
    sid = fake_twilio.store.add(**{**listed, **{key: other[key] for key in other if key in listed}})["sid"]
    fake_twilio.store.update(sid, **created_at)

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.QUEUED


def test_equal_texts_are_matched_one_by_one(unknown, fake_twilio, reload):
    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text="same words")

    first = unknown("drop")
    second = unknown("error", occurrence="2h", sent_at=NOW + MINUTE)

    reconcile_unknown(now=LATER + MINUTE)

    assert (reload(first).status, reload(second).status) == (Status.ACCEPTED, Status.QUEUED)


def test_report_corrects_a_wrong_guess_among_equal_texts(unknown, fake_twilio, reload):
    """Only the second went out; the list made it look like the first."""

    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text="same words")

    first = unknown("error")
    second = unknown("drop", occurrence="2h", sent_at=NOW + MINUTE)
    reconcile_unknown(now=NOW)
    assert (reload(first).status, reload(second).status) == (Status.ACCEPTED, Status.UNKNOWN)

    fake_twilio.deliver()

    assert (reload(first).status, reload(second).status) == (Status.UNKNOWN, Status.DELIVERED)
    assert reload(first).provider_sid == ""


def test_equal_text_under_way_is_waited_for(unknown, queue, fake_twilio, reload):
    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text="same words")

    message = unknown("error")
    queue(occurrence="2h")
    [twin] = claim_due(now=NOW, limit=1)
    start_attempt(twin, outgoing("【轻校】same words"), now=NOW)
    fake_twilio.api._create({"To": PHONE, "From": SENDER, "Body": "【轻校】same words"})  # the twin's

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.UNKNOWN


def test_report_that_comes_while_the_list_is_read_wins(unknown, fake_twilio, reload, monkeypatch):
    message = unknown("error")
    attempt = message.attempts.get()

    def listed(gateway, to_phone):
        record_status_callback(attempt_id=attempt.pk, status="delivered", provider_sid="SM1", error_code="", now=NOW)
        return []

    monkeypatch.setattr("messaging.gateways.TwilioGateway.listed", listed)

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.DELIVERED


def test_message_that_breaks_the_software_does_not_keep_the_next_from_being_resolved(
    unknown, fake_twilio, reload, monkeypatch, caplog
):
    broken = unknown("drop")
    other = unknown("drop", occurrence="2h", sent_at=NOW + MINUTE)
    find = reconcile._find

    def stumble(attempt, listed):
        return 1 / 0 if attempt.message_id == broken.pk else find(attempt, listed)

    monkeypatch.setattr(reconcile, "_find", stumble)

    reconcile_unknown(now=LATER + MINUTE)

    assert (reload(broken).status, reload(other).status) == (Status.UNKNOWN, Status.ACCEPTED)
    assert f"message {broken.pk} could not be resolved: ZeroDivisionError" in caplog.text


def test_message_stays_unknown_while_the_provider_does_not_answer(unknown, settings, reload, caplog):
    message = unknown("error")
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:1"

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.UNKNOWN
    assert "cannot be read" in caplog.text


def test_long_list_is_read_by_pages(unknown, fake_twilio, reload, monkeypatch):
    message = unknown("drop")
    for number in range(70):
        fake_twilio.api._create({"To": PHONE, "From": SENDER, "Body": str(number)})
    answer = fake_twilio.api._list
    monkeypatch.setattr(fake_twilio.api, "_list", lambda query: answer({**query, "PageSize": "30"}))

    reconcile_unknown(now=NOW)

    assert reload(message).status == Status.ACCEPTED


def test_nothing_unknown_asks_nothing(queue, settings):
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = settings.TWILIO_FROM = "set"
    queue()

    reconcile_unknown(now=LATER)  # no stand-in answers here

    assert OutboundMessage.objects.get().status == Status.QUEUED
