"""The board of renewals."""

import datetime

import pytest
from django.urls import reverse

from branches.roles import PERMISSIONS, Role
from messaging.models import OutboundMessage, Status
from renewals.models import RenewalOpportunity
from renewals.notifications import plan_renewal_reminders
from renewals.services import open_due_opportunities
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    GuardianshipFactory,
    UserFactory,
    desk_of,
    sell,
    teacher_of,
)
from tests.renewals.conftest import use

URL = "/renewals/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("renewals.views.RenewalListView.now", NOW)
    monkeypatch.setattr("renewals.views.ContactView.now", NOW)


def show(client, filters=None):
    """The board, after the job has brought it up to date."""
    open_due_opportunities(now=NOW)
    return client.get(URL, filters)


@pytest.fixture
def desk(client, branch):
    """The front desk of the branch, signed in."""
    person = desk_of(branch)
    client.force_login(person)
    return person


def children(response):
    return [row.opportunity.student.name for row in response.context["rows"]]


def test_name_of_the_page(client, desk):
    assert reverse("renewals") == URL
    assert show(client).status_code == 200


# --- who sees what ---------------------------------------------------------------------------------------


def test_desk_sees_its_own_branch(client, desk, learner, other_branch):
    learner(2, name="田萍")
    learner(2, name="河西的孩子", branch=other_branch)

    response = show(client)

    assert children(response) == ["田萍"]
    assert "河西" not in response.content.decode()


def test_owner_sees_all_branches(client, owner, learner, other_branch):
    learner(2, name="田萍")
    learner(2, name="王芳", branch=other_branch)
    client.force_login(owner)

    assert sorted(children(show(client))) == ["王芳", "田萍"]


def test_teacher_may_not(client, branch):
    client.force_login(teacher_of(branch))

    assert show(client).status_code == 403


def test_nobody_signs_in_first(client):
    assert show(client).url.startswith(reverse("admin:login"))


def test_phone_is_masked_for_who_may_not_see_guardians(client, desk, learner, monkeypatch):
    learner(2).student.guardians.update(phone="+8613812345678")
    assert "/phones/guardian/" in show(client).content.decode()

    monkeypatch.setitem(PERMISSIONS, Role.FRONT_DESK, PERMISSIONS[Role.FRONT_DESK] - {"parents.view_guardian"})

    page = show(client).content.decode()
    assert "138****5678" in page
    assert "/phones/guardian/" not in page
    assert "13812345678" not in page
    assert "138 1234 5678" not in page


# --- rows ------------------------------------------------------------------------------------------------


def test_row_leads_to_the_child_and_to_its_renewal(client, desk, learner):
    enrolment = learner(2)

    page = show(client).content.decode()

    assert reverse("student", args=[enrolment.student_id]) in page
    assert f"{reverse('enrol', args=[enrolment.student_id])}?course={enrolment.course_id}" in page


def test_main_contact_is_shown(client, desk, learner):
    student = learner(2).student
    student.guardianships.update(is_main=False)
    main = GuardianshipFactory(student=student, guardian__name="主要联系人")

    [row] = show(client).context["rows"]

    assert row.guardianship == main


def test_child_without_guardian_is_shown(client, desk, learner):
    learner(2).student.guardianships.all().delete()

    assert children(show(client)) == ["田萍"]


def test_last_reminder_is_shown(client, desk, learner):
    learner(2)
    plan_renewal_reminders(now=NOW)
    OutboundMessage.objects.update(status=Status.NEEDS_REVIEW)

    [row] = show(client).context["rows"]

    assert row.last_message.status == Status.NEEDS_REVIEW


def test_who_renewed_is_off_the_list(client, desk, learner):
    sell(learner(2), 20)

    assert children(show(client)) == []


def test_empty_list_says_what_will_stand_here(client, desk):
    assert reverse("search") in show(client).content.decode()


# --- narrowing and order ---------------------------------------------------------------------------------


@pytest.fixture
def school(learner):
    """One of each urgency, and one without a class."""
    learner(-1, name="欠课")
    learner(1, name="本周")
    learner(3, name="以后")
    learner(2, name="没班", in_class=False)
    return learner


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["欠课", "本周", "以后", "没班"]),
        ("credits", ["欠课", "本周", "没班", "以后"]),
        ("name", ["本周", "没班", "欠课", "以后"]),
    ],
)
def test_order(client, desk, school, sort, expected):
    assert children(show(client, {"sort": sort})) == expected


def test_cards_count_and_filter_by_urgency(client, desk, school):
    response = show(client, {"urgency": "later"})

    assert [card["number"] for card in response.context["cards"]] == [1, 1, 2]
    assert children(response) == ["以后", "没班"]


def test_filters(client, owner, learner, other_branch):
    mine = learner(2, name="田萍")
    mine.student.adviser = UserFactory()
    mine.student.save()
    learner(2, name="王芳", branch=other_branch)
    client.force_login(owner)

    for filters in ({"branch": mine.branch_id}, {"course": mine.course_id}, {"adviser": mine.student.adviser_id}):
        assert children(show(client, filters)) == ["田萍"]


@pytest.mark.parametrize("name", ["branch", "course", "adviser", "owner", "urgency", "stage", "sort"])
@pytest.mark.parametrize("value", ["x", "999999", "1' OR 1=1"])
def test_filter_that_makes_no_sense_filters_nothing(client, desk, learner, name, value):
    learner(2)

    response = show(client, {name: value})

    assert children(response) == ["田萍"]
    assert name in response.context["form"].errors


def test_foreign_branch_is_no_choice(client, desk, learner, other_branch):
    learner(2, branch=other_branch)

    response = show(client, {"branch": other_branch.pk})

    assert "branch" in response.context["form"].errors
    assert "河西" not in response.content.decode()


def test_pages_of_fifty(client, desk, learner, monkeypatch):
    monkeypatch.setattr("renewals.views.RenewalListView.paginate_by", 2)
    for number in range(3):
        learner(number, name=f"学员{number}")

    assert children(show(client, {"page": 2})) == ["学员2"]
    assert show(client, {"page": 3}).status_code == 404


@pytest.mark.parametrize("row_count", [1, 3])
def test_query_count(client, branch, learner, row_count, django_assert_num_queries):
    for number in range(row_count):
        enrolment = learner(2, name=f"学员{number}")
        GuardianshipFactory(student=enrolment.student, is_main=False)
        use(enrolment, 1)
    plan_renewal_reminders(now=NOW)
    BranchFactory()
    client.force_login(desk_of(branch))

    open_due_opportunities(now=NOW)
    for opportunity in RenewalOpportunity.objects.all():
        note(client, opportunity, "talked:week")

    with django_assert_num_queries(16):
        response = client.get(URL)

    assert len(response.context["rows"]) == row_count


# --- the work --------------------------------------------------------------------------------------------


def note(client, opportunity, button, **data):
    return client.post(reverse("renewal_contact", args=[opportunity.pk]) + "?sort=name", {"button": button, **data})


@pytest.fixture
def opportunity(learner, desk):
    learner(2)
    open_due_opportunities(now=NOW)
    return RenewalOpportunity.objects.get()


@pytest.mark.parametrize(
    ("button", "data", "stage", "days"),
    [
        ("talked:tomorrow", {}, "talked", 1),
        ("promised:saturday", {}, "promised", 7),  # today is one
        ("later:week", {}, "due", 7),
        ("talked:picked", {"day": TODAY + datetime.timedelta(days=40)}, "talked", 40),
    ],
)
def test_one_button_notes_how_far_and_when(client, opportunity, button, data, stage, days):
    response = note(client, opportunity, button, note="妈妈月底来", **data)

    opportunity.refresh_from_db()
    assert response.url == f"{URL}?sort=name"
    assert (opportunity.stage, opportunity.next_contact_date) == (stage, TODAY + datetime.timedelta(days=days))
    assert opportunity.notes.get().note == "妈妈月底来"


def test_lost_needs_a_reason_and_leaves_the_board(client, opportunity):
    note(client, opportunity, "lost")
    assert children(show(client)) == ["田萍"]

    note(client, opportunity, "lost", reason="price")

    assert children(show(client)) == []
    assert children(show(client, {"stage": "lost"})) == ["田萍"]


@pytest.mark.parametrize(
    ("button", "data"),
    [
        ("", {}),
        ("renewed:week", {}),
        ("talked:picked", {}),
        ("talked:picked", {"day": "2020-01-01"}),
        ("lost", {"reason": "x"}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(client, opportunity, button, data):
    note(client, opportunity, button, **data)

    assert not opportunity.notes.exists()
    assert show(client).context["messages"]


def test_renewed_one_is_refused_with_a_sentence(client, opportunity):
    sell(opportunity.enrolment, 20, now=NOW + datetime.timedelta(hours=1))
    open_due_opportunities(now=NOW)

    note(client, opportunity, "talked:week")

    assert show(client).context["messages"]


def test_right_to_note_holds_in_its_branch(client, learner, branch, other_branch):
    learner(2, branch=other_branch)
    open_due_opportunities(now=NOW)
    client.force_login(desk_of(branch))

    assert note(client, RenewalOpportunity.objects.get(), "talked:week").status_code == 404


def test_who_may_not_note_sees_no_button(client, opportunity, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.FRONT_DESK, PERMISSIONS[Role.FRONT_DESK] - {"renewals.work_renewals"})

    assert reverse("renewal_contact", args=[opportunity.pk]) not in show(client).content.decode()
    assert note(client, opportunity, "talked:week").status_code == 403


def test_promised_calls_come_first_and_days_to_come_last(client, desk, school):
    open_due_opportunities(now=NOW)
    days = {"以后": -1, "欠课": 3}
    for name, number in days.items():
        day = TODAY + datetime.timedelta(days=number)
        RenewalOpportunity.objects.filter(student__name=name).update(next_contact_date=day)

    assert children(show(client)) == ["以后", "本周", "没班", "欠课"]
    assert children(show(client, {"stage": "now"})) == ["以后", "本周", "没班"]


def test_stages_count_and_filter(client, desk, school):
    open_due_opportunities(now=NOW)
    RenewalOpportunity.objects.filter(student__name="本周").update(stage="promised")

    response = show(client, {"stage": "promised"})

    assert children(response) == ["本周"]
    assert [stage["number"] for stage in response.context["stages"]] == [4, 3, 0, 0, 1, None]


def test_renewed_child_leaves_the_board_without_waiting_for_the_job(client, opportunity):
    sell(opportunity.enrolment, 20, now=NOW + datetime.timedelta(hours=1))

    assert children(client.get(URL)) == []
