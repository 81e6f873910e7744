"""Yes and no to messages: on the page, in what is sent, and on record."""

import pytest
from django.urls import reverse

from messaging.consent import opt_out, opt_out_everywhere, refusal, start_again
from messaging.models import ConsentEntry, Purpose
from tests.factories import NOW, BranchFactory, GuardianshipFactory, desk_of
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"
SERVICE, MARKETING = Purpose.SERVICE, Purpose.MARKETING


@pytest.fixture
def guardian(branch):
    return GuardianshipFactory(student__branches=[branch], guardian__phone=PHONE).guardian


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def say(client, desk, guardian, branch):
    """Press a button of the page; returns the page that follows."""

    def say(purpose, allow, at=branch):
        url = reverse("consent", args=[guardian.pk])
        return client.post(url, {"purpose": purpose, "branch": at.pk, "allow": allow}, follow=True)

    return say


def may(purpose, branch):
    return not refusal(phone=PHONE, branch=branch.pk, purpose=purpose)


def test_reminders_need_a_no_and_offers_a_yes(branch):
    assert (may(SERVICE, branch), may(MARKETING, branch)) == (True, False)


def test_desk_notes_a_no_and_a_yes(say, branch, desk):
    say("service", "no")
    assert not may(SERVICE, branch)

    say("service", "yes")

    assert may(SERVICE, branch)
    assert list(ConsentEntry.objects.values_list("allows", "by")) == [(True, desk.pk), (False, desk.pk)]


def test_a_yes_to_offers_keeps_its_words(say, branch):
    say("marketing", "yes")

    assert may(MARKETING, branch)
    assert branch.sms_signature in ConsentEntry.objects.get().words


def test_a_no_to_offers_after_a_yes_holds(say, branch):
    say("marketing", "yes")
    opt_out(phone=PHONE, purposes=[MARKETING], branch=branch, how="reply", now=NOW, words="T")

    assert not may(MARKETING, branch)


def test_what_one_branch_may_another_may_not(say, branch, other_branch):
    say("marketing", "yes")

    assert not may(MARKETING, other_branch)


def test_staff_cannot_lift_what_the_provider_blocks(say, branch):
    opt_out_everywhere(phone=PHONE, now=NOW)

    response = say("service", "yes")

    assert [notice.level_tag for notice in response.context["messages"]] == ["error"]
    assert not may(SERVICE, branch)


def test_start_is_no_yes_to_offers(say, branch):
    say("marketing", "yes")
    opt_out_everywhere(phone=PHONE, now=NOW, words="STOP")
    start_again(phone=PHONE, now=NOW, words="START")

    assert (may(SERVICE, branch), may(MARKETING, branch)) == (True, False)


def test_the_page_tells_what_holds_and_what_was_said(client, desk, guardian, branch):
    opt_out(phone=PHONE, purposes=[SERVICE], branch=branch, how="reply", now=NOW, words="退订吧")

    content = client.get(reverse("consent", args=[guardian.pk])).content.decode()

    assert "退订吧" in content
    assert content.count('value="yes"') == 2  # reminders and offers


def test_what_was_said_at_another_branch_is_not_shown(client, desk, guardian, other_branch):
    opt_out(phone=PHONE, purposes=[SERVICE], branch=other_branch, how="reply", now=NOW, words="别的校区")

    assert "别的校区" not in client.get(reverse("consent", args=[guardian.pk])).content.decode()


def test_nobody_speaks_for_another_branch(say):
    assert say("service", "no", at=BranchFactory()).status_code == 404
    assert not ConsentEntry.objects.exists()


def test_a_guardian_without_a_phone_has_no_page(client, desk, branch):
    guardian = GuardianshipFactory(student__branches=[branch], guardian__phone=None).guardian

    assert client.get(reverse("consent", args=[guardian.pk])).status_code == 404


def entry(**fields):
    facts = {"phone": PHONE, "purpose": "service", "allows": False, "how": "reply", "at": NOW}
    return ConsentEntry.objects.create(**facts | fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [("consententry_purpose", {"purpose": "anything"}), ("consententry_by_whom", {"how": "staff"})],
)
def test_the_database_refuses(constraint, fields):
    with refused_by(constraint):
        entry(**fields)


@pytest.mark.parametrize("change", [lambda row: row.delete(), lambda row: row.save()])
def test_what_was_said_is_never_changed(change):
    row = entry()

    with refused_by("a record of consent is never changed"):
        change(row)
