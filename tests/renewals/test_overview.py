"""Where there are more renewals than one board holds, a branch is chosen first."""

import pytest

from renewals.services import open_due_opportunities
from tests.factories import NOW, BranchFactory, CourseFactory, EnrolmentFactory, owner_of_school, sell

pytestmark = pytest.mark.django_db
URL = "/renewals/"


@pytest.fixture(autouse=True)
def _two_are_too_many(monkeypatch):
    monkeypatch.setattr("renewals.views.RenewalListView.now", NOW)
    monkeypatch.setattr("renewals.overview.MOST", 2)


@pytest.fixture
def owner(client):
    client.force_login(owner_of_school())


def test_the_branches_stand_in_place_of_the_board(client, owner, learner, branch, other_branch):
    due = [learner(1), learner(2), learner(1, branch=other_branch)]
    open_due_opportunities(now=NOW)
    due[0].renewal_opportunities.update(next_contact_date="2026-12-24")

    page = client.get(URL)

    rows = [(row["branch"], row["number_now"], row["number"]) for row in page.context["branch_rows"]]
    assert sorted(rows) == sorted([(branch.pk, 1, 2), (other_branch.pk, 1, 1)])
    assert f'href="?branch={branch.pk}"' in page.content.decode()


def test_a_branch_has_its_board(client, owner, learner, branch, other_branch):
    for place in (branch, branch, other_branch):
        learner(1, branch=place)
    open_due_opportunities(now=NOW)

    page = client.get(URL, {"branch": branch.pk})

    assert "branch_rows" not in page.context
    assert {row.enrolment.branch for row in page.context["rows"]} == {branch}


def test_what_was_lost_lately_is_counted_the_same_way(client, owner, learner):
    for _ in range(3):
        learner(1)
    open_due_opportunities(now=NOW)

    assert "branch_rows" not in client.get(URL, {"stage": "lost"}).context
    assert "branch_rows" in client.get(URL, {"stage": "due"}).context


@pytest.mark.parametrize("number", [1, 3])
def test_the_branches_cost_the_same_however_many_there_are(client, owner, learner, number, django_assert_num_queries):
    branches = [BranchFactory() for _ in range(number)]
    for branch in branches * 3:
        learner(1, branch=branch)
    open_due_opportunities(now=NOW)

    with django_assert_num_queries(6):
        client.get(URL)


def test_who_was_sold_another_course_of_another_subject_is_still_to_be_called(client, owner, learner):
    """The quick look at what was sold finds something, the renewal itself is not among it."""
    enrolment = learner(1)
    open_due_opportunities(now=NOW)
    other = EnrolmentFactory(student=enrolment.student, branch=enrolment.branch, course=CourseFactory())
    sell(other, now=NOW.replace(hour=23))

    [opportunity] = enrolment.renewal_opportunities.all().to_work()
    assert opportunity.enrolment == enrolment
