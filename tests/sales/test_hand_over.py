"""A colleague leaves: everything goes to others, evenly, or nothing does."""

import pytest

from branches.models import Membership
from renewals.models import RenewalOpportunity
from sales.services.hand_over import Share, hand_over
from students.models import Enquiry, Student
from students.services import EnquiryError
from tests.factories import (
    NOW,
    TODAY,
    EnquiryFactory,
    EnrolmentFactory,
    StudentFactory,
    adviser_of,
    desk_of,
    manager_of,
    owner_of_school,
)

pytestmark = pytest.mark.django_db
URL = "/enquiries/hand-over/"


@pytest.fixture
def leaver(branch):
    """Five open enquiries, a closed one, two children, a renewal."""
    leaver = adviser_of(branch, name="李顾问")
    EnquiryFactory.create_batch(5, branch=branch, owner=leaver)
    EnquiryFactory(branch=branch, owner=leaver, stage="signed")
    for _number in range(2):
        StudentFactory(branches=[branch], adviser=leaver)
    renewal_of(leaver, branch)
    return leaver


def renewal_of(owner, branch):
    enrolment = EnrolmentFactory(branch=branch)
    return RenewalOpportunity.objects.create(
        enrolment=enrolment, student=enrolment.student, subject=enrolment.course.subject, cause="low",
        owner=owner, opened_at=NOW, due_date=TODAY,
    )  # fmt: skip


@pytest.fixture
def do(branch, leaver):
    facts = {"leaver": leaver, "branch_ids": None, "total": 8, "by": manager_of(branch), "now": NOW}
    return lambda *receivers, **more: hand_over(receivers=list(receivers), **(facts | more))


def test_one_colleague_takes_over_everything_that_is_open(do, branch, leaver):
    colleague = desk_of(branch)

    shares = do(colleague)

    assert shares == {colleague: Share(5, 2, 1)}
    assert Enquiry.objects.open().filter(owner=colleague, owned_at=NOW).count() == 5
    assert Student.objects.filter(adviser=colleague).count() == 2
    assert RenewalOpportunity.objects.get().owner == colleague
    assert Enquiry.objects.get(owner=leaver).stage == "signed"  # whose success it was stays
    change = Enquiry.objects.open().first().changes.get()
    assert (change.kind, change.from_owner, change.to_owner) == ("owner", leaver, colleague)
    assert leaver.name in change.reason


def test_several_share_it_evenly(do, branch):
    people = [desk_of(branch), adviser_of(branch)]

    shares = do(*people)

    assert [shares[person].enquiries for person in people] == [3, 2]
    assert [shares[person].students for person in people] == [1, 1]


def test_only_who_works_at_a_branch_gets_what_is_there(do, branch, other_branch, leaver):
    EnquiryFactory.create_batch(2, branch=other_branch, owner=leaver)
    here, there = desk_of(branch), desk_of(other_branch)

    with pytest.raises(EnquiryError, match=other_branch.name):
        do(here, total=10)
    shares = do(here, there, total=10)

    assert (shares[here].enquiries, shares[there].enquiries) == (5, 2)


def test_what_changed_since_the_page_was_read_stops_it(do, branch, leaver):
    EnquiryFactory(branch=branch, owner=leaver)

    with pytest.raises(EnquiryError):
        do(desk_of(branch))

    assert Enquiry.objects.open().filter(owner=leaver).count() == 6


@pytest.mark.parametrize("receivers", [[], ["leaver"]])
def test_nobody_hands_over_to_nobody_or_to_who_leaves(do, leaver, receivers):
    with pytest.raises(EnquiryError):
        do(*[leaver for _one in receivers])


# --- the page --------------------------------------------------------------------------------------------


def test_the_page_shows_who_has_what_those_who_left_first(client, branch, other_branch, leaver):
    busy = desk_of(branch, name="丁前台")
    EnquiryFactory(branch=branch, owner=busy)
    EnquiryFactory(branch=other_branch, owner=desk_of(other_branch))
    leaver.is_active = False
    leaver.save()
    client.force_login(manager_of(branch))

    rows = client.get(URL).context["rows"]

    assert [(row["person"], row["has_left"], row["enquiries"], row["students"], row["renewals"]) for row in rows] == [
        (leaver, True, 5, 2, 1),
        (busy, False, 1, 0, 0),
    ]


def test_the_page_hands_over_and_tells_who_got_how_much(client, branch, leaver):
    colleague = desk_of(branch)
    client.force_login(manager_of(branch))
    page = client.get(URL, {"from": leaver.pk})
    assert (page.context["total"], leaver in page.context["colleagues"]) == (8, False)

    answer = client.post(f"{URL}?from={leaver.pk}", {"total": 8, "receivers": [colleague.pk]}, follow=True)

    assert [row["person"] for row in answer.context["rows"]] == [colleague]
    assert any(colleague.name in str(message) for message in answer.context["messages"])


def test_a_manager_hands_over_the_own_branch_s_only(client, branch, other_branch, leaver):
    EnquiryFactory(branch=other_branch, owner=leaver)
    Membership.objects.create(user=leaver, branch=other_branch, role="adviser")
    stranger, foreign = desk_of(branch), desk_of(other_branch)
    client.force_login(manager_of(other_branch))

    page = client.get(URL, {"from": leaver.pk})
    assert page.context["counts"] == {"enquiries": 1, "students": 0, "renewals": 0}
    client.post(f"{URL}?from={leaver.pk}", {"total": 1, "receivers": [stranger.pk]})
    assert not Enquiry.objects.filter(owner=stranger).exists()
    client.post(f"{URL}?from={leaver.pk}", {"total": 1, "receivers": [foreign.pk]})

    assert Enquiry.objects.get(branch=other_branch).owner == foreign
    assert Enquiry.objects.open().filter(branch=branch, owner=leaver).count() == 5
    assert client.get(URL, {"from": leaver.pk}).status_code == 404  # nothing of his is left here


def test_the_page_costs_the_same_for_one_and_for_three(client, branch, leaver, django_assert_max_num_queries):
    client.force_login(owner_of_school())
    counts = []
    for _round in range(2):
        EnquiryFactory(branch=branch, owner=desk_of(branch))
        with django_assert_max_num_queries(14) as captured:
            client.get(URL)
        counts.append(len(captured))

    assert counts[0] == counts[1]
