"""What the database refuses of leave, make-ups, trials, waiting lists, teachers and changes."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from scheduling.models import (
    AbsenceRequest,
    AvailabilityWindow,
    LeavePolicy,
    LessonChange,
    MakeUp,
    Qualification,
    RuleOverride,
    StaffCheck,
    TeacherAbsence,
    TimetableChange,
    TravelTime,
    TrialBooking,
    WaitingListEntry,
)
from tests.factories import (
    NOW,
    TODAY,
    AttendanceFactory,
    BranchFactory,
    ClassGroupFactory,
    CourseFactory,
    EnquiryFactory,
    EnrolmentFactory,
    LessonFactory,
    UserFactory,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def change(**fields):
    return TimetableChange.objects.create(branch=BranchFactory(), by=UserFactory(), at=NOW, **fields)


def an_undo_of_nothing():
    change(kind="undo")


def a_lesson_twice_in_a_change():
    moved, lesson = change(kind="move"), LessonFactory()
    for version in (2, 3):
        LessonChange.objects.create(change=moved, lesson=lesson, version=version)


def an_override_without_a_reason():
    lesson = LessonFactory()
    RuleOverride.objects.create(lesson=lesson, rule="latest_end", text="…", reason="", by=lesson.teacher, at=NOW)


def window(**fields):
    return AvailabilityWindow.objects.create(teacher=UserFactory(), **fields)


def a_window_on_a_weekday_and_a_day():
    window(weekday=5, day=TODAY, start_time=time(9), end_time=time(12))


def a_window_that_ends_before_it_begins():
    window(weekday=5, start_time=time(12), end_time=time(9))


def an_absence_that_ends_before_it_begins():
    teacher = UserFactory()
    TeacherAbsence.objects.create(
        teacher=teacher, starts_at=NOW, ends_at=NOW - timedelta(hours=1), recorded_by=teacher, recorded_at=NOW
    )


def a_qualification_twice():
    teacher, course = UserFactory(), CourseFactory()
    for _time in range(2):
        Qualification.objects.create(teacher=teacher, course=course)


def a_paper_twice():
    teacher = UserFactory()
    for day in (date(2026, 12, 1), date(2027, 12, 1)):
        StaffCheck.objects.create(teacher=teacher, kind="record", valid_until=day)


def travel(minutes, *, backwards=False, times=1):
    branches = sorted(BranchFactory.create_batch(2), key=lambda branch: branch.pk, reverse=backwards)
    for _time in range(times):
        TravelTime.objects.create(branch=branches[0], other=branches[1], minutes=minutes)


def tier(policy, **fields):
    return policy.tiers.create(**{"notice_hours": 24, "share": Decimal(0)} | fields)


def a_tier_twice():
    policy = LeavePolicy.objects.create(branch=BranchFactory())
    tier(policy)
    tier(policy, share=Decimal(1))


def a_tier_that_takes_two_credits():
    tier(LeavePolicy.objects.create(branch=BranchFactory()), share=Decimal(2))


def leave(attendance=None, share=Decimal(0)):
    return AbsenceRequest.objects.create(
        attendance=attendance or AttendanceFactory(),
        requested_at=NOW,
        recorded_by=UserFactory(),
        share=share,
        gives_make_up=True,
        policy_text="…",
    )


def a_leave_twice():
    leave(leave().attendance)


def make_up(**fields):
    return MakeUp.objects.create(**{"original": AttendanceFactory(), "expires_date": TODAY, "opened_at": NOW} | fields)


def a_second_make_up_for_one_lesson():
    make_up(original=make_up().original)


def a_make_up_that_is_withdrawn_and_used():
    make_up(attendance=AttendanceFactory(), withdrawn_at=NOW)


def a_trial_twice():
    lesson, enquiry = LessonFactory(), EnquiryFactory()
    for _time in range(2):
        TrialBooking.objects.create(lesson=lesson, enquiry=enquiry, booked_by=lesson.teacher, booked_at=NOW)


def waiting(times=1, **fields):
    group = ClassGroupFactory()
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course)
    for _time in range(times):
        WaitingListEntry.objects.create(
            class_group=group, enrolment=enrolment, added_at=NOW, added_by=group.teacher, **fields
        )


@pytest.mark.parametrize(
    ("constraint", "attempt"),
    [
        ("timetablechange_undo_of_something", an_undo_of_nothing),
        ("lessonchange_once", a_lesson_twice_in_a_change),
        ("ruleoverride_has_reason", an_override_without_a_reason),
        ("availability_weekday_or_day", a_window_on_a_weekday_and_a_day),
        ("availability_hours", a_window_that_ends_before_it_begins),
        ("teacherabsence_ends_after_start", an_absence_that_ends_before_it_begins),
        ("qualification_once", a_qualification_twice),
        ("staffcheck_once", a_paper_twice),
        ("traveltime_once", lambda: travel(20, times=2)),
        ("traveltime_in_order", lambda: travel(20, backwards=True)),
        ("leavetier_once", a_tier_twice),
        ("leavetier_share", a_tier_that_takes_two_credits),
        ("absencerequest_once", a_leave_twice),
        ("absencerequest_share", lambda: leave(share=Decimal(2))),
        ("makeup_one_active", a_second_make_up_for_one_lesson),
        ("makeup_withdrawn_unused", a_make_up_that_is_withdrawn_and_used),
        ("trialbooking_once", a_trial_twice),
        ("waitinglist_once", lambda: waiting(times=2)),
        ("waitinglist_offer_ends", lambda: waiting(status="offered")),
    ],
)
def test_the_database_refuses(constraint, attempt):
    with refused_by(constraint):
        attempt()


def test_a_withdrawn_make_up_makes_room_for_another():
    first = make_up(withdrawn_at=NOW)

    assert make_up(original=first.original).pk


def test_a_withdrawn_leave_can_be_asked_again():
    first = leave()
    AbsenceRequest.objects.filter(pk=first.pk).update(withdrawn_at=NOW)

    assert leave(first.attendance).pk
