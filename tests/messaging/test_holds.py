"""What is held back: after a backup was put back, and while the clock cannot be believed."""

import socket
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from core.health import read_all
from messaging import clock_watch
from messaging.claims import claim_due
from messaging.clock_watch import LIMIT, watch_clock
from messaging.holds import Reason, begin_hold, enter_restore_mode, is_clock_doubtful
from messaging.models import Hold, MessageAttempt, OutboundMessage, Status
from messaging.restore import LONGEST, settle_restored
from messaging.rules import SETTLE
from messaging.services import drain_outbox, reconcile_unknown
from tests.factories import NOW
from tests.messaging.conftest import PHONE

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETTLED = NOW + SETTLE


def reading(name, now=NOW):
    return next(one for one in read_all(now) if one.name == name)


# --- restore -----------------------------------------------------------------------------------------------


@pytest.fixture
def restored(queue, fake_twilio):
    """Put the database back to where it was before `sent` was sent; returns the message that it lists as waiting."""

    def restored(*, body=None, to=PHONE):
        message = queue()
        drain_outbox(now=NOW)
        if body:
            [sent] = fake_twilio.store.messages()
            fake_twilio.store.update(sent["sid"], body=body, to_phone=to)
        MessageAttempt.objects.all().delete()
        OutboundMessage.objects.update(
            status=Status.QUEUED, provider_sid="", attempt_count=0, to_phone="", body="", channel="", not_before=NOW
        )
        enter_restore_mode(now=NOW)
        return message

    return restored


def test_what_was_sent_since_the_backup_is_found_and_not_sent_again(restored, fake_twilio, reload):
    message = restored()

    settle_restored(now=SETTLED)
    drain_outbox(now=SETTLED)

    assert reload(message).status == Status.ACCEPTED
    assert reload(message).provider_sid == fake_twilio.store.messages()[0]["sid"]
    assert len(fake_twilio.store.messages()) == 1


def test_nothing_that_was_due_goes_out_before_it_was_looked_up(restored, queue, fake_twilio, reload):
    restored()
    planned_again = queue(subject="lesson:813")  # by a planner, after the restore

    drain_outbox(now=SETTLED - MINUTE)
    settle_restored(now=SETTLED - MINUTE)
    drain_outbox(now=SETTLED - MINUTE)

    assert len(fake_twilio.store.messages()) == 1
    assert reload(planned_again).attempt_count == 0


def test_what_was_not_sent_goes_out_when_the_list_shows_so(queue, fake_twilio, reload):
    message = queue()
    enter_restore_mode(now=NOW)

    settle_restored(now=SETTLED)
    drain_outbox(now=SETTLED + MINUTE)

    assert reload(message).status == Status.ACCEPTED
    assert len(fake_twilio.store.messages()) == 1


def test_what_falls_due_later_goes_out_as_ever(queue, fake_twilio, reload):
    enter_restore_mode(now=NOW)
    message = queue(due_at=NOW + MINUTE)

    drain_outbox(now=NOW + MINUTE)

    assert reload(message).status == Status.ACCEPTED


def test_other_words_to_the_same_phone_are_for_a_person_to_judge(restored, fake_twilio, reload):
    message = restored(body="【轻校】as it read yesterday")

    settle_restored(now=SETTLED)
    drain_outbox(now=SETTLED)

    assert reload(message).status == Status.NEEDS_REVIEW
    assert len(fake_twilio.store.messages()) == 1


def test_of_two_to_one_phone_the_one_on_the_list_is_told_from_the_other(restored, queue, fake_twilio, reload):
    other = queue(subject="lesson:1", due_at=NOW - MINUTE)  # looked up first
    OutboundMessage.objects.update(not_before=NOW + HOUR)
    sent = restored()
    OutboundMessage.objects.update(not_before=NOW)

    settle_restored(now=SETTLED)

    assert [reload(message).status for message in (other, sent)] == [Status.QUEUED, Status.ACCEPTED]


@pytest.mark.parametrize("status", [Status.SENDING, Status.UNKNOWN])
def test_what_the_backup_shows_as_being_sent_is_looked_up_with_its_words(queue, fake_twilio, reload, status):
    message = queue()
    drain_outbox(now=NOW)
    [sent] = fake_twilio.store.messages()
    MessageAttempt.objects.update(outcome="pending", provider_sid="", provider_status="", body="【轻校】yesterday")
    fake_twilio.store.update(sent["sid"], body="【轻校】yesterday")
    lease = {"token": "x", "lease_until": NOW + HOUR} if status == Status.SENDING else {}
    OutboundMessage.objects.update(status=status, provider_sid="", **lease)

    enter_restore_mode(now=NOW)
    settle_restored(now=SETTLED)
    reconcile_unknown(now=SETTLED)
    drain_outbox(now=SETTLED)

    assert reload(message).status == Status.ACCEPTED
    assert len(fake_twilio.store.messages()) == 1


def test_a_silent_list_lets_nothing_go(restored, fake_twilio, reload):
    message = restored()
    fake_twilio.stop()

    settle_restored(now=SETTLED)

    assert reload(message).not_before == NOW
    assert not claim_due(now=SETTLED, limit=1)
    fake_twilio.start = fake_twilio.stop = lambda: None


def test_restore_mode_is_seen_and_ends_after_a_day(restored, capsys):
    restored()
    assert not reading("messages_held_after_restore").is_well

    settle_restored(now=SETTLED)
    assert reading("messages_held_after_restore").is_well
    assert Hold.objects.open(Reason.RESTORE).exists()  # a planner may still plan what the backup lacks

    settle_restored(now=NOW + LONGEST)
    assert not Hold.objects.open(Reason.RESTORE).exists()


def test_command_begins_and_ends_restore_mode(queue, capsys):
    queue()

    call_command("restore_mode")
    call_command("restore_mode")
    assert Hold.objects.get().ended_at is None

    call_command("restore_mode", "--end")
    assert Hold.objects.get().ended_at


# --- the clock ---------------------------------------------------------------------------------------------


@pytest.fixture
def boot_clock(monkeypatch):
    """A machine whose boot clock shows what the test sets."""
    clock = {"seconds": 1000.0, "provider": None}
    monkeypatch.setattr(clock_watch, "seconds", lambda: clock["seconds"])
    monkeypatch.setattr(clock_watch, "_boot_id", lambda: "this boot")
    monkeypatch.setattr(clock_watch, "is_configured", lambda: True)
    monkeypatch.setattr(clock_watch, "provider_time", lambda: clock["provider"])
    watch_clock(now=NOW)
    clock["seconds"] += 60
    return clock


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY, LIMIT + MINUTE])
def test_after_a_jump_nothing_is_sent_and_nothing_expires(boot_clock, queue, fake_twilio, reload, caplog, jump):
    message = queue(useful_until=NOW + 2 * HOUR)
    now = NOW + MINUTE + jump

    watch_clock(now=now)
    drain_outbox(now=now)

    assert reload(message).status == Status.QUEUED
    assert fake_twilio.store.messages() == []
    assert "jumped" in caplog.text
    assert reading("seconds_clock_jumped").value == abs(jump.total_seconds())


def test_what_is_unknown_is_not_looked_up_by_a_doubtful_clock(boot_clock, queue, fake_twilio, reload):
    message = queue()
    fake_twilio.store.inject("drop")
    drain_outbox(now=NOW)
    watch_clock(now=NOW + MINUTE + HOUR)

    reconcile_unknown(now=NOW + MINUTE + HOUR)

    assert reload(message).status == Status.UNKNOWN  # by its time it would not be found, and so be sent again


@pytest.mark.parametrize("drift", [timedelta(0), LIMIT, -LIMIT])
def test_a_clock_that_goes_a_little_wrong_holds_nothing_up(boot_clock, drift):
    watch_clock(now=NOW + MINUTE + drift)

    assert not is_clock_doubtful()


def test_sending_goes_on_when_the_clock_is_back(boot_clock):
    watch_clock(now=NOW + MINUTE + DAY)
    boot_clock["seconds"] += 60

    watch_clock(now=NOW + 2 * MINUTE)

    assert not is_clock_doubtful()


def test_a_jump_stays_one_however_long_it_lasts(boot_clock):
    for _minute in range(3):
        watch_clock(now=NOW + timedelta(seconds=boot_clock["seconds"] - 1000) + DAY)
        boot_clock["seconds"] += 60

    assert Hold.objects.get().jump_seconds == DAY.total_seconds()


def test_the_provider_s_clock_says_that_the_jump_was_a_correction(boot_clock):
    boot_clock["provider"] = NOW + MINUTE + DAY

    watch_clock(now=NOW + MINUTE + DAY)

    assert not is_clock_doubtful()
    assert Hold.objects.get().ended_at


def test_after_a_start_of_the_machine_the_provider_is_asked(boot_clock, monkeypatch):
    monkeypatch.setattr(clock_watch, "_boot_id", lambda: "next boot")
    boot_clock["provider"] = NOW

    watch_clock(now=NOW + DAY)

    assert Hold.objects.get().jump_seconds == DAY.total_seconds()


def test_another_machine_s_clock_is_another_matter(boot_clock, monkeypatch):
    watch_clock(now=NOW + MINUTE + DAY)
    monkeypatch.setattr(socket, "gethostname", lambda: "the other one")

    assert not is_clock_doubtful()


def test_a_person_may_trust_the_clock(boot_clock, capsys):
    watch_clock(now=NOW + MINUTE + DAY)

    call_command("trust_clock")

    assert not is_clock_doubtful()


def test_provider_s_time_comes_with_its_answer(fake_twilio):
    assert clock_watch.provider_time() is not None
    fake_twilio.stop()
    fake_twilio.stop = lambda: None

    assert clock_watch.provider_time() is None


@pytest.mark.parametrize(
    ("constraint", "facts"),
    [
        ("hold_of_clock_names_host", {"reason": "mood"}),
        ("hold_of_clock_names_host", {"reason": "clock", "jump_seconds": 9}),
        ("hold_of_clock_names_host", {"reason": "restore", "host": "here"}),
    ],
)
def test_database_refuses_senseless_holds(constraint, facts):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Hold.objects.create(began_at=NOW, **facts)


def test_there_is_one_open_hold_per_reason():
    begin_hold(Reason.RESTORE, now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():  # "hold_open_once"
        Hold.objects.create(reason="restore", began_at=NOW)
    assert not begin_hold(Reason.RESTORE, now=NOW + HOUR)
