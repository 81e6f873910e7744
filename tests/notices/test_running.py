"""Going out in batches: after a kill, a pause, a stop; what arrives, and what did not."""

from datetime import timedelta

import pytest

from messaging.consent import How, opt_in, opt_out
from messaging.models import OutboundMessage, Purpose, Status
from messaging.services import drain_outbox
from notices.models import Notice
from notices.services import (
    NoticeError,
    ask_for_release,
    pause_notice,
    queue_batches,
    resume_notice,
    running,
    send_to_failed,
    stop_notice,
)
from tests.factories import NOW, desk_of

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
EVENING = NOW + timedelta(hours=10)  # 22:00, quiet


def sent(fake):
    return [message["body"] for message in fake.store.messages()]


@pytest.fixture
def two_ahead(monkeypatch):
    monkeypatch.setattr(running, "AHEAD", 2)


@pytest.fixture
def five(draft, child, manager, two_ahead):
    """Going out to five mothers, two at a time."""
    for number in range(5):
        child(f"学员{number}")
    return ask_for_release(notice=draft(), message_count=5, by=manager, now=NOW)


def run(times=1, *, now=NOW):
    """So many minutes of the clock: the outbox, then the next batch."""
    for minute in range(times):
        drain_outbox(now=now + minute * MINUTE)
        queue_batches(now=now + minute * MINUTE)


def test_families_read_it_with_names_and_signature(released, fake_twilio, branch):
    run(2)

    assert len(sent(fake_twilio)) == 2
    assert all(body.startswith(f"【{branch.sms_signature}】") for body in sent(fake_twilio))
    assert any("田芳" in body and "田萍" in body for body in sent(fake_twilio))
    assert Notice.objects.get().state == "done"


def test_goes_out_in_batches_until_all_have_it(five, fake_twilio):
    assert OutboundMessage.objects.count() == 2
    run(1)
    assert OutboundMessage.objects.count() == 4
    run(3)

    five.refresh_from_db()
    assert (len(sent(fake_twilio)), five.state, five.state_by) == (5, "done", None)


def test_second_tick_adds_nothing_while_the_first_batch_waits(five):
    queue_batches(now=NOW)
    queue_batches(now=NOW)

    assert OutboundMessage.objects.count() == 2


def test_killed_between_the_outbox_and_its_own_rows_it_goes_on_without_doubles(five, fake_twilio, monkeypatch):
    """The transaction is undone as a whole; the next tick plans the same."""
    drain_outbox(now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(running.AlsoAbout.objects, "bulk_create", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            queue_batches(now=NOW)
    assert OutboundMessage.objects.count() == 2

    run(4)

    assert len(sent(fake_twilio)) == len(set(sent(fake_twilio))) == 5


def test_planned_again_under_the_same_keys_it_makes_no_second_message(five):
    """As if the row of the recipient had lost its message: the key says that it is the same."""
    keys = set(OutboundMessage.objects.values_list("dedupe_key", flat=True))
    five.recipients.update(message=None)

    queue_batches(now=NOW)

    assert set(OutboundMessage.objects.values_list("dedupe_key", flat=True)) == keys


# --- pause and stop --------------------------------------------------------------------------------------


def test_paused_it_sends_nothing_and_goes_on_later(five, fake_twilio, manager):
    run(1)
    pause_notice(notice=five, by=manager, now=NOW)
    run(3)
    assert len(sent(fake_twilio)) == 2

    resume_notice(notice=five, by=manager, now=NOW + 9 * MINUTE)
    run(4, now=NOW + 9 * MINUTE)

    assert len(sent(fake_twilio)) == len(set(sent(fake_twilio))) == 5
    assert Notice.objects.get().state == "done"


def test_message_that_was_taken_back_after_the_notice_went_on_is_not_lost(five, fake_twilio, manager):
    """A worker that still saw the pause: the tick finds what it took back."""
    pause_notice(notice=five, by=manager, now=NOW)
    resume_notice(notice=five, by=manager, now=NOW)
    OutboundMessage.objects.update(status=Status.CANCELLED)

    run(6)

    assert len(set(sent(fake_twilio))) == len(sent(fake_twilio)) == 5


def test_stopped_it_sends_nothing_any_more(five, fake_twilio, manager):
    run(1)
    stop_notice(notice=five, by=manager, now=NOW)
    run(4)

    assert len(sent(fake_twilio)) == 2
    assert OutboundMessage.objects.filter(status=Status.CANCELLED).count() == 2
    for step in (pause_notice, resume_notice):
        with pytest.raises(NoticeError):
            step(notice=five, by=manager, now=NOW)
    with pytest.raises(NoticeError):
        send_to_failed(notice=five, now=NOW)


def test_pausing_and_stopping_twice_is_once(five, manager):
    for step in (pause_notice, pause_notice, resume_notice, resume_notice, stop_notice, stop_notice):
        step(notice=five, by=manager, now=NOW)

    assert Notice.objects.get().state == "stopped"


# --- when, and to whom -----------------------------------------------------------------------------------


def test_quiet_hours_hold_it_back(draft, family, manager, fake_twilio):
    ask_for_release(notice=draft(), message_count=2, by=manager, now=EVENING)
    run(2, now=EVENING)
    assert sent(fake_twilio) == []

    run(2, now=NOW + timedelta(hours=21))

    assert len(sent(fake_twilio)) == 2


def test_after_its_last_day_nothing_is_sent(draft, family, manager, fake_twilio, two_ahead):
    notice = draft(last_date=NOW.date())
    ask_for_release(notice=notice, message_count=2, by=manager, now=EVENING)

    run(3, now=NOW + timedelta(hours=21))

    assert sent(fake_twilio) == []
    assert Notice.objects.get().state == "done"


def test_last_day_that_is_over_ends_it_without_a_message(draft, family, manager):
    notice = draft(last_date=NOW.date() - timedelta(days=1))

    ask_for_release(notice=notice, message_count=2, by=manager, now=NOW)

    assert Notice.objects.get().state == "done"
    assert not OutboundMessage.objects.exists()


def test_whoever_is_not_told_any_more_gets_none(released, family, fake_twilio):
    family.other.guardianships.update(is_told=False)
    family.sisters[0].guardianships.update(is_told=False)

    run(2)

    assert len(sent(fake_twilio)) == 1
    assert "田萍" not in sent(fake_twilio)[0]
    assert OutboundMessage.objects.filter(status=Status.SUPPRESSED).count() == 1


def test_offer_goes_to_those_who_agreed_and_says_how_to_refuse(draft, family, manager, branch, fake_twilio):
    for student in (family.other, family.sisters[0]):
        phone = student.guardians.get().phone
        opt_in(phone=phone, purposes=[Purpose.MARKETING], branch=branch, by=desk_of(branch), now=NOW)
    notice = draft(purpose="marketing", text="寒假班报名优惠一成")
    ask_for_release(notice=notice, message_count=2, by=manager, now=NOW)
    opt_out(phone=family.mother.phone, purposes=[Purpose.MARKETING], how=How.REPLY, now=NOW, branch=branch)

    run(2)

    [body] = sent(fake_twilio)
    assert "王强" in body
    assert not body.endswith("一成")


# --- what did not arrive ---------------------------------------------------------------------------------


def test_failed_ones_go_out_again_to_the_mended_number(released, family, fake_twilio):
    family.mother.phone = "+8610000"  # the stand-in takes it for no number
    OutboundMessage.objects.filter(recipient=f"guardian:{family.mother.pk}").update(
        status=Status.FAILED, attempt_count=1, to_phone="+8610000", body="x", provider_sid="SM1", channel="sms"
    )
    run(1)
    assert len(sent(fake_twilio)) == 1

    assert send_to_failed(notice=released, now=NOW) == 1
    assert send_to_failed(notice=released, now=NOW) == 0
    run(1)

    assert len(sent(fake_twilio)) == 2


def test_what_nobody_can_tell_of_is_not_sent_again(released):
    OutboundMessage.objects.update(status=Status.NEEDS_REVIEW)

    assert send_to_failed(notice=released, now=NOW) == 0


def test_after_some_days_it_is_too_late_to_send_again(released):
    OutboundMessage.objects.update(status=Status.REJECTED)

    assert send_to_failed(notice=released, now=NOW + timedelta(days=4)) == 0
