"""Day 3 the owner, day 5 the manager too, day 7 the pool: on which facts the days count, and how often it runs."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from sales.models import SalesPolicy
from sales.neglect import pooled_at, warned_pool_at
from sales.services.escalation import return_neglected
from sales.services.policy import change_policy
from sales.todo import count_of_branch, count_todo
from students.models import Enquiry
from students.services import record_follow_up, set_next_follow_up
from tests.factories import NOW, EnquiryFactory, desk_of, manager_of

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def owned(branch, desk):
    """Given to the desk at noon of the first day, and not touched since."""
    facts = {"branch": branch, "owner": desk, "owned_at": NOW, "created_at": NOW - 30 * DAY}
    return lambda **more: EnquiryFactory(**(facts | more))


def steps(user, at):
    numbers = count_todo(user, now=at)
    return numbers["idle"], numbers["pool"]


def test_day_by_day(owned, branch, desk):
    manager, enquiry = manager_of(branch), owned()

    assert steps(desk, NOW + 3 * DAY - SECOND) == (0, 0)
    assert steps(desk, NOW + 3 * DAY) == (1, 0)
    assert steps(manager, NOW + 5 * DAY - SECOND) == (0, 0)
    assert steps(manager, NOW + 5 * DAY) == (1, 0)
    assert steps(desk, NOW + 6 * DAY) == steps(manager, NOW + 6 * DAY) == (0, 1)  # the warning
    assert return_neglected(now=NOW + 7 * DAY - SECOND) == 0
    assert return_neglected(now=NOW + 7 * DAY) == 1

    enquiry.refresh_from_db()
    assert (enquiry.owner, enquiry.pooled_at) == (None, NOW + 7 * DAY)
    change = enquiry.changes.get()
    assert (change.by, change.from_owner) == (None, desk)
    assert "7" in change.reason


def test_it_comes_late_and_twice_and_does_the_same(owned):
    owned(), owned()

    assert [return_neglected(now=NOW + 40 * DAY) for _run in range(2)] == [2, 0]


@pytest.mark.parametrize(
    ("facts", "since"),
    [
        ({}, NOW),
        ({"last_contact_at": NOW + 2 * DAY}, NOW + 2 * DAY),
        ({"last_contact_at": NOW - 2 * DAY}, NOW),
        ({"next_follow_up_at": NOW + 20 * DAY}, NOW + 20 * DAY),  # planned: not neglected before
        ({"next_follow_up_at": NOW - DAY}, NOW),
        ({"owned_at": None}, NOW - 30 * DAY),  # then from its registration
    ],
)
def test_the_days_count_from_the_latest_fact(owned, branch, facts, since):
    enquiry = owned(**facts)

    assert pooled_at(enquiry, branch.sales_policy) == since + 7 * DAY
    assert warned_pool_at(enquiry, branch.sales_policy, since + 6 * DAY - SECOND) is None
    assert return_neglected(now=since + 7 * DAY - SECOND) == 0  # the page and the job count alike
    assert return_neglected(now=since + 7 * DAY) == 1


def test_a_contact_or_a_new_date_keeps_it(owned, desk):
    touched, planned = owned(), owned()
    record_follow_up(enquiry=touched, outcome="no_answer", by=desk, now=NOW + 6 * DAY, token="t")
    set_next_follow_up(enquiry=planned, at=NOW + 8 * DAY)

    assert return_neglected(now=NOW + 7 * DAY) == 0


@pytest.mark.parametrize("facts", [{"stage": "signed"}, {"stage": "lost"}, {"owner": None}])
def test_what_is_closed_or_nobody_s_is_left_alone(owned, facts):
    owned(**facts)

    assert return_neglected(now=NOW + 99 * DAY) == 0


def test_each_branch_has_its_days_and_may_have_no_pool(owned, other_branch):
    SalesPolicy.objects.filter(branch=other_branch).update(pool_days=None)
    here, there = owned(), owned(branch=other_branch)

    assert return_neglected(now=NOW + 99 * DAY) == 1
    assert list(Enquiry.objects.pooled()) == [here]
    assert pooled_at(there, SalesPolicy.objects.get(branch=other_branch)) is None


def test_stricter_rules_count_from_the_day_they_are_made(owned, branch):
    policy, enquiry = branch.sales_policy, owned()
    policy.remind_manager_days = policy.pool_days = 4
    change_policy(policy=policy, now=NOW + 6 * DAY)

    assert return_neglected(now=NOW + 10 * DAY - SECOND) == 0
    assert pooled_at(enquiry, policy) == NOW + 10 * DAY
    policy.pool_days = 9
    change_policy(policy=policy, now=NOW + 8 * DAY)  # looser ones take no days away
    assert pooled_at(enquiry, policy) == NOW + 15 * DAY
    assert return_neglected(now=NOW + 15 * DAY) == 1


def test_a_branch_s_numbers_for_its_staff(owned, branch, other_branch):
    owned(next_follow_up_at=NOW + 3 * DAY)
    owned(next_follow_up_at=NOW + 3 * DAY + timedelta(hours=2))
    owned(), owned(owner=None), owned(branch=other_branch)

    numbers = count_of_branch(branch.pk, now=NOW + 3 * DAY)

    assert numbers == {"overdue": 1, "today": 1, "nobodys": 1, "idle": 1, "pool": 0}


def test_the_job_is_planned():
    assert settings.PERIODIC_JOBS["sales.tasks.return_neglected"] == {"minutes": 15}
    import_string("sales.tasks.return_neglected")()
