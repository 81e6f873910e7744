"""The waiting list: one seat, one offer, first come first served, until a time."""

import datetime
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from scheduling import tasks
from scheduling.models import Attendance, WaitingListEntry
from scheduling.services import (
    ClassFullError,
    ScheduleError,
    accept_offer,
    add_to_waiting_list,
    lapse_offers,
    place_student,
    plan_lessons,
    remove_from_class,
    seats_of,
    withdraw_from_waiting_list,
)
from scheduling.services.class_seats import OFFER_LASTS
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    ScheduleRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
AFTERWARDS = NOW + OFFER_LASTS


@pytest.fixture
def manager():
    return UserFactory(name="校长")


@pytest.fixture
def group(branch, manager):
    """Full: two seats, two children."""
    group = ClassGroupFactory(branch=branch, capacity=2, is_capacity_hard=True, lessons_total=3)
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    ClassMemberFactory.create_batch(2, class_group=group)
    return group


@pytest.fixture
def wait(group, manager):
    def wait(enrolment=None, minutes=0):
        enrolment = enrolment or EnrolmentFactory(branch=group.branch, course=group.course)
        now = NOW + timedelta(minutes=minutes)
        return add_to_waiting_list(class_group=group, enrolment=enrolment, by=manager, now=now)

    return wait


def leave(group, left_date=TODAY):
    member = group.members.filter(left_date__isnull=True).first()
    return remove_from_class(member=member, left_date=left_date, now=NOW)


def statuses(*entries):
    for entry in entries:
        entry.refresh_from_db()
    return [entry.status for entry in entries]


def test_who_comes_to_a_full_class_waits(wait):
    assert wait().status == "waiting"


def test_a_child_waits_once_and_keeps_its_place(group, wait):
    first, _second = wait(), wait(minutes=1)

    assert wait(first.enrolment, minutes=5) == first
    leave(group)
    assert statuses(first) == ["offered"]


def test_a_free_seat_is_offered_at_once(group, wait):
    leave(group)

    entry = wait()

    assert (entry.status, entry.offered_until) == ("offered", NOW + OFFER_LASTS)


def test_the_next_in_line_is_offered_the_seat_of_one_who_leaves(group, wait):
    first, second = wait(), wait(minutes=1)

    assert leave(group) == [first]

    assert statuses(first, second) == ["offered", "waiting"]
    leave(group)
    assert statuses(second) == ["offered"]


def test_an_offer_holds_its_seat_against_others(group, wait, manager):
    wait()
    leave(group)

    other = EnrolmentFactory(branch=group.branch, course=group.course)
    with pytest.raises(ClassFullError):
        place_student(class_group=group, enrolment=other, joined_date=TODAY, by=manager, now=NOW)

    assert (seats_of(group).taken, seats_of(group).held, seats_of(group).free) == (1, 1, 0)


def test_who_accepts_is_in_the_class(group, wait, manager):
    entry = wait()
    leave(group)
    entry.refresh_from_db()

    member = accept_offer(entry=entry, by=manager, now=NOW)

    assert (member.enrolment, member.joined_date) == (entry.enrolment, TODAY)
    assert Attendance.objects.filter(enrolment=entry.enrolment).count() == 3
    assert statuses(entry) == ["accepted"]


def test_who_accepts_begins_when_the_other_has_left(group, wait, manager):
    entry = wait()
    leave(group, left_date=datetime.date(2026, 11, 28))

    member = accept_offer(entry=entry, by=manager, now=NOW)

    assert member.joined_date == datetime.date(2026, 11, 28)


def test_nobody_accepts_twice_or_too_late_or_what_was_not_offered(group, wait, manager):
    entry, other = wait(), wait(minutes=1)
    leave(group)

    for one, now in ((other, NOW), (entry, AFTERWARDS)):
        with pytest.raises(ScheduleError):
            accept_offer(entry=one, by=manager, now=now)
    accept_offer(entry=entry, by=manager, now=NOW)
    with pytest.raises(ScheduleError):
        accept_offer(entry=entry, by=manager, now=NOW)

    assert group.members.filter(left_date__isnull=True).count() == 2


def test_a_lapsed_offer_goes_to_the_next(group, wait):
    first, second, third = wait(), wait(minutes=1), wait(minutes=2)
    leave(group)

    assert lapse_offers(now=AFTERWARDS - timedelta(seconds=1)) == []
    assert lapse_offers(now=AFTERWARDS) == [second]

    assert statuses(first, second, third) == ["lapsed", "offered", "waiting"]
    assert lapse_offers(now=AFTERWARDS) == []


def test_who_withdraws_gives_the_offer_on(group, wait):
    first, second = wait(), wait(minutes=1)
    leave(group)

    withdraw_from_waiting_list(entry=first, now=NOW)
    withdraw_from_waiting_list(entry=first, now=NOW)

    assert statuses(first, second) == ["withdrawn", "offered"]


def test_who_withdrew_may_wait_again_at_the_end(group, wait):
    first, second = wait(), wait(minutes=1)
    withdraw_from_waiting_list(entry=first, now=NOW)
    again = wait(first.enrolment, minutes=2)

    leave(group)

    assert statuses(first, second, again) == ["withdrawn", "offered", "waiting"]


def test_more_seats_are_offered_within_a_minute(group, wait):
    first, second, third = wait(), wait(minutes=1), wait(minutes=2)
    type(group).objects.update(capacity=4)

    lapse_offers(now=NOW)

    assert statuses(first, second, third) == ["offered", "offered", "waiting"]


def test_who_is_placed_by_hand_waits_no_more(group, wait, manager):
    type(group).objects.update(is_capacity_hard=False)
    entry = wait()

    place_student(class_group=group, enrolment=entry.enrolment, joined_date=TODAY, by=manager, now=NOW)

    assert statuses(entry) == ["accepted"]


def test_a_member_does_not_wait(group, wait):
    with pytest.raises(ScheduleError, match=group.name):
        wait(group.members.first().enrolment)


def test_a_child_of_another_course_does_not_wait(group, wait):
    with pytest.raises(ScheduleError):
        wait(EnrolmentFactory(branch=group.branch))


def test_an_over_full_class_offers_nothing_when_one_leaves(group, wait):
    entry = wait()
    ClassMemberFactory(class_group=group)

    assert leave(group) == []
    assert statuses(entry) == ["waiting"]


def test_the_database_keeps_a_child_from_waiting_twice(wait):
    entry = wait()

    with pytest.raises(IntegrityError), transaction.atomic():
        WaitingListEntry.objects.create(
            class_group=entry.class_group, enrolment=entry.enrolment, added_at=NOW, added_by=entry.added_by
        )


def test_it_runs_by_itself(group, wait, monkeypatch):
    entry = wait()
    leave(group)
    monkeypatch.setattr(timezone, "now", lambda: AFTERWARDS)

    tasks.lapse_offers()

    assert statuses(entry) == ["lapsed"]
    assert settings.PERIODIC_JOBS["scheduling.tasks.lapse_offers"] == {"minutes": 1}


def test_the_usual_minute_costs_one_question(django_assert_num_queries):
    with django_assert_num_queries(3):  # with the savepoint around it
        assert lapse_offers(now=NOW) == []
