"""Many classes planned in one go, and many lessons moved by one statement."""

import datetime

import pytest
from django.db.models import F

from scheduling.clashes import MOST_SPANS, LessonClashError, Wanted, find_clashes
from scheduling.models import Attendance, Booking, Lesson
from scheduling.services import plan_classes, plan_lessons
from tests.factories import (
    NOW,
    ClassGroupFactory,
    ClassMemberFactory,
    LessonFactory,
    ScheduleRuleFactory,
    UserFactory,
    at,
)

pytestmark = pytest.mark.django_db
WEEK = datetime.timedelta(weeks=1)


@pytest.fixture
def by(db):
    return UserFactory()


def classes(branch, number):
    """On Saturdays at 9:00, each with a teacher and a child of its own."""
    groups = [ClassGroupFactory(branch=branch, lessons_total=4) for _n in range(number)]
    for group in groups:
        ScheduleRuleFactory(class_group=group)
        ClassMemberFactory(class_group=group)
    return groups


def bookings():
    rows = Booking.objects.order_by("starts_at", "kind", "resource_id")
    return list(rows.values_list("kind", "resource_id", "lesson__class_group", "starts_at", "ends_at"))


def test_many_classes_are_planned_as_one_by_one(branch, by):
    one, other = classes(branch, 2)

    lessons = plan_classes(class_groups=[one, other], by=by, now=NOW)

    together = bookings()
    assert [(lesson.class_group_id, lesson.number) for lesson in lessons] == [
        (group.pk, number) for group in (one, other) for number in (1, 2, 3, 4)
    ]
    assert len(together) == 2 * 4 * 2  # a teacher and a child each
    Attendance.objects.all().delete()
    Lesson.objects.all().delete()
    for group in (one, other):
        plan_lessons(class_group=group, by=by, now=NOW)
    assert bookings() == together
    assert plan_classes(class_groups=[one, other], by=by, now=NOW) == []


def test_two_new_classes_that_want_one_teacher_are_refused_together(branch, by):
    one, other = classes(branch, 2)
    other.rules.update(teacher=one.teacher)

    with pytest.raises(LessonClashError):
        plan_classes(class_groups=[one, other], by=by, now=NOW)

    assert not Lesson.objects.exists()


def test_a_class_costs_only_the_reading_of_its_own_weekly_times(branch, by, django_assert_max_num_queries):
    groups = classes(branch, 8)
    with django_assert_max_num_queries(80):  # by itself, each would take 30
        plan_classes(class_groups=groups, by=by, now=NOW)


def test_one_statement_moves_the_times_of_many_lessons(branch):
    group = ClassGroupFactory(branch=branch)
    lessons = [LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00") + n * WEEK) for n in range(3)]
    Attendance.objects.create(lesson=lessons[0], enrolment=ClassMemberFactory(class_group=group).enrolment)
    before = bookings()
    hour = datetime.timedelta(hours=1)

    Lesson.objects.update(starts_at=F("starts_at") + hour, ends_at=F("ends_at") + hour)
    moved = bookings()
    Lesson.objects.filter(pk=lessons[1].pk).update(status="cancelled", cancel_reason="停电")

    assert [(kind, pk, group, start - hour, end - hour) for kind, pk, group, start, end in moved] == before
    assert len(bookings()) == len(before) - 2


def test_a_roll_call_leaves_the_bookings_as_they_are(branch):
    lesson = LessonFactory(class_group__branch=branch)
    Attendance.objects.create(lesson=lesson, enrolment=ClassMemberFactory(class_group=lesson.class_group).enrolment)
    before = list(Booking.objects.order_by("pk").values_list())

    Lesson.objects.update(number=2)
    Attendance.objects.update(status=Attendance.Status.PRESENT)

    assert list(Booking.objects.order_by("pk").values_list()) == before


@pytest.mark.parametrize("number", [3, MOST_SPANS + 1])
def test_a_clash_is_found_however_many_times_are_wanted(branch, number):
    standing = LessonFactory(class_group__branch=branch, starts_at=at("2026-11-21 10:00") + WEEK)
    wanted_lessons = [
        Lesson(starts_at=at("2026-11-21 09:00") + n * WEEK, ends_at=at("2026-11-21 10:30") + n * WEEK)
        for n in range(number)
    ]
    wanted = [Wanted(Booking.Kind.TEACHER, standing.teacher_id, lesson) for lesson in wanted_lessons]

    [clash, *_among_themselves] = find_clashes(wanted)

    assert clash.booking.lesson == standing
    assert clash.lesson is wanted_lessons[1]
