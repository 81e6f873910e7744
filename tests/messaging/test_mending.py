"""What staff do about messages that failed or may have arrived, and the numbers of a day on the page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.channels import Answer
from messaging.mending import NotDoubtfulError, record_arrived, send_doubtful_again, unreliable
from messaging.models import MessageAttempt, MessageEvent, OutboundMessage, Status
from messaging.outcomes import record_outcome, record_status_callback
from messaging.services import drain_outbox
from messaging.states import reason_of
from tests.factories import NOW, GuardianFactory, at, desk_of
from tests.messaging.conftest import PHONE

pytestmark = pytest.mark.django_db
URL = "/messages/"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def message_in(queue):
    """A message whose attempt got as far as `status`."""

    def message_in(status, *, sid="", **fields):
        facts = {key: fields.pop(key) for key in ("error_code", "to_phone", "status_at") if key in fields}
        message = queue(**{"subject": f"lesson:{OutboundMessage.objects.count()}"} | fields)
        outcome = "accepted" if sid else "unknown" if status in (Status.UNKNOWN, Status.NEEDS_REVIEW) else "rejected"
        MessageAttempt.objects.create(
            message=message, number=1, worker="x", started_at=NOW, channel="sms", sender="x", to_phone=PHONE,
            body="x", outcome=outcome, provider_sid=sid,
        )  # fmt: skip
        facts = {"attempt_count": 1, "channel": "sms", "to_phone": PHONE, "body": "x", "status_at": NOW} | facts
        OutboundMessage.objects.filter(pk=message.pk).update(
            status=status, provider_sid=sid or f"SM{message.pk}", **facts
        )
        message.refresh_from_db()
        return message

    return message_in


def told(message):
    return OutboundMessage.objects.with_teller(MessageEvent.objects).get(pk=message.pk)


# --- what may have arrived -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.NEEDS_REVIEW])
def test_who_found_out_that_it_arrived_is_named(message_in, desk, status):
    message = message_in(status)

    for _click in range(2):
        record_arrived(message=message, by=desk, now=NOW)

    message = told(message)
    assert (message.status, message.teller) == (Status.DELIVERED, desk.name)
    assert desk.name in reason_of(message)
    assert (MessageAttempt.objects.get().resolved_by, MessageEvent.objects.count()) == ("staff", 1)


def test_an_id_of_the_provider_is_kept(message_in, desk):
    message = message_in(Status.NEEDS_REVIEW, sid="SM7")

    record_arrived(message=message, by=desk, now=NOW)

    assert told(message).provider_sid == "SM7"


def test_a_late_report_does_not_unsay_what_a_person_said(message_in, desk, caplog):
    message = message_in(Status.UNKNOWN)
    record_arrived(message=message, by=desk, now=NOW)

    attempt = MessageAttempt.objects.get()
    record_status_callback(attempt_id=attempt.pk, status="sent", provider_sid="SM9", error_code="", now=NOW)

    assert told(message).status == Status.DELIVERED
    assert "twice" not in caplog.text


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.NEEDS_REVIEW])
def test_what_may_have_arrived_is_sent_once_more_at_somebodys_word(message_in, desk, status, fake_twilio):
    message = message_in(status)

    for _click in range(2):
        send_doubtful_again(message=message, by=desk, now=NOW)
    drain_outbox(now=NOW)

    assert [sent["to_phone"] for sent in fake_twilio.store.messages()] == [PHONE]
    assert MessageEvent.objects.get().by == desk


def test_a_report_that_comes_before_the_second_text_keeps_it_back(message_in, desk, fake_twilio):
    message = message_in(Status.UNKNOWN)
    send_doubtful_again(message=message, by=desk, now=NOW)

    answer = Answer("accepted", "SM9", "delivered")
    record_outcome(attempt=MessageAttempt.objects.get(), answer=answer, now=NOW)
    drain_outbox(now=NOW)

    assert (told(message).status, fake_twilio.store.messages()) == (Status.DELIVERED, [])


@pytest.mark.parametrize("act", [record_arrived, send_doubtful_again])
@pytest.mark.parametrize("status", [Status.DELIVERED, Status.FAILED])
def test_what_is_known_is_not_doubted(message_in, desk, act, status):
    message = message_in(status, sid="SM1")

    with pytest.raises(NotDoubtfulError):
        act(message=message, by=desk, now=NOW)
    assert told(message).status == status


def test_what_is_too_late_is_not_sent_again(message_in, desk):
    message = message_in(Status.UNKNOWN, useful_until=NOW + HOUR)

    with pytest.raises(NotDoubtfulError):
        send_doubtful_again(message=message, by=desk, now=NOW + HOUR)


@pytest.mark.parametrize(
    ("name", "status"), [("message_arrived", Status.DELIVERED), ("message_once_more", Status.QUEUED)]
)
def test_both_buttons_stand_beside_what_is_not_known(client, desk, message_in, name, status):
    message = message_in(Status.UNKNOWN)
    address = reverse(name, args=[message.pk])
    assert address in client.get(URL).content.decode()

    response = client.post(f"{address}?state=review", follow=True)

    assert response.redirect_chain[0][0] == f"{URL}?state=review"
    assert told(message).status == status


# --- numbers that do not work ----------------------------------------------------------------------------


def test_two_failures_for_good_make_a_number_unreliable(message_in):
    message_in(Status.FAILED, error_code="30005")
    assert unreliable([PHONE]) == set()

    message_in(Status.REJECTED, error_code="21211")

    assert unreliable([PHONE, "+8613900000000", ""]) == {PHONE}


def test_a_phone_that_was_off_is_not_unreliable(message_in):
    for _time in range(3):
        message_in(Status.UNDELIVERED, error_code="30003")

    assert unreliable([PHONE]) == set()


@pytest.mark.parametrize(("arrived", "is_unreliable"), [(NOW - HOUR, True), (NOW + HOUR, False)])
def test_what_arrived_since_clears_a_number(message_in, arrived, is_unreliable):
    for _time in range(2):
        message_in(Status.FAILED, error_code="30005")
    message_in(Status.DELIVERED, sid="SM5", status_at=arrived)

    assert unreliable([PHONE]) == ({PHONE} if is_unreliable else set())


def test_the_list_marks_the_number_and_leads_to_the_mend(client, desk, message_in):
    guardian = GuardianFactory()
    for _time in range(2):
        message_in(Status.FAILED, error_code="30005", recipient=f"guardian:{guardian.pk}")

    page = client.get(URL).content.decode()

    assert page.count('data-test="unreliable"') == 2
    assert page.count(reverse("guardian_phone", args=[guardian.pk])) == 2


def test_another_number_is_no_mend_for_what_the_carrier_blocked(client, desk, message_in):
    message_in(Status.FAILED, error_code="30007")

    assert 'data-test="mend"' not in client.get(URL).content.decode()


# --- the day in numbers ----------------------------------------------------------------------------------


def figures(client, **query):
    return {figure.key: figure for figure in client.get(URL, query).context["figures"]}


def test_the_numbers_are_those_of_today_and_each_leads_to_its_list(client, desk, message_in, queue):
    message_in(Status.DELIVERED, sid="SM1")
    failed = [message_in(Status.FAILED), message_in(Status.REJECTED)]
    message_in(Status.FAILED, due_at=NOW - timedelta(days=1))
    queue()

    shown = figures(client)

    assert {key: figure.number for key, figure in shown.items()} == {
        "to_send": 1, "sent": 0, "delivered": 1, "failed": 2, "review": 0,
    }  # fmt: skip
    assert set(client.get(URL + shown["failed"].url).context["outbound_messages"]) == set(failed)


def test_what_people_carry_is_not_counted_as_sent(client, desk, message_in):
    message = message_in(Status.ACCEPTED, sid="hand-1")
    OutboundMessage.objects.update(channel="call")

    shown = figures(client)

    assert (shown["by_hand"].number, shown["sent"].number) == (1, 0)
    assert list(client.get(URL, {"state": "by_hand"}).context["outbound_messages"]) == [message]
    assert list(client.get(URL, {"state": "sent"}).context["outbound_messages"]) == []


def test_the_numbers_follow_the_filters_but_the_state(client, owner, message_in, other_branch):
    message_in(Status.DELIVERED, sid="SM1", branch=other_branch)
    message_in(Status.DELIVERED, sid="SM2", due_at=at("2026-11-20 10:00"))
    client.force_login(owner)

    assert figures(client, branch=other_branch.pk, state="failed")["delivered"].number == 1
    assert figures(client, day="2026-11-20")["delivered"].number == 1
    assert figures(client, channel="call")["delivered"].number == 0


def test_filter_by_channel(client, desk, message_in):
    message = message_in(Status.DELIVERED, sid="SM1")

    assert list(client.get(URL, {"channel": "sms"}).context["outbound_messages"]) == [message]
    assert list(client.get(URL, {"channel": "slip"}).context["outbound_messages"]) == []
