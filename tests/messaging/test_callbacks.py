"""Delivery reports: who may report, in which order, how often; and what follows."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from twilio.request_validator import RequestValidator

from messaging.claims import claim_due, release_expired_leases, start_attempt
from messaging.gateways import Answer
from messaging.models import MessageAttempt, MessageEvent, OutboundMessage, Status
from messaging.rules import LEASE, RANK
from messaging.services import drain_outbox, record_outcome, record_status_callback
from tests.factories import NOW, at
from tests.messaging.conftest import PHONE, outgoing
from tests.messaging.fixtures import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_BASE_URL

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
Outcome = MessageAttempt.Outcome


@pytest.fixture
def attempt(queue):
    """An attempt whose answer has not come yet."""
    queue()
    [message] = claim_due(now=NOW, limit=1)
    return start_attempt(message, outgoing("x"), now=NOW)


def report(attempt, status, *, sid="SM1", error_code="", now=NOW):
    record_status_callback(attempt_id=attempt.pk, status=status, provider_sid=sid, error_code=error_code, now=now)
    return OutboundMessage.objects.get(pk=attempt.message_id)


def answer(attempt, outcome=Outcome.ACCEPTED, sid="SM1"):
    record_outcome(attempt=attempt, answer=Answer(outcome, sid, "queued", 201), now=NOW)
    return OutboundMessage.objects.get(pk=attempt.message_id)


# --- order and repetition ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        (["sent", "delivered"], Status.DELIVERED),
        (["delivered", "sent", "sending", "queued"], Status.DELIVERED),
        (["sent", "sent", "sent"], Status.SENT),
        (["sending"], Status.ACCEPTED),
        (["delivered", "undelivered"], Status.DELIVERED),
        (["failed", "delivered"], Status.FAILED),
        (["undelivered", "sent"], Status.UNDELIVERED),
        (["read"], Status.DELIVERED),
        (["something new"], Status.ACCEPTED),
    ],
)
@pytest.mark.parametrize("answered_after", [0, 1, 99])
def test_state_is_right_whatever_the_order(attempt, reports, status, answered_after):
    for position, name in enumerate(reports):
        if position == answered_after:
            answer(attempt)
        report(attempt, name)

    assert answer(attempt).status == status


def test_repeated_report_is_kept_once(attempt):
    answer(attempt)

    for _time in range(3):
        report(attempt, "sent")

    assert list(MessageEvent.objects.values_list("status", "provider_sid")) == [("sent", "SM1")]


def test_report_before_the_answer_tells_the_id(attempt):
    message = report(attempt, "sent")

    assert (message.status, message.provider_sid, message.token) == (Status.SENT, "SM1", "")
    assert MessageAttempt.objects.get().resolved_by == MessageAttempt.ResolvedBy.CALLBACK


def test_lost_answer_does_not_undo_a_report(attempt):
    report(attempt, "sent")

    assert answer(attempt, Outcome.UNKNOWN, sid="").status == Status.SENT


def test_report_resolves_what_was_unknown(attempt):
    answer(attempt, Outcome.UNKNOWN, sid="")

    assert report(attempt, "delivered").status == Status.DELIVERED


def test_report_on_a_message_that_waits_again_keeps_it_from_being_sent(attempt):
    answer(attempt, Outcome.UNKNOWN, sid="")
    OutboundMessage.objects.update(status=Status.QUEUED)

    assert report(attempt, "sent").status == Status.SENT
    assert claim_due(now=NOW + MINUTE, limit=1) == []


def test_report_on_a_message_being_sent_again_is_noted_as_a_double(attempt, caplog):
    answer(attempt, Outcome.UNKNOWN, sid="")
    OutboundMessage.objects.update(status=Status.QUEUED)
    [message] = claim_due(now=NOW, limit=1)
    start_attempt(message, outgoing("x"), now=NOW)

    assert report(attempt, "sent").status == Status.SENDING  # the second attempt cannot be called back
    assert "went out twice" in caplog.text


def test_of_two_that_went_out_the_second_counts(attempt):
    answer(attempt, Outcome.UNKNOWN, sid="")
    OutboundMessage.objects.update(status=Status.QUEUED)
    [message] = claim_due(now=NOW, limit=1)
    second = start_attempt(message, outgoing("x"), now=NOW)
    answer(second, sid="SM2")

    assert report(attempt, "failed").status == Status.ACCEPTED
    assert report(second, "delivered", sid="SM2").status == Status.DELIVERED


def test_second_id_for_one_attempt_is_noted_and_changes_nothing(attempt, caplog):
    answer(attempt)

    message = report(attempt, "delivered", sid="SM2")

    assert (message.status, message.provider_sid) == (Status.ACCEPTED, "SM1")
    assert "with the provider twice" in caplog.text


def test_every_status_of_the_provider_has_a_rank():
    assert set(RANK) == {
        "queued",
        "sending",
        "sent",
        "failed",
        "delivered",
        "undelivered",
        "accepted",
        "scheduled",
        "read",
        "partially_delivered",
        "canceled",
    }  # fmt: skip  (receiving and received are of incoming messages)


# --- what could not be delivered ---------------------------------------------------------------------------


def retry(reload, message, *, now):
    """Send the message a second time; the attempt."""
    [claimed] = claim_due(now=now, limit=1)
    return start_attempt(claimed, outgoing("x"), now=now)


@pytest.mark.parametrize(("code", "status"), [("30003", Status.UNDELIVERED), ("30008", Status.NEEDS_REVIEW)])
def test_unreachable_phone_is_tried_once_more(attempt, reload, code, status):
    answer(attempt)
    message = report(attempt, "undelivered", error_code=code)
    assert (message.status, message.not_before) == (Status.QUEUED, NOW + 10 * MINUTE)

    second = retry(reload, message, now=NOW + 10 * MINUTE)
    answer(second, sid="SM2")
    message = report(second, "undelivered", sid="SM2", error_code=code)

    assert (message.status, message.error_code) == (status, code)
    assert message.attempts.count() == 2


def test_late_report_of_the_first_attempt_does_not_stop_the_second(attempt):
    answer(attempt)
    report(attempt, "undelivered", error_code="30003")

    assert report(attempt, "sent").status == Status.QUEUED


def test_message_is_not_tried_again_when_that_would_be_too_late(attempt):
    OutboundMessage.objects.update(useful_until=NOW + 10 * MINUTE)
    answer(attempt)

    assert report(attempt, "undelivered", error_code="30003").status == Status.UNDELIVERED


@pytest.mark.parametrize("code", ["30004", "30005", "30006", "30007"])
def test_hopeless_delivery_is_not_tried_again(attempt, code):
    answer(attempt)

    message = report(attempt, "undelivered", error_code=code)

    assert (message.status, message.error_code) == (Status.UNDELIVERED, code)
    assert OutboundMessage.objects.needing_staff().exists()


def test_quiet_hours_at_the_recipient_are_waited_for(attempt):
    late = at("2026-11-21 22:00")
    answer(attempt)

    message = report(attempt, "failed", error_code="30610", now=late)

    assert (message.status, message.not_before) == (Status.QUEUED, at("2026-11-22 08:00"))


# --- who may report ----------------------------------------------------------------------------------------


@pytest.fixture
def post(settings, attempt):
    """Post a report as the provider would; `url` and `token` are what it is signed for, and with."""
    settings.PUBLIC_BASE_URL = PUBLIC_BASE_URL
    settings.TWILIO_AUTH_TOKEN = AUTH_TOKEN
    settings.TWILIO_PREVIOUS_AUTH_TOKEN = ""
    path = reverse("twilio_status", args=[attempt.pk])

    def post(*, path=path, url=None, token=AUTH_TOKEN, extra=None, signature=None, **client):
        parameters = {"MessageSid": "SM1", "MessageStatus": "sent", "AccountSid": ACCOUNT_SID, "To": PHONE}
        signed = signature or RequestValidator(token).compute_signature(url or PUBLIC_BASE_URL + path, parameters)
        return Client(enforce_csrf_checks=True).post(
            path, {**parameters, **(extra or {})}, headers={"X-Twilio-Signature": signed}, secure=True, **client
        )

    return post


def test_signed_report_is_taken(post, attempt):
    assert post().status_code == 200
    assert OutboundMessage.objects.get().status == Status.SENT


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "another token"},
        {"token": ""},
        {"signature": "x"},
        {"url": "https://elsewhere.example/hooks/twilio/status/1"},
        {"url": "http://qingxiao.example/hooks/twilio/status/1"},
        {"extra": {"ErrorCode": "30003"}},
        {"extra": {"MessageStatus": "delivered"}},
        {"query_params": {"a": "b"}},
    ],
)
def test_report_with_a_wrong_signature_is_refused(post, wrong):
    assert post(**wrong).status_code == 403
    assert OutboundMessage.objects.get().status == Status.SENDING
    assert not MessageEvent.objects.exists()


def test_report_without_a_signature_is_refused(attempt):
    url = reverse("twilio_status", args=[attempt.pk])

    assert Client().post(url, {"MessageStatus": "sent"}, secure=True).status_code == 403


def test_without_an_account_no_report_is_taken(post, settings):
    settings.TWILIO_AUTH_TOKEN = ""

    assert post(token="").status_code == 403  # an empty token signs nothing


def test_host_header_of_the_request_means_nothing(post, settings):
    settings.ALLOWED_HOSTS = ["elsewhere.example"]

    assert post(SERVER_NAME="elsewhere.example").status_code == 200


def test_previous_token_is_good_while_it_is_changed(post, settings):
    settings.TWILIO_AUTH_TOKEN = "the new one"
    assert post().status_code == 403

    settings.TWILIO_PREVIOUS_AUTH_TOKEN = AUTH_TOKEN

    assert post().status_code == 200


def test_report_on_an_unknown_attempt_is_answered_and_ignored(post, caplog):
    path = reverse("twilio_status", args=["unknown"])

    assert post(path=path).status_code == 200
    assert "unknown attempt" in caplog.text
    assert PHONE not in caplog.text


def test_report_is_a_post(client, attempt):
    url = reverse("twilio_status", args=[attempt.pk])

    assert client.get(url, secure=True).status_code == 405


def test_reports_over_http_reach_a_real_server(live_server, queue, fake_twilio, settings, reload):
    settings.PUBLIC_BASE_URL = live_server.url
    del fake_twilio.carrier.post
    message = queue()

    drain_outbox(now=NOW)
    fake_twilio.deliver()

    assert reload(message).status == Status.DELIVERED


def test_lease_that_expires_before_the_report_loses_nothing(attempt):
    release_expired_leases(now=NOW + LEASE)

    assert report(attempt, "delivered").status == Status.DELIVERED
