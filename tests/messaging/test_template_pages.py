"""The pages of the words: what is in use, the editor with its preview, and what the provider said."""

from datetime import timedelta

import pytest
from django.urls import reverse

from messaging.models import ChannelRoute, MessageTemplate
from messaging.template_pages import address
from messaging.wording import all_wordings, wording_named
from tests.factories import NOW, AttendanceFactory, EnrolmentFactory, RoomFactory, desk_of, manager_of

pytestmark = pytest.mark.django_db
KEY, LANGUAGE = "class_reminder.room", "zh-hans"
LIST = "/messages/templates/"
State = MessageTemplate.State


def shown(code):
    """A variable as the editor calls it."""
    return f"{{{wording_named(KEY).labels(LANGUAGE)[code]}}}"


@pytest.fixture
def manager(client, branch):
    person = manager_of(branch, name="马校长")
    client.force_login(person)
    return person


@pytest.fixture
def head(client, owner):
    client.force_login(owner)
    return owner


@pytest.fixture
def lesson(branch, monkeypatch):
    """A child of the branch with a lesson tomorrow."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    starts_at = NOW + timedelta(days=1)
    return AttendanceFactory(
        lesson__branch=branch,
        lesson__class_group__branch=branch,
        lesson__starts_at=starts_at,
        lesson__ends_at=starts_at + timedelta(hours=1),
        lesson__room=RoomFactory(branch=branch, name="龙井厅"),
        enrolment=EnrolmentFactory(branch=branch, student__name="田萍"),
    )


def post(client, text, *, branch=None, action="save", base=0, **fields):
    data = {"text": text, "base_version": base, "action": action, "child": "", **fields}
    return client.post(address(KEY, LANGUAGE, branch), data)


def preview(client, text, *, branch=None, child=""):
    url = address(KEY, LANGUAGE, branch)
    return client.post(url, {"text": text, "base_version": 0, "child": child}, headers={"X-Fragment": "preview"})


def lines(response):
    return {line.wording.key: line for _kind, lines in response.context["kinds"] for line in lines}


# --- all of them -----------------------------------------------------------------------------------------


def test_every_sentence_is_listed_with_what_is_in_use(client, head, branch):
    post(client, f"{shown('child')}见", branch=branch)

    at_branch, everywhere = client.get(f"{LIST}?branch={branch.pk}"), client.get(LIST)

    assert set(lines(at_branch)) == {wording.key for wording in all_wordings()}
    assert lines(at_branch)[KEY].text == f"{shown('child')}见"
    assert lines(everywhere)[KEY].in_use is None


def test_a_manager_sees_the_words_of_his_branch(client, manager, branch, other_branch):
    for asked in ("", str(branch.pk), str(other_branch.pk), "x"):
        assert client.get(f"{LIST}?branch={asked}").context["branch"] == branch


@pytest.mark.parametrize("version_count", [1, 3])
def test_list_asks_as_much_for_one_version_as_for_many(
    client, manager, branch, version_count, django_assert_num_queries
):
    for number in range(version_count):
        post(client, f"第{number}版", branch=branch, base=number)
    client.get(LIST)

    with django_assert_num_queries(8):
        client.get(LIST)


@pytest.mark.parametrize("version_count", [1, 3])
def test_editor_asks_as_much_for_one_version_as_for_many(
    client, manager, branch, lesson, version_count, django_assert_num_queries
):
    for number in range(version_count):
        post(client, f"第{number}版", branch=branch, base=number)
    AttendanceFactory.create_batch(version_count, lesson=lesson.lesson)
    client.get(address(KEY, LANGUAGE, branch))

    with django_assert_num_queries(10):
        client.get(address(KEY, LANGUAGE, branch))


@pytest.mark.parametrize("path", ["nothing/zh-hans/", f"{KEY}/fr/"])
def test_no_such_sentence(client, manager, path):
    assert client.get(f"{LIST}{path}").status_code == 404


# --- writing ---------------------------------------------------------------------------------------------


def test_saved_with_the_variables_under_their_code(client, manager, branch):
    response = post(client, f"  {shown('child')}，明天见  ", branch=branch)

    template = MessageTemplate.objects.get()
    assert response.url == address(KEY, LANGUAGE, branch)
    assert (template.text, template.branch, template.written_by) == ("{child}，明天见", branch, manager)


def test_a_manager_writes_for_his_branch_alone(client, manager, branch, other_branch):
    post(client, "明天见", branch=other_branch)
    client.post(address(KEY, LANGUAGE, None), {"text": "后天见", "base_version": 1, "action": "save"})

    assert set(MessageTemplate.objects.values_list("branch", flat=True)) == {branch.pk}


def test_the_owner_writes_for_all(client, head, branch):
    post(client, "明天见")

    assert MessageTemplate.objects.get().branch is None


@pytest.mark.parametrize("text", ["", "{谁}", "【轻校】明天", "明天限时优惠", "{", "好" * 1001])
def test_what_cannot_be_sent_is_not_saved_and_says_why(client, manager, branch, text):
    response = post(client, text, branch=branch)

    assert response.status_code == 200
    assert response.context["form"].errors["text"]
    assert response.context["form"]["text"].value() == text
    assert not MessageTemplate.objects.exists()


def test_who_is_late_keeps_what_he_wrote_and_is_told(client, manager, branch):
    post(client, "一", branch=branch)

    response = post(client, "二", branch=branch, base=0)

    assert "马校长" in response.context["form"].errors["text"][0]
    assert response.context["form"]["text"].value() == "二"


def test_a_version_is_taken_again(client, manager, branch):
    post(client, "一", branch=branch)
    post(client, "二", branch=branch, base=1)
    first = MessageTemplate.objects.get(version=1)

    page = client.get(f"{address(KEY, LANGUAGE, branch)}&from={first.pk}")

    assert page.context["form"]["text"].value() == "一"
    assert page.context["form"]["base_version"].value() == 2


def test_back_to_the_built_in_words(client, manager, branch):
    post(client, "一", branch=branch)
    template = MessageTemplate.objects.get()

    client.post(reverse("message_template_decide", args=[template.pk]), {"decision": "give_up"})

    template.refresh_from_db()
    assert (template.state, template.decided_by) == (State.RETIRED, manager)
    assert lines(client.get(LIST))[KEY].in_use is None


def test_what_is_for_all_branches_is_not_a_manager_s_to_give_up(client, head, branch):
    post(client, "一")
    template = MessageTemplate.objects.get()
    client.force_login(manager_of(branch))

    response = client.post(reverse("message_template_decide", args=[template.pk]), {"decision": "give_up"})

    assert response.status_code == 403
    assert client.get(address(KEY, LANGUAGE, branch)).context["form"]["text"].value() == "一"


def test_the_desk_may_not(client, branch):
    client.force_login(desk_of(branch))

    assert client.get(LIST).status_code == 403
    assert post(client, "一", branch=branch).status_code == 403


# --- the preview -----------------------------------------------------------------------------------------


def test_preview_is_of_a_real_child(client, manager, branch, lesson):
    branch.sms_signature = "银州轻校"
    branch.save()

    shown_there = preview(client, f"{shown('child')}在{shown('room')}").context["preview"]

    assert shown_there["sent"] == "【银州轻校】田萍在龙井厅"
    assert (shown_there["child"], shown_there["characters"], shown_there["parts"]) == ("田萍", 12, 1)
    assert not MessageTemplate.objects.exists()


def test_another_child_can_be_chosen(client, manager, branch, lesson):
    other = AttendanceFactory(lesson=lesson.lesson, enrolment=EnrolmentFactory(branch=branch, student__name="安安"))

    shown_there = preview(client, shown("child"), child=str(other.enrolment.student_id)).context["preview"]

    assert shown_there["sent"].endswith("安安")


def test_children_of_other_branches_are_not_shown(client, lesson, other_branch):
    client.force_login(manager_of(other_branch))

    response = preview(client, shown("child"), child=str(lesson.enrolment.student_id))

    assert "田萍" not in response.content.decode()


def test_without_children_the_example_stands_there(client, manager, branch):
    example = wording_named(KEY).example(LANGUAGE)["child"]

    assert example in preview(client, shown("child")).context["preview"]["sent"]


def test_preview_says_parts_and_what_a_hundred_cost(client, manager, branch):
    branch.sms_part_price_fen = "5.5"
    branch.save()

    shown_there = preview(client, "好" * 100).context["preview"]

    assert (shown_there["parts"], shown_there["cost"], shown_there["is_gsm"]) == (2, "¥11.00", False)


def test_preview_says_what_speaks_against_the_text(client, manager, branch):
    findings = preview(client, "限时优惠").context["preview"]["findings"]

    assert [finding.is_error for finding in findings] == [True, True, False]  # two words; what it does not say


@pytest.mark.parametrize("text", ["", "{谁}来", "{"])
def test_preview_of_what_cannot_be_read_says_why(client, manager, branch, text):
    shown_there = preview(client, text).context["preview"]

    assert [finding.is_error for finding in shown_there["findings"]] == [True]


def test_without_scripts_a_button_shows_the_preview(client, manager, branch):
    response = post(client, "明天见", branch=branch, action="preview")

    assert response.context["preview"]["sent"].endswith("明天见")
    assert not MessageTemplate.objects.exists()


def test_names_of_children_are_shown_as_text(client, manager, branch, lesson):
    lesson.enrolment.student.name = "<b>田&萍"
    lesson.enrolment.student.save()

    assert "<b>田" not in preview(client, shown("child")).content.decode()


# --- a provider that approves ----------------------------------------------------------------------------


@pytest.fixture
def waiting(client, manager, branch):
    ChannelRoute.objects.create(branch=branch, purpose="service", position=1, channel="sms_aliyun")
    post(client, f"{shown('child')}，明天见", branch=branch)
    return MessageTemplate.objects.get()


def decide(client, template, decision, **fields):
    return client.post(reverse("message_template_decide", args=[template.pk]), {"decision": decision, **fields})


def test_the_page_shows_what_to_hand_in(client, waiting, branch):
    page = client.get(address(KEY, LANGUAGE, branch))

    assert page.context["provider_text"] == "${child}，明天见"
    assert page.context["in_use"] is None


def test_handed_in_and_approved(client, waiting, branch):
    decide(client, waiting, "hand_in")
    waiting.refresh_from_db()
    assert waiting.state == State.WAITING

    decide(client, waiting, "approve", code=" SMS_1 ")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.provider_code) == (State.APPROVED, "SMS_1")


@pytest.mark.parametrize(
    ("decision", "fields", "state"),
    [
        ("refuse", {"note": "太短"}, State.REFUSED),
        ("refuse", {}, State.DRAFT),
        ("approve", {}, State.DRAFT),
        ("give_up", {}, State.RETIRED),
        ("", {}, State.DRAFT),
    ],
)
def test_what_the_provider_said(client, waiting, decision, fields, state):
    assert decide(client, waiting, decision, **fields).status_code == 302

    waiting.refresh_from_db()
    assert waiting.state == state
