"""Calls and slips: the desk's list, what a person says of them, and what follows from it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.phones import national
from messaging.by_hand import AlreadySettledError, record_all_told, record_not_reached, record_told
from messaging.models import ChannelRoute, MessageAttempt, MessageEvent, OutboundMessage, Status
from messaging.services import drain_outbox
from messaging.states import state_of
from tests.factories import NOW, GuardianFactory, StudentFactory, at, desk_of, manager_of, teacher_of
from tests.messaging.conftest import PHONE

pytestmark = pytest.mark.django_db
URL = "/messages/by-hand/"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def order(branch):
    """order("call", "slip"): in this order the branch reaches families."""

    def order(*channels, at=branch):
        for position, channel in enumerate(channels):
            ChannelRoute.objects.create(branch=at, purpose="service", position=position, channel=channel)

    return order


@pytest.fixture
def on_the_list(order, queue, branch):
    """A message that the drain has put on the desk's list; arguments are the fields of the message."""

    def on_the_list(*channels, **fields):
        order(*(channels or ["call"]), at=fields.get("branch", branch))
        message = queue(**fields)
        drain_outbox(now=NOW)
        message.refresh_from_db()
        assert message.status == Status.ACCEPTED
        return message

    return on_the_list


def shown(client, url=URL, **query):
    return list(client.get(url, query).context["to_tell"])


def said(message):
    return list(MessageEvent.objects.filter(attempt__message=message).values_list("status", "by"))


# --- what a person says ----------------------------------------------------------------------------------


def test_a_call_that_was_made_is_delivered_by_whom(on_the_list, desk, reload):
    message = on_the_list()

    record_told(message=message, by=desk, now=NOW + MINUTE)

    message = reload(message)
    assert (message.status, message.status_at) == (Status.DELIVERED, NOW + MINUTE)
    assert said(message) == [("delivered", desk.pk)]
    assert MessageAttempt.objects.get().resolved_by == "staff"


def test_the_next_channel_takes_over_when_nobody_answers(on_the_list, desk, reload):
    message = on_the_list("call", "slip")

    record_not_reached(message=message, by=desk, now=NOW + MINUTE)
    drain_outbox(now=NOW + MINUTE)

    message = reload(message)
    assert (message.status, message.channel) == (Status.ACCEPTED, "slip")
    assert state_of(message).key == "by_hand"


def test_without_another_channel_it_is_for_staff_to_decide(on_the_list, desk, reload):
    message = on_the_list()

    record_not_reached(message=message, by=desk, now=NOW)

    assert list(OutboundMessage.objects.needing_staff()) == [reload(message)]


@pytest.mark.parametrize("say", [record_told, record_not_reached])
def test_a_double_click_counts_once(on_the_list, desk, say, reload):
    message = on_the_list()

    for _click in range(2):
        say(message=message, by=desk, now=NOW)

    assert len(said(message)) == 1


@pytest.mark.parametrize("second", [record_told, record_not_reached])
def test_the_second_of_two_people_hears_who_was_faster(on_the_list, desk, branch, second, reload):
    message = on_the_list()
    record_told(message=message, by=desk, now=NOW)

    with pytest.raises(AlreadySettledError, match=desk.name):
        second(message=message, by=desk_of(branch), now=NOW)
    assert reload(message).status == Status.DELIVERED


def test_who_changes_the_mind_hears_what_was_said(on_the_list, desk):
    message = on_the_list()
    record_not_reached(message=message, by=desk, now=NOW)

    with pytest.raises(AlreadySettledError):
        record_told(message=message, by=desk, now=NOW)


def test_what_went_by_text_is_nobodys_to_tell(queue, desk):
    message = queue()

    with pytest.raises(AlreadySettledError):
        record_told(message=message, by=desk, now=NOW)
    assert not MessageEvent.objects.exists()


def test_what_is_too_late_leaves_the_list_and_expires(on_the_list, desk, client, reload):
    message = on_the_list(useful_until=NOW + MINUTE)
    assert shown(client) == [message]

    with pytest.raises(AlreadySettledError):
        record_told(message=message, by=desk, now=NOW + MINUTE)
    drain_outbox(now=NOW + MINUTE)

    assert reload(message).status == Status.EXPIRED
    assert shown(client) == []


def test_what_was_told_does_not_expire(on_the_list, desk, reload):
    message = on_the_list(useful_until=NOW + MINUTE)
    record_told(message=message, by=desk, now=NOW)

    drain_outbox(now=NOW + MINUTE)

    assert reload(message).status == Status.DELIVERED


def test_many_are_marked_at_once_and_those_that_are_gone_are_not_counted(on_the_list, order, queue, desk):
    told = on_the_list("slip")
    others = [queue(subject=f"lesson:{number}") for number in (1, 2)]
    drain_outbox(now=NOW)
    record_told(message=told, by=desk, now=NOW)
    colleague = manager_of(told.branch)

    assert record_all_told(messages=[told, *others], by=colleague, now=NOW) == 2
    assert said(told) == [("delivered", desk.pk)]


# --- the list --------------------------------------------------------------------------------------------


def test_the_list_shows_whom_to_call_and_what_to_say(client, desk, on_the_list):
    child, guardian = StudentFactory(name="田萍"), GuardianFactory(name="田女士")
    on_the_list(about=f"student:{child.pk}", recipient=f"guardian:{guardian.pk}")

    page = client.get(URL).content.decode()

    assert f'href="tel:{PHONE}"' in page
    assert national(PHONE) in page
    assert all(text in page for text in ("田萍", "田女士", "lesson:812 24h"))
    assert "【" not in page


def test_a_slip_shows_no_number(client, desk, on_the_list):
    on_the_list("slip")

    assert "tel:" not in client.get(URL).content.decode()


def test_who_saw_numbers_is_on_record(client, desk, on_the_list, caplog):
    message = on_the_list()

    with caplog.at_level("INFO", logger="access"):
        client.get(URL)

    assert f"[{message.pk}] seen by staff {desk.pk}" in caplog.text
    assert PHONE not in caplog.text


def test_the_soonest_useless_stands_first(client, desk, on_the_list, queue):
    late = on_the_list(useful_until=NOW + timedelta(hours=5))
    soon = queue(subject="lesson:1", useful_until=NOW + timedelta(hours=1))
    drain_outbox(now=NOW)

    assert shown(client) == [soon, late]


def test_another_branch_is_not_there(client, desk, on_the_list, other_branch):
    message = on_the_list(branch=other_branch)

    assert shown(client) == []
    for name in ("by_hand_told", "by_hand_not_reached"):
        assert client.post(reverse(name, args=[message.pk])).status_code == 404
    assert client.get(reverse("slips", args=[other_branch.pk])).status_code == 404


def test_teachers_tell_nobody(client, branch, on_the_list):
    message = on_the_list()
    client.force_login(teacher_of(branch))

    assert client.get(URL).status_code == 403
    assert client.post(reverse("by_hand_told", args=[message.pk])).status_code == 403


@pytest.mark.parametrize(("name", "status"), [("by_hand_told", "delivered"), ("by_hand_not_reached", "undelivered")])
def test_the_buttons_do_what_they_say_once(client, desk, on_the_list, name, status, reload):
    message = on_the_list()
    address = reverse(name, args=[message.pk])
    assert address in client.get(URL).content.decode()

    for level in ("success", "success"):
        response = client.post(f"{address}?branch={message.branch_id}", follow=True)
        assert [notice.level_tag for notice in response.context["messages"]] == [level]

    assert response.redirect_chain[0][0] == f"{URL}?branch={message.branch_id}"
    assert (reload(message).status, said(message)) == (status, [(status, desk.pk)])


def test_the_slower_of_two_is_told(client, desk, on_the_list):
    message = on_the_list()
    record_told(message=message, by=manager_of(message.branch), now=NOW)

    response = client.post(reverse("by_hand_told", args=[message.pk]), follow=True)

    assert [notice.level_tag for notice in response.context["messages"]] == ["warning"]


def test_the_list_costs_the_same_for_one_and_for_three(client, desk, on_the_list, queue, django_assert_max_num_queries):
    on_the_list("slip")
    counts = []
    for number in (1, 2, 3):
        with django_assert_max_num_queries(20) as queries:
            assert len(shown(client)) == number
        counts.append(len(queries))
        queue(subject=f"lesson:{number}", about=f"student:{StudentFactory().pk}")
        drain_outbox(now=NOW)

    assert counts[0] == counts[2]


def test_home_has_a_card_while_somebody_is_to_be_told(client, desk, on_the_list):
    def card():
        return {card.name: card for card in client.get("/").context["cards"]}.get("to_tell")

    assert card() is None
    message = on_the_list()
    assert (card().number, card().url) == (1, URL)
    record_told(message=message, by=desk, now=NOW)
    assert card() is None


@pytest.mark.parametrize("told", [False, True])
def test_the_childs_page_says_who_told(client, desk, branch, on_the_list, told):
    student = StudentFactory()
    student.branches.set([branch])
    message = on_the_list(about=f"student:{student.pk}")
    if told:
        record_told(message=message, by=desk, now=NOW)

    timeline = client.get(reverse("student", args=[student.pk])).context["timeline"]

    assert [(event.icon, desk.name in event.state) for event in timeline] == [("call", told)]


# --- slips -----------------------------------------------------------------------------------------------


def test_all_slips_of_a_branch_are_printed_and_marked(client, desk, on_the_list, queue, branch, reload):
    child = StudentFactory(name="田萍")
    first = on_the_list("slip", about=f"student:{child.pk}")
    second = queue(subject="lesson:1")
    drain_outbox(now=NOW)
    url = reverse("slips", args=[branch.pk])
    page = client.get(url).content.decode()
    assert page.count('data-test="slip"') == 2
    assert "田萍" in page
    came_since = queue(subject="lesson:2")
    drain_outbox(now=NOW)

    client.post(url, {"printed": f"{first.pk} {second.pk} "})

    assert [reload(message).status for message in (first, second, came_since)] == ["delivered"] * 2 + ["accepted"]


@pytest.mark.parametrize("printed", ["x", "1 -2", "9" * 30])
def test_a_made_up_list_is_refused(client, desk, branch, printed):
    assert client.post(reverse("slips", args=[branch.pk]), {"printed": printed}).status_code == 400


def test_a_branch_without_slips_says_so(client, desk, branch):
    assert reverse("by_hand") in client.get(reverse("slips", args=[branch.pk])).content.decode()


def test_times_are_those_of_the_branch(client, owner, branch, on_the_list):
    branch.time_zone, branch.quiet_from = "Europe/Berlin", branch.quiet_until  # it is five in the morning there
    branch.save()
    on_the_list(useful_until=at("2026-11-21 18:05", "Europe/Berlin"))
    client.force_login(owner)

    assert "18:05" in client.get(URL).content.decode()
