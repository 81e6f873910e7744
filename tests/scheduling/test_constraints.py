"""What the database refuses, whoever asks. Double booking is in test_clashes.py."""

import pytest

from scheduling.models import Booking, KeptClash, Lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    LessonFactory,
    ScheduleRuleFactory,
    UserFactory,
    at,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def two_classes_of_one_name():
    group = ClassGroupFactory()
    ClassGroupFactory(branch=group.branch, name=group.name)


def a_member_twice():
    member = ClassMemberFactory()
    ClassMemberFactory(class_group=member.class_group, enrolment=member.enrolment)


def two_lessons_of_a_class_at_once():
    lesson = LessonFactory()
    LessonFactory(class_group=lesson.class_group, teacher=UserFactory())


def an_attendance_twice():
    attendance = AttendanceFactory()
    AttendanceFactory(lesson=attendance.lesson, enrolment=attendance.enrolment)


def a_booking_twice():
    booking = LessonFactory().bookings.first()
    booking.pk = None
    booking.save()


def kept_clash(**fields):
    lesson, other = LessonFactory.create_batch(2)
    row = {
        "kind": Booking.Kind.TEACHER,
        "resource_id": lesson.teacher_id,
        "lesson": lesson,
        "other": other,
        "clash_group": lesson.pk,
        "reason": "合班",
        "kept_by": lesson.teacher,
        "kept_at": NOW,
    }
    return KeptClash.objects.create(**row | fields)


def a_kept_clash_twice():
    kept = kept_clash()
    kept.pk = None
    kept.save()


called = {"roll_called_at": NOW, "roll_called_by": None}


@pytest.mark.parametrize(
    ("constraint", "make"),
    [
        ("classgroup_name_in_branch", two_classes_of_one_name),
        ("classgroup_counts", lambda: ClassGroupFactory(capacity=0)),
        ("classgroup_counts", lambda: ClassGroupFactory(lessons_total=0)),
        ("classgroup_counts", lambda: ClassGroupFactory(lessons_total=5, lessons_before=6)),
        ("classgroup_credits", lambda: ClassGroupFactory(credits_per_lesson=-1)),
        ("schedulerule_weekday", lambda: ScheduleRuleFactory(weekday=7)),
        ("schedulerule_minutes", lambda: ScheduleRuleFactory(minutes=0)),
        ("classmember_once", a_member_twice),
        ("lesson_ends_after_start", lambda: LessonFactory(ends_at=at("2026-11-21 09:00"))),
        ("lesson_credits_not_negative", lambda: LessonFactory(credits=-1)),
        ("lesson_held_when_called", lambda: LessonFactory(status=Lesson.Status.HELD)),
        ("lesson_held_when_called", lambda: LessonFactory(status=Lesson.Status.HELD, roll_called_at=NOW)),
        ("lesson_held_when_called", lambda: LessonFactory(roll_called_at=NOW)),
        ("lesson_cancelled_with_reason", lambda: LessonFactory(status=Lesson.Status.CANCELLED)),
        ("lesson_once_in_class", two_lessons_of_a_class_at_once),
        ("attendance_once", an_attendance_twice),
        ("booking_once_a_lesson", a_booking_twice),
        ("keptclash_once", a_kept_clash_twice),
        ("keptclash_has_reason", lambda: kept_clash(reason="")),
    ],
)
def test_the_database_refuses(constraint, make):
    with refused_by(constraint):
        make()


def test_a_cancelled_lesson_leaves_its_hour_to_another_of_the_class():
    lesson = LessonFactory(status=Lesson.Status.CANCELLED, cancel_reason="停电")

    assert LessonFactory(class_group=lesson.class_group).pk


def test_a_member_that_left_may_join_again():
    member = ClassMemberFactory(left_date=NOW.date())

    assert ClassMemberFactory(class_group=member.class_group, enrolment=member.enrolment).pk
