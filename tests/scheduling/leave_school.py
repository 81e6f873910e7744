"""What the tests of leave, make-ups and trials begin with: a class next Saturday, and other classes of its course."""

from datetime import timedelta
from decimal import Decimal

from scheduling.models import LeavePolicy, LeaveTier
from tests.factories import AttendanceFactory, ClassGroupFactory, EnrolmentFactory, LessonFactory, at, sell

SATURDAY = at("2026-11-28 09:00")  # a week after NOW
WEDNESDAY = at("2026-12-02 18:00")
TIERS = [(24, "0.0", True), (6, "0.5", True), (0, "1.0", False)]


def policy_of(branch, tiers=TIERS, **fields):
    policy = LeavePolicy.objects.create(branch=branch, **fields)
    LeaveTier.objects.bulk_create(
        LeaveTier(policy=policy, notice_hours=hours, share=Decimal(share), gives_make_up=gives)
        for hours, share, gives in tiers
    )
    return policy


def child_in(lesson, *, credits=10, **student):
    """The attendance of a new child in `lesson`, with credits."""
    facts = {f"student__{name}": value for name, value in student.items()}
    enrolment = EnrolmentFactory(branch=lesson.branch, course=lesson.class_group.course, **facts)
    sell(enrolment, credits)
    return AttendanceFactory(lesson=lesson, enrolment=enrolment)


def lesson_of(course, branch, starts_at=WEDNESDAY, *, minutes=90, credits=1, **group):
    """A lesson of a new class of the course."""
    group = ClassGroupFactory(branch=branch, course=course, **group)
    ends_at = starts_at + timedelta(minutes=minutes)
    return LessonFactory(class_group=group, starts_at=starts_at, ends_at=ends_at, credits=credits)


def taken_by(attendance):
    return -attendance.enrolment.credit_entries.filter(reference=attendance.reference).total()
