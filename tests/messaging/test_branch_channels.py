"""Which channel carries what at a branch: changed by buttons, in one piece, and obeyed by what goes out."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from messaging.channel_orders import OrderError, Step, change_order, offered, order_of
from messaging.models import ChannelRoute, OutboundMessage
from messaging.services import drain_outbox
from tests.factories import NOW, desk_of, manager_of

pytestmark = pytest.mark.django_db
SERVICE = "service"


@pytest.fixture
def manager(client, branch):
    person = manager_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def press(client, manager, branch):
    """press("add", "slip"): press a button in the list of a purpose; returns the page that follows."""

    def press(act, channel="", *, purpose=SERVICE, at=branch, **senders):
        data = {"do": f"{act}:{channel}" if channel else act, "purpose": purpose} | {
            f"sender-{code}": sender for code, sender in senders.items()
        }
        return client.post(reverse("branch_channels", args=[at.pk]), data, follow=True)

    return press


def codes(branch, purpose=SERVICE):
    return [step.channel for step in order_of(branch, purpose)[0]]


def test_a_branch_begins_as_the_school_does(branch):
    assert order_of(branch, SERVICE) == ([Step("sms")], False)


def test_buttons_add_move_and_remove(press, branch):
    press("add", "call")
    press("add", "slip")
    assert codes(branch) == ["sms", "call", "slip"]

    press("up", "slip")
    press("down", "sms")
    assert codes(branch) == ["slip", "sms", "call"]

    press("remove", "sms")
    assert codes(branch) == ["slip", "call"]
    assert list(ChannelRoute.objects.values_list("position", flat=True)) == [1, 2]


def test_the_order_is_obeyed_by_what_goes_out(press, branch, queue):
    press("add", "call")
    press("up", "call")
    queue()

    drain_outbox(now=NOW)

    assert OutboundMessage.objects.get().channel == "call"


@pytest.mark.parametrize(("act", "channel"), [("up", "sms"), ("down", "call"), ("add", "sms"), ("up", "slip")])
def test_a_button_of_a_page_that_is_old_does_no_harm(press, branch, act, channel):
    press("add", "call")

    press(act, channel)

    assert codes(branch) == ["sms", "call"]


def test_the_last_channel_stays(press, branch):
    response = press("remove", "sms")

    assert [notice.level_tag for notice in response.context["messages"]] == ["error"]
    assert codes(branch) == ["sms"]


def test_back_to_what_the_school_does(press, branch):
    press("add", "slip")
    press("default")

    assert (codes(branch), ChannelRoute.objects.exists()) == (["sms"], False)


@pytest.mark.parametrize(
    ("purpose", "channel"),
    [("service", "wecom"), ("marketing", "wecom"), ("code", "call"), ("staff", "slip"), ("service", "pigeon")],
)
def test_what_cannot_carry_it_is_not_added(press, branch, purpose, channel):
    before = codes(branch, purpose)

    press("add", channel, purpose=purpose)

    assert channel not in offered(purpose)
    assert codes(branch, purpose) == before


def test_own_senders_are_kept_with_every_button(press, branch):
    press("add", "call", sms="+8610086001")

    assert order_of(branch, SERVICE)[0] == [Step("sms", "+8610086001"), Step("call")]


@pytest.mark.parametrize("sender", ["10086", "MG123", "轻校", "+86 100"])
def test_a_sender_that_cannot_be_one_changes_nothing(press, branch, sender):
    response = press("add", "call", sms=sender)

    assert [notice.level_tag for notice in response.context["messages"]] == ["error"]
    assert not ChannelRoute.objects.exists()


def test_a_channel_without_senders_takes_none(branch, manager):
    with pytest.raises(OrderError):
        change_order(branch=branch, purpose="staff", act="save", channel="", senders={"wecom": "x"}, by=manager)


def test_another_branch_keeps_its_order(press, branch, other_branch):
    assert press("add", "slip", at=other_branch).status_code == 404
    press("add", "slip")

    assert codes(other_branch) == ["sms"]


def test_what_is_missing_is_named_and_never_shown(client, manager, branch, settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM = "", "a-secret", ""

    page = client.get(reverse("branch_channels", args=[branch.pk])).content.decode()

    assert "<code>TWILIO_ACCOUNT_SID</code><code>TWILIO_FROM</code>" in page
    assert "TWILIO_AUTH_TOKEN" not in page
    assert "a-secret" not in page


def test_limits_and_price_are_kept_and_the_history_says_by_whom(client, manager, branch):
    url = reverse("branch_channels", args=[branch.pk])
    data = {"do": "limits", "most_service_a_day": "3", "most_offers_a_week": "", "sms_part_price_fen": "5.5"}

    client.post(url, data)

    branch.refresh_from_db()
    assert (branch.most_service_a_day, branch.most_offers_a_week, branch.sms_part_price_fen) == (3, None, 5.5)
    assert LogEntry.objects.get().user == manager


@pytest.mark.parametrize(
    ("field", "value"), [("sms_part_price_fen", "-1"), ("most_service_a_day", "0"), ("most_offers_a_week", "x")]
)
def test_limits_that_make_no_sense_are_refused_with_a_sentence(client, manager, branch, field, value):
    data = {"do": "limits", "sms_part_price_fen": "6", field: value}

    response = client.post(reverse("branch_channels", args=[branch.pk]), data)

    assert field in response.context["limits"].errors
    assert not LogEntry.objects.exists()


def test_the_back_office_leads_there_whoever_may_change_it(client, manager, branch):
    address = reverse("branch_channels", args=[branch.pk])
    edit = reverse("admin:branches_branch_change", args=[branch.pk])
    assert address in client.get(edit).content.decode()

    client.force_login(desk_of(branch))

    assert address not in client.get(edit).content.decode()


def test_the_page_costs_the_same_for_one_step_and_for_three(press, django_assert_max_num_queries, client, branch):
    url, counts = reverse("branch_channels", args=[branch.pk]), []
    for channel in ("call", "slip"):
        press("add", channel)
        with django_assert_max_num_queries(20) as queries:
            client.get(url)
        counts.append(len(queries))

    assert counts[0] == counts[1]
