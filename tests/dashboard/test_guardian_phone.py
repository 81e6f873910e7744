"""A wrong number, corrected where the failed message was found."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from messaging.models import OutboundMessage, Status
from messaging.services import queue_message
from parents.models import Guardian
from parents.services import PhoneTakenError, change_phone
from tests.factories import NOW, GuardianFactory, GuardianshipFactory, at, desk_of, manager_of

pytestmark = pytest.mark.django_db
WRONG, RIGHT = "+8613812345678", "+8613987654321"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def guardian(branch):
    tie = GuardianshipFactory(student__branches=[branch], student__name="田萍", guardian__phone=WRONG)
    return tie.guardian


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def failed(branch, guardian):
    """failed("1"): a message to the guardian that did not arrive; arguments are fields of the message."""

    def failed(occurrence="1", **fields):
        facts = {
            "branch": branch, "recipient": f"guardian:{guardian.pk}", "about": "student:1", "kind": "class_reminder",
            "subject": "lesson:1", "due_at": at("2026-11-20 12:00"), "useful_until": at("2026-11-30 10:00"),
        } | fields  # fmt: skip
        message = queue_message(occurrence=occurrence, **facts)
        facts = {"attempt_count": 1, "channel": "sms", "to_phone": WRONG, "body": "【轻校】x", "provider_sid": "SM1"}
        OutboundMessage.objects.filter(pk=message.pk).update(status=Status.FAILED, error_code="30005", **facts)
        return message

    return failed


def post(client, guardian, phone, **button):
    return client.post(reverse("guardian_phone", args=[guardian.pk]), {"phone": phone} | button, follow=True)


def status_of(message):
    return OutboundMessage.objects.get(pk=message.pk).status


def test_a_number_is_corrected_and_what_failed_goes_out_again(client, desk, guardian, failed):
    useful, late, stale = failed("1"), failed("2", useful_until=at("2026-11-20 13:00")), failed("3")
    OutboundMessage.objects.filter(pk=stale.pk).update(handled_at=NOW)
    page = client.get(reverse("guardian_phone", args=[guardian.pk])).content.decode()
    assert page.count('data-test="failed"') == 1

    post(client, guardian, "139 8765 4321", again="yes")

    guardian.refresh_from_db()
    assert guardian.phone == RIGHT
    assert [status_of(message) for message in (useful, late, stale)] == ["queued", "failed", "failed"]


def test_only_saving_sends_nothing(client, desk, guardian, failed):
    message = failed()

    post(client, guardian, RIGHT, save="yes")

    guardian.refresh_from_db()
    assert (guardian.phone, status_of(message)) == (RIGHT, "failed")


def test_messages_of_another_branch_are_left_alone(client, desk, guardian, failed, other_branch):
    message = failed(branch=other_branch)

    post(client, guardian, RIGHT, again="yes")

    assert status_of(message) == "failed"


def test_who_changed_a_number_is_on_record_without_the_number(client, desk, guardian, caplog):
    with caplog.at_level("INFO", logger="access"):
        post(client, guardian, RIGHT, save="yes")

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (desk, str(guardian.pk))
    assert f"phone of guardian {guardian.pk} changed by staff {desk.pk}" in caplog.text
    assert RIGHT[3:] not in caplog.text + entry.change_message


@pytest.mark.parametrize("phone", ["", "123", "1381234567", "138 1234 5678"])
def test_what_is_no_other_number_is_refused_with_a_sentence(client, desk, guardian, failed, phone):
    message = failed()

    response = post(client, guardian, phone, again="yes")

    guardian.refresh_from_db()
    assert response.context["form"].errors["phone"]
    assert (guardian.phone, status_of(message)) == (WRONG, "failed")


def test_a_number_that_another_guardian_has_names_that_guardian(client, desk, guardian, branch, failed):
    message = failed()
    other = GuardianshipFactory(
        student__branches=[branch], student__name="江一", guardian__name="江爸爸", guardian__phone=RIGHT
    )

    response = post(client, guardian, RIGHT, again="yes")

    page = response.content.decode()
    assert "江爸爸" in page
    assert reverse("student", args=[other.student_id]) in page
    assert status_of(message) == "failed"


def test_who_has_the_number_at_another_branch_is_not_told(client, desk, guardian, other_branch):
    GuardianshipFactory(student__branches=[other_branch], guardian__name="江爸爸", guardian__phone=RIGHT)

    page = post(client, guardian, RIGHT, save="yes").content.decode()

    assert 'data-test="same-number"' in page
    assert "江爸爸" not in page


def test_the_service_refuses_a_number_that_is_taken(guardian, desk):
    other = GuardianFactory(phone=RIGHT)

    with pytest.raises(PhoneTakenError) as refused:
        change_phone(guardian=guardian, phone=RIGHT, by=desk)
    assert refused.value.other == other
    assert Guardian.objects.get(pk=guardian.pk).phone == WRONG
    assert not LogEntry.objects.exists()


def test_a_guardian_of_another_branch_is_not_there(client, guardian, other_branch):
    client.force_login(manager_of(other_branch))

    assert client.get(reverse("guardian_phone", args=[guardian.pk])).status_code == 404


def test_a_guardian_without_a_number_gets_one_from_the_childs_page(client, desk, guardian):
    Guardian.objects.filter(pk=guardian.pk).update(phone=None)
    address = reverse("guardian_phone", args=[guardian.pk])
    child = guardian.students.get()
    assert address in client.get(reverse("student", args=[child.pk])).content.decode()

    post(client, guardian, RIGHT, save="yes")

    guardian.refresh_from_db()
    assert guardian.phone == RIGHT
