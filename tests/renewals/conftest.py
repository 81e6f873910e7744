import datetime
from decimal import Decimal

import pytest

from enrolments.services import settle_credits
from tests.factories import (
    TODAY,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    ScheduleRuleFactory,
    StudentFactory,
    UserFactory,
    at,
    sell,
)


def use(enrolment, credits, *, when="2026-11-14 10:00"):
    """Take credits as a lesson does, under a reference of its own."""
    entry_count = enrolment.credit_entries.count()
    settle_credits(
        enrolment=enrolment,
        reference=f"test:{entry_count}",
        target=Decimal(str(credits)),
        occurred_at=at(when),
        by=UserFactory(),
        reason="上课",
    )


def put_in_class(enrolment, *, lessons_a_week=1, **fields):
    """A class of the course that meets so often a week and has a lesson to come."""
    fields = {"first_date": TODAY - datetime.timedelta(days=70), **fields}
    group = ClassGroupFactory(branch=enrolment.branch, course=enrolment.course, **fields)
    for weekday in range(lessons_a_week):
        ScheduleRuleFactory(class_group=group, weekday=weekday)
    LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    return ClassMemberFactory(class_group=group, enrolment=enrolment)


@pytest.fixture
def learner(branch):
    """A child that bought 20 credits and has so many left; in a class unless told otherwise."""

    def learner(left, *, branch=branch, name="田萍", lessons_a_week=1, in_class=True, **fields):
        student = StudentFactory(name=name)
        GuardianshipFactory(student=student)
        enrolment = EnrolmentFactory(student=student, branch=branch, **fields)
        sell(enrolment, 20)
        if left != 20:
            use(enrolment, 20 - Decimal(str(left)))
        if in_class:
            put_in_class(enrolment, lessons_a_week=lessons_a_week)
        return enrolment

    return learner
