"""Which channel carries a message: the branch's order, what each of them needs, and who takes over."""

from datetime import timedelta

import pytest

from messaging.channels import channel_classes
from messaging.consent import opt_out
from messaging.models import ChannelRoute, MessageAttempt, Purpose, SenderState, Status
from messaging.registry import Rendered, renders
from messaging.services import drain_outbox, queue_message, record_status_callback, send_again
from tests.factories import NOW, BranchFactory
from tests.messaging.conftest import PHONE
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def order(branch):
    """Decide in which order the branch tries its channels."""

    def order(*codes, purpose=Purpose.SERVICE, of=branch):
        for position, code in enumerate(codes, 1):
            ChannelRoute.objects.create(branch=of, purpose=purpose, position=position, channel=code)

    return order


@pytest.fixture
def family_without_a_phone():
    @renders("note")
    def note(message, now):
        return Rendered(to="", text="您好")


def test_every_channel_of_the_settings_says_its_own_code_and_name():
    assert {code: found.code for code, found in channel_classes().items()} == {code: code for code in channel_classes()}
    assert all(str(found.label) for found in channel_classes().values())


def test_without_an_order_a_message_goes_by_sms(queue, fake_twilio, reload):
    message = queue()
    assert message.channel == ""

    drain_outbox(now=NOW)

    assert (reload(message).channel, reload(message).attempts.get().channel) == ("sms", "sms")


def test_the_order_is_the_branch_s_and_the_purpose_s(queue, fake_twilio, reload, order):
    order("call")
    order("slip", purpose=Purpose.MARKETING)
    mine, other = queue(), queue(branch=BranchFactory(), occurrence="2h")

    drain_outbox(now=NOW)

    assert (reload(mine).channel, reload(other).channel) == ("call", "sms")
    assert len(fake_twilio.store.messages()) == 1


def test_a_branch_sends_with_its_own_number(queue, fake_twilio, branch):
    ChannelRoute.objects.create(branch=branch, purpose="service", position=1, channel="sms", sender="+15005550009")
    fake_twilio.api.numbers = {"+15005550009"}
    message = queue()

    drain_outbox(now=NOW)

    assert message.attempts.get().sender == "+15005550009"
    assert fake_twilio.store.messages()[0]["from_phone"] == "+15005550009"


def test_a_number_that_is_wrong_is_called_instead(queue, fake_twilio, reload, order):
    order("sms", "call")
    message = queue()
    fake_twilio.store.inject("refuse", value="21211")

    drain_outbox(now=NOW)
    assert [row.channel for row in message.attempts.all()] == ["sms", "call"]

    assert (reload(message).status, reload(message).channel) == (Status.ACCEPTED, "call")
    assert reload(message).body == "【轻校】lesson:812 24h"


def test_what_the_carrier_cannot_deliver_goes_the_next_way(queue, fake_twilio, reload, order):
    order("sms", "slip")
    message = queue()
    drain_outbox(now=NOW)
    attempt = message.attempts.get()

    record_status_callback(
        attempt_id=attempt.pk, status="undelivered", provider_sid=attempt.provider_sid, error_code="30006", now=LATER
    )
    assert (reload(message).status, reload(message).channel) == (Status.QUEUED, "slip")
    drain_outbox(now=LATER)

    assert (reload(message).status, reload(message).channel) == (Status.ACCEPTED, "slip")


def test_the_last_channel_has_nobody_behind_it(queue, fake_twilio, reload, order):
    order("call", "sms")
    message = queue()
    message.move_to(Status.QUEUED, now=NOW, channel="sms")
    fake_twilio.store.inject("refuse", value="21211")

    drain_outbox(now=NOW)

    assert reload(message).status == Status.REJECTED


def test_a_family_without_a_phone_gets_a_slip(queue, fake_twilio, reload, order, family_without_a_phone):
    order("sms", "call", "slip")
    message = queue()

    drain_outbox(now=NOW)

    assert (reload(message).status, reload(message).channel, reload(message).to_phone) == (Status.ACCEPTED, "slip", "")


def test_without_a_phone_and_without_a_slip_staff_are_told_why(queue, fake_twilio, reload, family_without_a_phone):
    message = queue()

    drain_outbox(now=NOW)

    assert reload(message).status == Status.REJECTED
    assert reload(message).reason


def test_who_wants_no_texts_is_called(queue, fake_twilio, reload, order, branch):
    order("sms", "sms_aliyun", "call")
    opt_out(phone=PHONE, purposes=[Purpose.SERVICE], how="reply", branch=branch, now=NOW)
    message = queue()

    drain_outbox(now=NOW)
    drain_outbox(now=LATER)

    assert (reload(message).status, reload(message).channel) == (Status.ACCEPTED, "call")
    assert fake_twilio.store.messages() == []


def test_who_opts_out_with_the_provider_is_called(queue, fake_twilio, reload, order):
    order("sms", "sms_aliyun", "call")
    fake_twilio.store.opt_out(PHONE)
    message = queue()

    drain_outbox(now=NOW)
    drain_outbox(now=LATER)

    assert (reload(message).status, reload(message).channel) == (Status.ACCEPTED, "call")


def test_sent_again_begins_with_the_first_channel(queue, fake_twilio, reload, order):
    order("sms", "call")
    message = queue()
    message.move_to(
        Status.UNDELIVERED, now=NOW, channel="call", attempt_count=1, to_phone=PHONE, body="x", provider_sid="h"
    )

    send_again(message=message, now=NOW)
    drain_outbox(now=NOW)

    assert reload(message).channel == "sms"


def test_a_channel_that_is_not_set_up_is_left_out(queue, fake_twilio, reload, order):
    order("sms_aliyun", "wecom", "sms")
    message = queue()

    drain_outbox(now=NOW)

    assert reload(message).channel == "sms"


def test_when_none_is_set_up_the_message_waits(queue, fake_twilio, reload, order):
    order("wecom")
    message = queue()

    drain_outbox(now=NOW)

    message = reload(message)
    assert (message.status, message.not_before > NOW, message.attempt_count) == (Status.QUEUED, True, 0)
    assert message.reason


def test_a_channel_that_was_taken_out_of_the_settings_carries_nothing(queue, fake_twilio, reload, order):
    order("pigeon", "sms")
    message = queue()

    drain_outbox(now=NOW)

    assert reload(message).channel == "sms"


def test_the_console_is_for_developers_only(queue, fake_twilio, reload, order, settings, capsys):
    order("console", "call")
    first, second = queue(), queue(occurrence="2h")

    drain_outbox(now=NOW, limit=1)
    settings.DEBUG = False
    drain_outbox(now=NOW)

    assert (reload(first).channel, reload(first).status) == ("console", Status.DELIVERED)
    assert "【轻校】" in capsys.readouterr().out
    assert reload(second).channel == "call"


def test_what_an_sms_costs_is_kept_with_the_attempt(queue, fake_twilio, order, branch):
    order("sms", "call")
    branch.sms_part_price_fen = "5.50"
    branch.save()
    message = queue()
    fake_twilio.store.inject("refuse", value="21211")

    drain_outbox(now=NOW)

    sms, call = message.attempts.all()
    assert (sms.parts, str(sms.part_price_fen), call.parts) == (1, "5.50", 0)


def test_two_channels_are_one_message(queue):
    assert queue() == queue()
    assert queue().dedupe_key == "note|lesson:812|24h|guardian:93"


def test_a_notice_to_staff_goes_to_no_family(branch, fake_twilio, reload):
    @renders("digest", purpose=Purpose.STAFF)
    def digest(message, now):
        return Rendered(to="", text="3")

    message = queue_message(
        branch=branch, recipient="branch:1", about="branch:1", kind="digest", subject="day", occurrence="d",
        due_at=NOW, useful_until=NOW + timedelta(hours=1),
    )  # fmt: skip

    drain_outbox(now=NOW)

    assert (reload(message).status, fake_twilio.store.messages()) == (Status.QUEUED, [])  # no robot is set up


# --- what the database refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("channelroute_position", {"position": 1, "channel": "call"}),
        ("channelroute_channel_once", {"position": 2, "channel": "sms"}),
        ("channelroute_purpose", {"position": 2, "channel": "call", "purpose": "fun"}),
    ],
)
def test_an_order_that_contradicts_itself_is_refused(branch, order, constraint, fields):
    order("sms")

    with refused_by(constraint):
        ChannelRoute.objects.create(**{"branch": branch, "purpose": "service", **fields})


def test_one_state_per_sender():
    SenderState.objects.create(channel="sms", sender="+1")

    with refused_by("senderstate_once"):
        SenderState.objects.create(channel="sms", sender="+1")


def test_an_sms_without_a_number_is_refused(queue, reload):
    message = queue()

    with refused_by("outbox_phone_for_sms"):
        message.move_to(
            Status.ACCEPTED, now=NOW, channel="sms", to_phone="", body="x", attempt_count=1, provider_sid="SM1"
        )


def test_an_attempt_by_hand_knows_no_provider(queue, fake_twilio, order):
    order("call")
    message = queue()

    drain_outbox(now=NOW)

    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.provider_sid) == (MessageAttempt.Outcome.ACCEPTED, f"hand-{attempt.pk}")
