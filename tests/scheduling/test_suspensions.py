"""A child pauses a course: classes, make-ups and validity follow, and all of it comes back."""

from datetime import timedelta

import pytest

from enrolments.models import Suspension
from scheduling.models import Attendance, ClassMember
from scheduling.services import place_student
from scheduling.services.suspensions import SuspensionError, resume_enrolment, suspend_enrolment
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    LessonFactory,
    UserFactory,
    at,
    manager_of,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

BACK = TODAY + timedelta(days=20)


@pytest.fixture
def group(branch):
    """Four Saturdays from today on."""
    group = ClassGroupFactory(branch=branch, first_date=TODAY, lessons_total=4, capacity=2, is_capacity_hard=False)
    for number in range(1, 5):
        start = at("2026-11-21 14:00") + timedelta(days=7 * (number - 1))
        LessonFactory(
            class_group=group,
            number=number,
            starts_at=start,
            ends_at=start + timedelta(minutes=90),
            teacher=group.teacher,
            local_date=TODAY + timedelta(days=7 * (number - 1)),
        )
    return group


@pytest.fixture
def enrolment(group, branch):
    enrolment = EnrolmentFactory(branch=branch, course=group.course)
    sell(enrolment, 10, validity_days=100)
    place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager_of(branch), now=NOW)
    return enrolment


def suspend(enrolment, from_date=TODAY + timedelta(days=1), expected_date=BACK):
    facts = {"reason": "养病", "by": UserFactory(), "now": NOW}
    return suspend_enrolment(enrolment=enrolment, from_date=from_date, expected_date=expected_date, **facts)


def resume(suspension, day=BACK, days_later=20):
    return resume_enrolment(suspension=suspension, day=day, by=UserFactory(), now=NOW + timedelta(days=days_later))


def lesson_numbers(enrolment):
    places = Attendance.objects.filter(enrolment=enrolment).order_by("lesson__number")
    return list(places.values_list("lesson__number", flat=True))


def expiry(enrolment):
    return enrolment.lots.get().expires_date


def test_the_child_leaves_the_lessons_to_come(enrolment, group):
    suspension = suspend(enrolment)

    assert lesson_numbers(enrolment) == [1]
    assert suspension.classes_left == [group.pk]
    assert not ClassMember.objects.filter(enrolment=enrolment, left_date__isnull=True).exists()


def test_the_days_away_are_added_to_the_validity(enrolment):
    before = expiry(enrolment)
    suspension = suspend(enrolment)
    assert expiry(enrolment) == before

    for _click in range(2):
        resume(suspension)

    extension = enrolment.lots.get().extensions.get()
    assert (expiry(enrolment) - before).days == extension.days == 19
    assert extension.reference == f"suspension:{suspension.pk}"


def test_the_child_comes_back_into_its_class(enrolment):
    suspension = suspend(enrolment)

    problems = resume(suspension)

    assert problems == []
    assert lesson_numbers(enrolment) == [1, 4]


def test_a_class_that_filled_up_meanwhile_is_named(enrolment, group):
    suspension = suspend(enrolment)
    ClassMemberFactory.create_batch(2, class_group=group)

    [problem] = resume(suspension)

    assert str(group) in problem
    assert lesson_numbers(enrolment) == [1]


def test_a_class_that_is_over_is_named(enrolment, group):
    suspension = suspend(enrolment)

    [problem] = resume(suspension, day=TODAY + timedelta(days=40), days_later=40)

    assert str(group) in problem


def test_coming_back_before_it_began_changes_no_validity(enrolment):
    before = expiry(enrolment)
    suspension = suspend(enrolment)

    resume(suspension, day=TODAY, days_later=0)

    suspension.refresh_from_db()
    assert (suspension.days, expiry(enrolment)) == (0, before)
    assert lesson_numbers(enrolment) == [1, 2, 3, 4]


def test_a_lot_that_had_expired_before_stays_expired(enrolment):
    sell(enrolment, 5, validity_days=0)
    lot = enrolment.lots.latest("pk")
    yesterday = TODAY - timedelta(days=1)
    enrolment.lots.filter(pk=lot.pk).update(expires_date=yesterday, start_date=yesterday)

    resume(suspend(enrolment))

    assert not lot.extensions.exists()


@pytest.mark.parametrize(
    ("from_date", "expected_date"),
    [(TODAY - timedelta(days=1), BACK), (BACK, BACK), (BACK, TODAY)],
)
def test_days_in_disorder_are_refused(enrolment, from_date, expected_date):
    with pytest.raises(SuspensionError):
        suspend(enrolment, from_date, expected_date)


def test_a_child_is_away_once_at_a_time(enrolment):
    suspension = suspend(enrolment)

    with pytest.raises(SuspensionError):
        suspend(enrolment)
    resume(suspension)
    with pytest.raises(SuspensionError):  # it comes back on a day after this one
        suspend(enrolment)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("suspension_days", {"expected_date": TODAY}),
        ("suspension_days", {"ended_date": TODAY - timedelta(days=1), "ended_at": NOW, "ended_by": "by"}),
        ("suspension_ended_when", {"ended_date": BACK}),
    ],
)
def test_the_database_refuses(enrolment, constraint, fields):
    by = UserFactory()
    facts = {name: by if value == "by" else value for name, value in fields.items()}
    defaults = {"from_date": TODAY, "expected_date": BACK, "reason": "养病", "recorded_at": NOW, "recorded_by": by}

    with refused_by(constraint):
        Suspension.objects.create(enrolment=enrolment, **defaults | facts)


def test_the_database_refuses_two_open_ones(enrolment):
    suspend(enrolment)

    with refused_by("suspension_one_open"):
        Suspension.objects.create(
            enrolment=enrolment,
            from_date=BACK,
            expected_date=BACK + timedelta(days=1),
            reason="养病",
            recorded_at=NOW,
            recorded_by=UserFactory(),
        )
