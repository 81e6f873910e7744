"""The page of messages: what staff see of the outbox, and what they do about what failed."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.models import OutboundMessage, Status
from messaging.states import STATES, reason_of, state_of
from tests.factories import BranchFactory, GuardianFactory, StudentFactory, at, desk_of, manager_of, teacher_of

URL = "/messages/"
FINE = [Status.SENT, Status.DELIVERED, Status.ACCEPTED, Status.CANCELLED]
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, branch):
    """The front desk of the branch, signed in."""
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def message_in(queue):
    """A message that got as far as `status`; each about a lesson of its own."""

    def message_in(status, *, lesson="lesson:812", **fields):
        message = queue(subject=lesson, **fields)
        facts = {
            "attempt_count": 1,
            "channel": "sms",
            "to_phone": "+8613812345678",
            "body": f"【轻校】{lesson}",
            "provider_sid": f"SM{lesson}",
        }
        OutboundMessage.objects.filter(pk=message.pk).update(status=status, **facts)
        message.refresh_from_db()
        return message

    return message_in


def shown(response):
    return list(response.context["outbound_messages"])


def test_name_of_the_page(client, desk):
    assert reverse("messages") == URL
    assert client.get(URL).status_code == 200


# --- who sees what ---------------------------------------------------------------------------------------


def test_desk_sees_its_own_branch(client, desk, message_in, other_branch):
    mine = message_in(Status.DELIVERED)
    message_in(Status.DELIVERED, lesson="lesson:2", branch=other_branch)

    response = client.get(URL)

    assert shown(response) == [mine]
    assert "lesson:2" not in response.content.decode()


def test_teacher_may_not(client, branch):
    client.force_login(teacher_of(branch))

    assert client.get(URL).status_code == 403


def test_nobody_signs_in_first(client):
    assert client.get(URL).url.startswith(reverse("admin:login"))


# --- rows ------------------------------------------------------------------------------------------------


def test_row_names_the_child_and_the_guardian(client, desk, message_in):
    child, guardian = StudentFactory(name="田萍"), GuardianFactory(name="田女士")
    message_in(Status.DELIVERED, about=f"student:{child.pk}", recipient=f"guardian:{guardian.pk}")

    page = client.get(URL).content.decode()

    assert reverse("student", args=[child.pk]) in page
    assert "田萍" in page
    assert "田女士" in page


def test_phone_is_masked(client, desk, message_in):
    message_in(Status.DELIVERED)

    page = client.get(URL).content.decode()

    assert "138****5678" in page
    assert "13812345678" not in page


def test_times_are_those_of_the_branch(client, desk, message_in, branch):
    branch.time_zone = "Europe/Berlin"
    branch.save()
    message = message_in(Status.DELIVERED)
    OutboundMessage.objects.filter(pk=message.pk).update(status_at=at("2026-11-21 18:05", "Europe/Berlin"))

    assert "18:05" in client.get(URL).content.decode()


def test_message_about_nobody_known_is_shown(client, desk, message_in):
    message = message_in(Status.DELIVERED, about="student:999999", recipient="somebody")

    assert shown(client.get(URL)) == [message]


def test_newest_comes_first(client, desk, message_in):
    old = message_in(Status.DELIVERED, lesson="lesson:1")
    new = message_in(Status.DELIVERED, lesson="lesson:2", due_at=old.due_at + timedelta(minutes=1))

    assert shown(client.get(URL)) == [new, old]


def test_empty_page_says_what_will_stand_here(client, desk):
    assert reverse("week") in client.get(URL).content.decode()


# --- states ----------------------------------------------------------------------------------------------


def test_every_status_has_a_state():
    assert sorted(status for state in STATES for status in state.statuses) == sorted(Status.values)


@pytest.mark.parametrize("status", [status for status in Status if status not in {*FINE, Status.QUEUED}])
@pytest.mark.parametrize("error_code", ["", "30003", "99999"])
def test_trouble_has_a_reason_in_words(status, error_code):
    message = OutboundMessage(status=status, error_code=error_code)
    held = (Status.CLAIMED, Status.SENDING)

    assert state_of(message)
    assert reason_of(message) or status in held
    assert error_code not in str(reason_of(message)) or not error_code


@pytest.mark.parametrize("status", FINE)
def test_what_went_well_needs_no_reason(status):
    assert reason_of(OutboundMessage(status=status)) == ""


def test_reason_of_the_renderer_stands_as_it_is():
    message = OutboundMessage(status=Status.CANCELLED, reason="The child is on leave.")

    assert reason_of(message) == "The child is on leave."


def test_waiting_after_a_failure_says_so():
    assert reason_of(OutboundMessage(status=Status.QUEUED, attempt_count=1))
    assert reason_of(OutboundMessage(status=Status.QUEUED)) == ""


# --- narrowing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.key)
def test_filter_by_state(client, desk, message_in, state):
    for number, other in enumerate(STATES):
        status = other.statuses[0] if other.key != "to_send" else Status.QUEUED
        message_in(status, lesson=f"lesson:{number}")

    response = client.get(URL, {"state": state.key})

    assert [state_of(message) for message in shown(response)] == [state]


def test_what_is_to_be_dealt_with(client, desk, message_in):
    failed = message_in(Status.FAILED, lesson="lesson:1")
    message_in(Status.DELIVERED, lesson="lesson:2")
    handled = message_in(Status.FAILED, lesson="lesson:3")
    OutboundMessage.objects.filter(pk=handled.pk).update(handled_at=timezone.now())

    assert shown(client.get(URL, {"state": "todo"})) == [failed]


def test_filter_by_kind_and_branch(client, owner, message_in, other_branch, monkeypatch):
    monkeypatch.setattr("messaging.words._kinds", {"note": "便条", "class_reminder": "上课提醒"})
    note = message_in(Status.DELIVERED)
    message_in(Status.DELIVERED, lesson="lesson:2", branch=other_branch)
    client.force_login(owner)

    assert shown(client.get(URL, {"kind": "note", "branch": note.branch_id})) == [note]
    assert shown(client.get(URL, {"kind": "class_reminder"})) == []


@pytest.mark.parametrize(("day", "count"), [("2026-11-20", 0), ("2026-11-21", 1), ("2026-11-22", 0)])
def test_filter_by_day(client, desk, message_in, day, count):
    message_in(Status.DELIVERED)

    assert len(shown(client.get(URL, {"day": day}))) == count


def test_day_is_that_of_the_chosen_branch(client, owner, message_in):
    berlin = BranchFactory(time_zone="Europe/Berlin")
    evening = message_in(
        Status.DELIVERED, branch=berlin, due_at=at("2026-11-21 20:00", "Europe/Berlin")
    )  # in Shanghai it is the 22nd
    client.force_login(owner)

    assert shown(client.get(URL, {"day": "2026-11-21", "branch": berlin.pk})) == [evening]


@pytest.mark.parametrize("name", ["state", "kind", "branch", "day"])
@pytest.mark.parametrize("value", ["x", "-1", "1' OR 1=1"])
def test_filter_that_makes_no_sense_filters_nothing(client, desk, message_in, name, value):
    message = message_in(Status.DELIVERED)

    response = client.get(URL, {name: value})

    assert shown(response) == [message]
    assert name in response.context["form"].errors


def test_foreign_branch_is_no_choice(client, desk, message_in, other_branch):
    message_in(Status.DELIVERED, branch=other_branch)

    assert "branch" in client.get(URL, {"branch": other_branch.pk}).context["form"].errors


@pytest.mark.parametrize("row_count", [1, 3])
def test_query_count(client, desk, message_in, row_count, django_assert_num_queries):
    for number in range(row_count):
        references = {"about": f"student:{StudentFactory().pk}", "recipient": f"guardian:{GuardianFactory().pk}"}
        message_in(Status.FAILED, lesson=f"lesson:{number}", **references)

    with django_assert_num_queries(11):
        response = client.get(URL)

    assert len(shown(response)) == row_count


# --- what staff do ---------------------------------------------------------------------------------------


@pytest.fixture
def failed(message_in):
    """A message that failed and may still be sent."""
    now = timezone.now()
    return message_in(Status.UNDELIVERED, due_at=now - timedelta(hours=1), useful_until=now + timedelta(hours=5))


def test_failed_message_is_dealt_with(client, desk, failed):
    address = reverse("message_handled", args=[failed.pk])
    assert address in client.get(URL).content.decode()

    response = client.post(f"{address}?state=todo")

    assert response.url == f"{URL}?state=todo"
    failed.refresh_from_db()
    assert failed.handled_at
    assert address not in client.get(URL).content.decode()


def test_failed_message_is_sent_again(client, desk, failed):
    response = client.post(reverse("message_again", args=[failed.pk]), follow=True)

    failed.refresh_from_db()
    assert failed.status == Status.QUEUED
    assert len(response.context["messages"]) == 1


@pytest.mark.parametrize("action", ["message_handled", "message_again"])
def test_delivered_message_is_left_alone(client, desk, message_in, action):
    message = message_in(Status.DELIVERED)

    for _time in range(2):
        client.post(reverse(action, args=[message.pk]), follow=True)

    message.refresh_from_db()
    assert (message.status, message.handled_at) == (Status.DELIVERED, None)


def test_message_that_is_too_late_is_not_offered(client, desk, message_in):
    now = timezone.now()
    message = message_in(Status.FAILED, due_at=now - timedelta(hours=2), useful_until=now - timedelta(hours=1))

    page = client.get(URL).content.decode()

    assert reverse("message_handled", args=[message.pk]) in page
    assert reverse("message_again", args=[message.pk]) not in page


@pytest.mark.parametrize("action", ["message_handled", "message_again"])
def test_actions_are_of_the_branch(client, branch, other_branch, failed, action):
    address = reverse(action, args=[failed.pk])

    assert client.post(address).url.startswith(reverse("admin:login"))
    for person, answer in ((manager_of(other_branch), 404), (teacher_of(branch), 403)):
        client.force_login(person)
        assert client.post(address).status_code == answer
    assert client.get(address).status_code in (403, 405)
    failed.refresh_from_db()
    assert (failed.status, failed.handled_at) == (Status.UNDELIVERED, None)
