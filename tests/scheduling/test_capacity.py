"""Seats: a hard class is never over-full, a soft one may be, and of fifty who want the last seat one gets it."""

import datetime
from functools import partial

import pytest

from scheduling.models import Attendance, ClassMember, WaitingListEntry
from scheduling.services import (
    ClassFullError,
    accept_offer,
    add_to_waiting_list,
    place_student,
    place_students,
    plan_lessons,
    remove_from_class,
    seats_of,
    transfer_members,
)
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    ScheduleRuleFactory,
    UserFactory,
)
from tests.races import at_once

RIVALS = 50


@pytest.fixture
def manager(db):
    return UserFactory(name="校长")


@pytest.fixture
def group(branch, manager):
    """Two seats, one of them taken; lessons are planned."""
    group = ClassGroupFactory(branch=branch, capacity=2, is_capacity_hard=True, lessons_total=3)
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    ClassMemberFactory(class_group=group)
    return group


@pytest.fixture
def place(group, manager):
    def place(enrolment=None, joined_date=TODAY):
        enrolment = enrolment or EnrolmentFactory(branch=group.branch, course=group.course)
        return place_student(class_group=group, enrolment=enrolment, joined_date=joined_date, by=manager, now=NOW)

    return place


def enrolments(group, number):
    return EnrolmentFactory.create_batch(number, branch=group.branch, course=group.course)


def test_a_hard_class_takes_as_many_as_it_has_seats(group, place):
    place()

    with pytest.raises(ClassFullError, match=group.name):
        place()

    assert group.members.count() == 2
    assert (seats_of(group).taken, seats_of(group).free) == (2, 0)


def test_a_soft_class_takes_more(group, place):
    type(group).objects.update(is_capacity_hard=False)
    for _child in range(3):
        place()

    assert group.members.count() == 4
    group.refresh_from_db()
    assert (seats_of(group).over, seats_of(group).free) == (2, 0)


def test_many_at_once_are_refused_together(group, manager):
    with pytest.raises(ClassFullError):
        place_students(class_group=group, enrolments=enrolments(group, 2), joined_date=TODAY, by=manager, now=NOW)

    assert group.members.count() == 1


def test_who_is_in_the_class_takes_no_second_seat(group, place):
    member = place()

    assert place(member.enrolment) == member


def test_a_seat_is_free_from_the_day_on_which_somebody_leaves(group, place):
    leaving = place()
    remove_from_class(member=leaving, left_date=datetime.date(2026, 12, 5), now=NOW)

    with pytest.raises(ClassFullError):
        place(joined_date=datetime.date(2026, 12, 4))
    assert place(joined_date=datetime.date(2026, 12, 5))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_the_last_seat_goes_to_exactly_one_of_fifty(group, manager):
    results = at_once(
        [
            partial(place_student, class_group=group, enrolment=one, joined_date=TODAY, by=manager, now=NOW)
            for one in enrolments(group, RIVALS)
        ]
    )

    refused = [result for result in results if isinstance(result, Exception)]
    assert [repr(error) for error in refused if not isinstance(error, ClassFullError)] == []
    assert len(refused) == RIVALS - 1
    assert ClassMember.objects.count() == 2
    assert Attendance.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_an_offered_seat_goes_to_whom_it_is_offered_whatever_way_the_others_come(group, manager):
    waiting, *others = enrolments(group, 8)
    entry = add_to_waiting_list(class_group=group, enrolment=waiting, by=manager, now=NOW)
    elsewhere = ClassGroupFactory(branch=group.branch, course=group.course)
    members = [ClassMemberFactory(class_group=elsewhere, enrolment=one) for one in others[4:]]
    facts = {"by": manager, "now": NOW}

    results = at_once(
        [
            *(
                partial(place_student, class_group=group, enrolment=one, joined_date=TODAY, **facts)
                for one in others[:4]
            ),
            *(partial(transfer_members, members=[one], target=group, from_date=TODAY, **facts) for one in members),
            partial(accept_offer, entry=entry, **facts),
        ]
    )

    assert [type(result).__name__ for result in results] == ["ClassFullError"] * 7 + ["ClassMember"]
    assert set(group.members.values_list("enrolment", flat=True)) > {waiting.pk}
    entry.refresh_from_db()
    assert entry.status == WaitingListEntry.Status.ACCEPTED
    assert elsewhere.members.filter(left_date__isnull=True).count() == 3
