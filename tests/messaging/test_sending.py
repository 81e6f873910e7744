"""From the outbox to the phone: claims, the order of commits, and what each answer leads to."""

import logging
import threading
from datetime import timedelta

import pytest
from django.db import connection

from messaging import gateways, services
from messaging.channels import Channels, http
from messaging.channels.twilio import TwilioSms
from messaging.claims import claim_due, leave_claim, release_expired_leases, start_attempt
from messaging.clock import Clock, seconds
from messaging.consent import opt_out
from messaging.gateways import Answer, TwilioGateway
from messaging.models import TO_FAMILIES, MessageAttempt, OutboundMessage, Purpose, Status, Suppression
from messaging.registry import Cancelled, Rendered, Suppressed, renders
from messaging.rendering import prepare
from messaging.routing import Routes
from messaging.rules import BREAKER_FAILURES, LEASE
from messaging.services import drain_outbox, record_outcome, send_claimed
from tests.factories import NOW, BranchFactory, at
from tests.messaging.conftest import PHONE, outgoing
from tests.messaging.fixtures import PUBLIC_BASE_URL, SENDER

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
Outcome = MessageAttempt.Outcome


def texts_at(fake):
    """What the stand-in took in, the oldest first."""
    return [message["body"] for message in reversed(fake.store.messages())]


def test_due_message_reaches_the_phone_and_is_reported_delivered(queue, fake_twilio, reload):
    message = queue()

    assert drain_outbox(now=NOW) == 1
    message = reload(message)
    assert (message.status, message.to_phone) == (Status.ACCEPTED, PHONE)
    assert message.body == "【轻校】lesson:812 24h"

    fake_twilio.deliver()

    assert reload(message).status == Status.DELIVERED
    assert texts_at(fake_twilio) == [message.body]
    assert list(message.attempts.get().events.values_list("status", flat=True)) == ["sending", "sent", "delivered"]


def test_request_carries_what_twilio_needs(queue, fake_twilio, monkeypatch):
    forms = []
    create = fake_twilio.api._create
    monkeypatch.setattr(fake_twilio.api, "_create", lambda form: forms.append(form) or create(form))
    queue(useful_until=NOW + 30 * MINUTE)

    drain_outbox(now=NOW)

    attempt = MessageAttempt.objects.get()
    assert 1798 <= int(forms[0].pop("ValidityPeriod")) <= 1800
    assert forms == [
        {
            "To": PHONE,
            "Body": "【轻校】lesson:812 24h",
            "From": SENDER,
            "StatusCallback": f"{PUBLIC_BASE_URL}/hooks/twilio/status/{attempt.pk}",
        }
    ]


def test_messaging_service_sends_in_place_of_a_number(queue, fake_twilio, settings, reload):
    settings.TWILIO_FROM = "MG" + "0" * 32

    message = queue()
    drain_outbox(now=NOW)

    assert fake_twilio.store.messages()[0]["service_sid"] == settings.TWILIO_FROM
    assert reload(message).attempts.get().provider_status == "accepted"


def test_edge_and_region_of_the_environment_change_nothing(queue, fake_twilio, reload, monkeypatch):
    monkeypatch.setenv("TWILIO_EDGE", "ashburn")
    monkeypatch.setenv("TWILIO_REGION", "us1")
    message = queue()

    drain_outbox(now=NOW)

    assert reload(message).status == Status.ACCEPTED


def test_message_is_not_sent_before_it_is_due(queue, fake_twilio, reload):
    message = queue(due_at=NOW + MINUTE)

    assert drain_outbox(now=NOW) == 0

    assert reload(message).status == Status.QUEUED


def test_nothing_is_sent_without_an_account(queue, settings, reload):
    settings.TWILIO_ACCOUNT_SID = ""
    message = queue()

    assert drain_outbox(now=NOW) == 0

    assert reload(message).status == Status.QUEUED


def test_second_drain_sends_nothing_again(queue, fake_twilio):
    queue()
    drain_outbox(now=NOW)

    drain_outbox(now=NOW + 10 * MINUTE)

    assert len(texts_at(fake_twilio)) == 1


def test_no_number_and_no_text_is_logged(queue, fake_twilio, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="twilio.http_client")
    caplog.set_level(logging.INFO, logger="urllib3")  # as in the settings; below that it names whole addresses
    for number, fault in enumerate(["refuse", "drop", "error"]):
        fake_twilio.store.inject(fault, value="21211")
        queue(occurrence=str(number))

    drain_outbox(now=NOW)
    services.reconcile_unknown(now=NOW + 5 * MINUTE)

    assert PHONE.removeprefix("+86") not in caplog.text
    assert "lesson:812" not in caplog.text


# --- claims ------------------------------------------------------------------------------------------------


def test_claimed_message_is_not_claimed_again(queue):
    queue()

    first, second = claim_due(now=NOW, limit=5), claim_due(now=NOW, limit=5)

    assert (len(first), len(second)) == (1, 0)
    assert first[0].token
    assert first[0].lease_until == NOW + LEASE


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_once_share_the_messages(queue):
    for number in range(30):
        queue(occurrence=str(number))
    barrier, claimed = threading.Barrier(4), []

    def work():
        barrier.wait()
        while batch := claim_due(now=NOW, limit=3):
            claimed.extend(message.pk for message in batch)
        connection.close()

    threads = [threading.Thread(target=work) for _worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claimed) == len(set(claimed)) == 30


def test_expired_claim_goes_back_to_the_queue(queue, reload):
    message = queue()
    claim_due(now=NOW, limit=1)

    release_expired_leases(now=NOW + LEASE - timedelta(seconds=1))
    assert reload(message).status == Status.CLAIMED
    release_expired_leases(now=NOW + LEASE)

    assert (reload(message).status, reload(message).token) == (Status.QUEUED, "")


def test_lost_claim_is_not_used(queue):
    queue()
    [message] = claim_due(now=NOW, limit=1)
    release_expired_leases(now=NOW + LEASE)
    claim_due(now=NOW + LEASE, limit=1)

    assert not leave_claim(message, Status.CANCELLED, now=NOW + LEASE)
    assert begin(message) is None
    assert OutboundMessage.objects.get().status == Status.CLAIMED


def begin(message, now=NOW):
    return start_attempt(message, outgoing("x"), now=now)


def test_expired_sending_is_unknown_and_never_queued(queue, reload):
    message = queue()
    attempt = begin(claim_due(now=NOW, limit=1)[0])

    release_expired_leases(now=NOW + LEASE)

    attempt.refresh_from_db()
    assert (reload(message).status, attempt.outcome) == (Status.UNKNOWN, Outcome.UNKNOWN)
    assert claim_due(now=NOW + LEASE, limit=1) == []


def test_drain_looks_after_the_leases_of_the_dead(queue, fake_twilio, reload):
    message = queue()
    claim_due(now=NOW, limit=1)

    drain_outbox(now=NOW + LEASE)

    assert reload(message).status == Status.ACCEPTED


# --- the order of commits ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_attempt_is_committed_before_the_request(queue, fake_twilio, monkeypatch):
    seen = []

    def look_from_outside(form):
        """In the stand-in's thread, and so over another connection."""
        try:
            message = OutboundMessage.objects.get()
            seen.append((message.status, message.body, message.attempts.count()))
        finally:
            connection.close()
        return create(form)

    create = fake_twilio.api._create
    monkeypatch.setattr(fake_twilio.api, "_create", look_from_outside)
    queue()

    drain_outbox(now=NOW)

    assert seen == [(Status.SENDING, "【轻校】lesson:812 24h", 1)]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_during_the_request(queue, fake_twilio, monkeypatch):
    open_transactions = []
    send = TwilioGateway.send
    monkeypatch.setattr(
        TwilioGateway,
        "send",
        lambda *args, **kwargs: open_transactions.append(connection.in_atomic_block) or send(*args, **kwargs),
    )
    queue()

    drain_outbox(now=NOW)

    assert open_transactions == [False]


def send(message, channel, clock):
    """One attempt with a claimed message, as a drain makes it."""
    return send_claimed(message, outgoing("【轻校】lesson:812 24h"), channel=channel, clock=clock)


class FrozenChannel:
    """Stands for a process that is frozen between the commit and the request."""

    def __init__(self, monkeypatch, channel, freeze):
        self.channel = channel
        self.monkeypatch, self.freeze = monkeypatch, freeze

    def send(self, attempt, **kwargs):
        self.monkeypatch.setattr(http, "seconds", lambda: seconds() + self.freeze.total_seconds())
        return self.channel.send(attempt, **kwargs)


def test_request_is_not_begun_after_the_deadline(queue, fake_twilio, monkeypatch, reload):
    message = queue()
    [claimed] = claim_due(now=NOW, limit=1)

    answer = send(claimed, FrozenChannel(monkeypatch, TwilioSms(), freeze=LEASE), Clock(NOW))

    assert (answer.outcome, answer.error_code) == (Outcome.NOT_SENT, "DeadlinePassedError")
    assert texts_at(fake_twilio) == []
    assert reload(message).status == Status.QUEUED


def test_deadline_is_read_before_the_attempt_is_committed(queue, fake_twilio, monkeypatch):
    """Frozen while it commits: a deadline read afterwards would begin when the lease is over already."""
    queue()
    [claimed] = claim_due(now=NOW, limit=1)

    def commit_slowly(*args, **kwargs):
        attempt = start_attempt(*args, **kwargs)
        for module in (services, http):
            monkeypatch.setattr(module, "seconds", lambda: seconds() + LEASE.total_seconds())
        return attempt

    monkeypatch.setattr(services, "start_attempt", commit_slowly)

    answer = send(claimed, TwilioSms(), Clock(NOW))

    assert answer.outcome == Outcome.NOT_SENT
    assert texts_at(fake_twilio) == []


def test_lease_and_deadline_begin_together(queue, fake_twilio, monkeypatch):
    """The lease counts from the same reading of the clock as the deadline, however late the job is by then."""
    queue()
    [claimed] = claim_due(now=NOW, limit=1)
    clock = Clock(NOW)
    clock.start -= 40  # the job has been at work for so long
    deadlines = []
    monkeypatch.setattr(
        TwilioGateway, "send", lambda *args, deadline, **kwargs: deadlines.append(deadline) or Answer("unknown")
    )
    monkeypatch.setattr(services, "record_outcome", lambda **answer: None)

    send(claimed, TwilioSms(), clock)

    attempt = MessageAttempt.objects.get()
    assert attempt.message.lease_until == attempt.started_at + LEASE
    begun = (attempt.started_at - NOW).total_seconds() + clock.start
    assert deadlines[0] == pytest.approx(begun + LEASE.total_seconds() - 50, abs=0.001)


# --- the last look -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "status"), [(Cancelled, Status.CANCELLED), (Suppressed, Status.SUPPRESSED)])
def test_renderer_may_decline(queue, fake_twilio, reload, answer, status):
    @renders("note")
    def note(message, now):
        raise answer("停课了")

    message = queue()
    drain_outbox(now=NOW)

    assert (reload(message).status, reload(message).reason) == (status, "停课了")
    assert texts_at(fake_twilio) == []


def test_words_are_found_when_sent(queue, fake_twilio):
    queue()

    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text="改到10点了")

    drain_outbox(now=NOW)

    assert texts_at(fake_twilio) == ["【轻校】改到10点了"]


def test_brackets_stand_for_the_signature_only(queue, fake_twilio, branch):
    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text="【春】英语 ")

    branch.sms_signature = "青田学堂"
    branch.save()
    queue()
    drain_outbox(now=NOW)

    assert texts_at(fake_twilio) == ["【青田学堂】[春]英语"]


def test_failing_renderer_stops_neither_the_others_nor_its_own_message(queue, fake_twilio, reload, caplog):
    @renders("broken")
    def broken(message, now):
        raise ValueError("陈小明 13812345678")

    message = queue(kind="broken", due_at=NOW - MINUTE)
    queue()
    drain_outbox(now=NOW)

    message = reload(message)
    assert (message.status, message.error_code) == (Status.QUEUED, "ValueError")
    assert message.not_before == pytest.approx(NOW + 5 * MINUTE, abs=MINUTE)
    assert len(texts_at(fake_twilio)) == 1
    assert "ValueError" in caplog.text
    assert "13812345678" not in caplog.text


def test_number_without_country_code_is_rejected(queue, fake_twilio, reload):
    @renders("note")
    def note(message, now):
        return Rendered(to="13812345678", text="hi")

    message = queue()
    drain_outbox(now=NOW)

    assert reload(message).status == Status.REJECTED
    assert texts_at(fake_twilio) == []


def test_message_that_is_no_longer_useful_is_dropped(queue, fake_twilio, reload):
    message = queue()

    drain_outbox(now=message.useful_until)

    assert reload(message).status == Status.EXPIRED
    assert texts_at(fake_twilio) == []


def test_message_that_expires_while_claimed_is_dropped(queue, fake_twilio, reload):
    message = queue()
    [claimed] = claim_due(now=NOW, limit=1)

    prepared = prepare(claimed, routes=Routes(), channels=Channels(), now=message.useful_until)

    assert prepared is None
    assert reload(message).status == Status.EXPIRED


def test_message_waits_for_the_end_of_the_quiet_hours(queue, fake_twilio, reload):
    late = at("2026-11-21 21:00")
    message = queue(due_at=late, useful_until=at("2026-11-22 09:00"))

    drain_outbox(now=late)
    assert (reload(message).status, reload(message).not_before) == (Status.QUEUED, at("2026-11-22 08:00"))
    drain_outbox(now=at("2026-11-22 07:59"))
    assert texts_at(fake_twilio) == []
    drain_outbox(now=at("2026-11-22 08:00"))

    assert len(texts_at(fake_twilio)) == 1


def test_message_that_quiet_hours_make_too_late_is_dropped(queue, fake_twilio, reload):
    late = at("2026-11-21 22:00")
    message = queue(due_at=late, useful_until=at("2026-11-22 08:00"))

    drain_outbox(now=late)

    assert reload(message).status == Status.EXPIRED


def test_sign_in_code_knows_no_quiet_hours(queue, fake_twilio):
    @renders("code", purpose=Purpose.CODE)
    def code(message, now):
        return Rendered(to=PHONE, text="123456")

    late = at("2026-11-21 23:00")
    queue(kind="code", due_at=late, useful_until=late + 10 * MINUTE)
    drain_outbox(now=late)

    assert texts_at(fake_twilio) == ["【轻校】123456"]


def test_whoever_asked_to_stop_is_not_written_to(queue, fake_twilio, reload, branch):
    opt_out(phone=PHONE, purposes=[Purpose.SERVICE], how="reply", now=NOW, branch=branch)
    message = queue()

    drain_outbox(now=NOW)

    assert reload(message).status == Status.SUPPRESSED
    assert texts_at(fake_twilio) == []


@pytest.mark.django_db
def test_suppression_holds_for_its_branch_and_purpose_only(queue, fake_twilio):
    opt_out(phone=PHONE, purposes=[Purpose.SERVICE], how="reply", now=NOW, branch=BranchFactory())
    opt_out(phone=PHONE, purposes=[Purpose.MARKETING], how="reply", now=NOW)
    queue()

    drain_outbox(now=NOW)

    assert len(texts_at(fake_twilio)) == 1


# --- the provider's answers --------------------------------------------------------------------------------


def test_throttled_message_waits_and_is_sent_later(queue, fake_twilio, reload):
    message = queue()
    fake_twilio.store.inject("throttle")

    drain_outbox(now=NOW)
    message = reload(message)
    assert (message.status, message.error_code) == (Status.QUEUED, "20429")
    assert NOW + timedelta(seconds=15) <= message.not_before <= NOW + timedelta(seconds=31)
    drain_outbox(now=message.not_before)

    assert reload(message).status == Status.ACCEPTED
    assert [attempt.outcome for attempt in message.attempts.all()] == [Outcome.THROTTLED, Outcome.ACCEPTED]


@pytest.mark.parametrize("fault", ["drop", "error", "error_after", "garbage"])
def test_doubtful_answer_is_unknown_and_not_sent_again(queue, fake_twilio, reload, fault):
    message = queue()
    fake_twilio.store.inject(fault)

    drain_outbox(now=NOW)
    drain_outbox(now=NOW + MINUTE)

    assert reload(message).status == Status.UNKNOWN
    assert len(texts_at(fake_twilio)) == (0 if fault == "error" else 1)


def test_timeout_is_unknown(queue, fake_twilio, reload, monkeypatch):
    monkeypatch.setattr(gateways, "HTTP_TIMEOUT", 0.2)
    message = queue()
    fake_twilio.store.inject("hang", value=0.5)

    drain_outbox(now=NOW)

    assert (reload(message).status, reload(message).error_code) == (Status.UNKNOWN, "ReadTimeout")


def test_refused_connection_goes_back_to_the_queue(queue, fake_twilio, reload, settings):
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:1"
    message = queue()

    drain_outbox(now=NOW)

    assert (reload(message).status, message.attempts.get().outcome) == (Status.QUEUED, Outcome.NOT_SENT)


def test_wrong_credentials_stop_the_channel_and_lose_nothing(queue, fake_twilio, reload, settings, caplog):
    settings.TWILIO_AUTH_TOKEN = "an old one"
    messages = [queue(occurrence=str(number)) for number in range(3)]

    assert drain_outbox(now=NOW) == 1

    assert [reload(message).status for message in messages] == [Status.QUEUED] * 3
    assert "20003" in caplog.text


def test_provider_in_trouble_is_left_alone_after_a_few(queue, fake_twilio):
    for number in range(10):
        queue(occurrence=str(number))
    fake_twilio.store.inject("error", times=10)

    assert drain_outbox(now=NOW) == BREAKER_FAILURES

    assert OutboundMessage.objects.filter(status=Status.QUEUED, token="").count() == 10 - BREAKER_FAILURES


def test_opt_out_at_the_provider_becomes_ours(queue, fake_twilio, reload):
    fake_twilio.store.opt_out(PHONE)
    message = queue()

    drain_outbox(now=NOW)
    second = queue(occurrence="2h")
    drain_outbox(now=NOW)

    assert (reload(message).status, reload(message).error_code) == (Status.SUPPRESSED, "21610")
    assert {row.purpose for row in Suppression.objects.filter(phone=PHONE, branch=None)} == set(TO_FAMILIES)
    assert reload(second).status == Status.SUPPRESSED
    assert MessageAttempt.objects.count() == 1


@pytest.mark.parametrize("code", ["21211", "21614", "21612", "21408"])
def test_bad_number_is_rejected_for_good(queue, fake_twilio, reload, code):
    message = queue()
    fake_twilio.store.inject("refuse", value=code)

    drain_outbox(now=NOW)
    drain_outbox(now=NOW + MINUTE)

    assert (reload(message).status, reload(message).error_code) == (Status.REJECTED, code)
    assert list(OutboundMessage.objects.needing_staff()) == [message]


def test_answer_that_comes_after_the_lease_still_counts(queue, reload):
    message = queue()
    attempt = begin(claim_due(now=NOW, limit=1)[0])
    release_expired_leases(now=NOW + LEASE)

    record_outcome(attempt=attempt, answer=Answer(Outcome.ACCEPTED, "SM1", "queued", 201), now=NOW + LEASE)

    assert (reload(message).status, reload(message).provider_sid) == (Status.ACCEPTED, "SM1")


def test_error_after_the_lease_does_not_touch_the_next_attempt(queue, reload):
    message = queue()
    first = begin(claim_due(now=NOW, limit=1)[0])
    release_expired_leases(now=NOW + LEASE)
    OutboundMessage.objects.update(status=Status.QUEUED)
    begin(claim_due(now=NOW + LEASE, limit=1)[0], now=NOW + LEASE)

    record_outcome(attempt=first, answer=Answer(Outcome.NOT_SENT), now=NOW + LEASE)

    assert reload(message).status == Status.SENDING


def test_message_that_breaks_the_software_keeps_no_other_from_being_sent(queue, fake_twilio, monkeypatch, caplog):
    queue(due_at=NOW - MINUTE)
    queue(occurrence="2h")
    monkeypatch.setattr(services, "outgoing", _fail_once(services.outgoing))

    drain_outbox(now=NOW)

    assert len(texts_at(fake_twilio)) == 1
    assert "left to its lease" in caplog.text


def _fail_once(function):
    calls = []

    def wrapped(*args):
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError("a bug")
        return function(*args)

    return wrapped


def test_drain_leaves_off_when_the_process_is_to_stop(queue, fake_twilio, monkeypatch):
    for number in range(3):
        queue(occurrence=str(number))
    monkeypatch.setattr(services, "is_stopping", lambda: bool(fake_twilio.store.messages()))

    assert drain_outbox(now=NOW) == 1

    assert OutboundMessage.objects.filter(status=Status.QUEUED, token="").count() == 2
