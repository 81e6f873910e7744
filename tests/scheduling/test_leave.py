"""Leave: asked before the roll call, decided once by the branch's policy, and withdrawn while nothing hangs on it."""

import datetime
from decimal import Decimal

import pytest

from scheduling.clashes import LessonClashError
from scheduling.models import AbsenceRequest, Attendance, Booking, LeavePolicy, Lesson, MakeUp
from scheduling.reminders import plan_class_reminders
from scheduling.services import (
    LeaveError,
    ask_leave,
    book_make_up,
    call_roll,
    cancel_lesson,
    undo_roll_call,
    withdraw_leave,
)
from tests.factories import (
    NOW,
    AttendanceFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    at,
    desk_of,
    manager_of,
)
from tests.refusals import refused_by
from tests.scheduling.leave_school import SATURDAY, child_in, lesson_of, policy_of, taken_by

pytestmark = pytest.mark.django_db

Status = Attendance.Status
HALF = Decimal("0.5")


@pytest.fixture
def lesson(branch):
    return LessonFactory(class_group__branch=branch, class_group__name="围棋甲班", starts_at=SATURDAY)


@pytest.fixture
def attendance(lesson):
    return child_in(lesson, name="田萍")


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def ask(desk):
    def ask(attendance, now=NOW, **facts):
        return ask_leave(attendance=attendance, **{"reason": "发烧", "by": desk, "now": now} | facts)

    return ask


@pytest.fixture
def withdraw(desk):
    return lambda request: withdraw_leave(absence_request=request, by=desk, now=NOW)


@pytest.fixture
def call(desk):
    def call(lesson, exceptions=None):
        return call_roll(lesson=lesson, exceptions=exceptions or {}, by=desk, now=lesson.starts_at)

    return call


def status(attendance):
    return Attendance.objects.get(pk=attendance.pk).status


def right(attendance):
    return MakeUp.objects.filter(original=attendance, withdrawn_at__isnull=True).first()


def before(lesson, hours):
    return lesson.starts_at - datetime.timedelta(hours=hours)


# --- asking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "share", "gives"), [(30, 0, True), (10, HALF, True), (2, 1, False)])
def test_the_policy_decides_by_the_hours_of_notice(branch, lesson, attendance, ask, call, hours, share, gives):
    policy_of(branch)

    request = ask(attendance, now=before(lesson, hours))

    assert (request.share, request.gives_make_up) == (share, gives)
    assert str(hours) in request.policy_text
    assert (right(attendance) is not None) == gives
    call(lesson)
    assert status(attendance) == Status.LEAVE
    assert taken_by(attendance) == share


@pytest.mark.parametrize("takes_credit", [True, False])
def test_without_a_policy_the_branch_s_rule_holds(branch, attendance, ask, takes_credit):
    branch.leave_takes_credit = takes_credit
    branch.save()

    request = ask(attendance)

    assert (request.share, request.gives_make_up) == (int(takes_credit), not takes_credit)


def test_the_right_ends_some_days_after_the_lesson(branch, lesson, attendance, ask):
    policy_of(branch, make_up_days=14)

    ask(attendance)

    assert right(attendance).expires_date == lesson.local_date + datetime.timedelta(days=14)


def test_a_child_on_leave_is_free(attendance, ask):
    student = {"kind": Booking.Kind.STUDENT, "resource_id": attendance.enrolment.student_id}
    assert Booking.objects.filter(**student).exists()

    ask(attendance)

    assert not Booking.objects.filter(**student).exists()


def test_what_was_decided_stays_when_the_policy_changes(branch, lesson, attendance, ask, call):
    policy = policy_of(branch)
    ask(attendance)

    policy.tiers.update(share=1)
    call(lesson)

    assert taken_by(attendance) == 0


def test_a_leave_beyond_the_cap_takes_the_whole_credit(branch, lesson, attendance, ask):
    policy_of(branch, leaves_per_class=1)
    later = LessonFactory(class_group=lesson.class_group, starts_at=at("2026-12-05 09:00"), number=2)
    second = AttendanceFactory(lesson=later, enrolment=attendance.enrolment)
    ask(attendance)

    request = ask(second)

    assert (request.share, request.gives_make_up) == (1, False)
    assert right(second) is None


def test_what_the_school_cancelled_does_not_use_the_cap(branch, lesson, attendance, ask, desk):
    policy_of(branch, leaves_per_class=1)
    later = LessonFactory(class_group=lesson.class_group, starts_at=at("2026-12-05 09:00"), number=2)
    second = AttendanceFactory(lesson=later, enrolment=attendance.enrolment)
    ask(attendance)
    Lesson.objects.filter(pk=lesson.pk).update(status=Lesson.Status.CANCELLED, cancel_reason="停电")

    assert ask(second).share == 0


def test_a_manager_may_decide_otherwise_with_a_reason(branch, lesson, attendance, ask):
    policy_of(branch)
    manager = manager_of(branch, name="王校长")

    request = ask(attendance, now=before(lesson, 1), share=Decimal(0), by=manager, reason="病假条")

    assert (request.share, request.gives_make_up) == (0, True)
    assert "王校长" in request.policy_text
    assert right(attendance)


def test_without_a_reason_or_the_right_the_policy_stands(branch, attendance, ask):
    with pytest.raises(LeaveError):
        ask(attendance, share=Decimal(0), by=manager_of(branch), reason="")
    with pytest.raises(LeaveError):
        ask(attendance, share=Decimal(0))

    assert status(attendance) == Status.EXPECTED


def test_leave_is_asked_once(attendance, ask):
    ask(attendance)

    with pytest.raises(LeaveError):
        ask(attendance)

    assert AbsenceRequest.objects.count() == MakeUp.objects.count() == 1


def test_no_leave_after_the_roll_call(lesson, attendance, ask, call):
    call(lesson)

    with pytest.raises(LeaveError):
        ask(attendance, now=SATURDAY)

    assert status(attendance) == Status.PRESENT


def test_no_leave_from_a_cancelled_lesson(lesson, attendance, ask, desk):
    cancel_lesson(lesson=lesson, reason="停电", by=desk, now=NOW, then="drop")

    with pytest.raises(LeaveError):
        ask(attendance)


def test_a_make_up_is_cancelled_not_left(attendance, ask, desk):
    ask(attendance)
    other = lesson_of(attendance.enrolment.course, attendance.lesson.branch)
    made_up = book_make_up(make_up=right(attendance), lesson=other, by=desk, now=NOW)

    with pytest.raises(LeaveError):
        ask(made_up)


def test_a_child_on_leave_is_not_reminded(lesson, attendance, ask):
    GuardianshipFactory(student=attendance.enrolment.student)
    ask(attendance)

    assert plan_class_reminders(now=at("2026-11-27 18:00")) == 0


def test_one_active_request_and_one_active_right(attendance, ask):
    request = ask(attendance)

    with refused_by("absencerequest_once"):
        AbsenceRequest.objects.create(
            attendance=attendance,
            requested_at=NOW,
            recorded_by=request.recorded_by,
            share=0,
            gives_make_up=False,
        )
    with refused_by("makeup_one_active"):
        MakeUp.objects.create(original=attendance, expires_date=NOW.date(), opened_at=NOW)


# --- withdrawing -----------------------------------------------------------------------------------------


def test_a_withdrawn_leave_is_as_if_it_had_not_been(lesson, attendance, ask, withdraw, call):
    withdraw(ask(attendance))

    assert status(attendance) == Status.EXPECTED
    assert right(attendance) is None
    call(lesson)
    assert (status(attendance), taken_by(attendance)) == (Status.PRESENT, 1)


def test_withdrawing_twice_is_once(attendance, ask, withdraw):
    request = ask(attendance)

    assert withdraw(request).withdrawn_at == withdraw(request).withdrawn_at == NOW


def test_leave_can_be_asked_again(attendance, ask, withdraw):
    withdraw(ask(attendance))

    ask(attendance)

    assert status(attendance) == Status.LEAVE
    assert right(attendance)


def test_a_child_that_is_elsewhere_by_now_stays_on_leave(attendance, ask, withdraw):
    request = ask(attendance)
    swimming = LessonFactory(starts_at=SATURDAY, class_group__name="游泳班")
    enrolment = EnrolmentFactory(
        student=attendance.enrolment.student, branch=swimming.branch, course=swimming.class_group.course
    )
    AttendanceFactory(lesson=swimming, enrolment=enrolment)

    with pytest.raises(LessonClashError, match="游泳班"):
        withdraw(request)

    assert status(attendance) == Status.LEAVE
    assert right(attendance)
    assert AbsenceRequest.objects.get().withdrawn_at is None


def test_a_booked_make_up_holds_the_leave(attendance, ask, withdraw, desk):
    request = ask(attendance)
    book_make_up(
        make_up=right(attendance),
        lesson=lesson_of(attendance.enrolment.course, attendance.lesson.branch),
        by=desk,
        now=NOW,
    )

    with pytest.raises(LeaveError):
        withdraw(request)

    assert status(attendance) == Status.LEAVE


def test_after_the_roll_call_it_is_the_roll_that_is_corrected(lesson, attendance, ask, withdraw, call):
    request = ask(attendance)
    call(lesson)

    with pytest.raises(LeaveError):
        withdraw(request)


# --- the roll call ---------------------------------------------------------------------------------------


def test_a_child_that_came_all_the_same_is_present(lesson, attendance, ask, call):
    ask(attendance)

    call(lesson, {attendance.pk: Status.PRESENT})

    assert taken_by(attendance) == 1
    assert not MakeUp.objects.usable().exists()


def test_undo_puts_the_child_back_on_leave(branch, lesson, attendance, ask, call, desk):
    policy_of(branch)
    ask(attendance, now=before(lesson, 10))
    call(lesson, {attendance.pk: Status.PRESENT})

    undo_roll_call(lesson=lesson, by=desk)

    assert (status(attendance), taken_by(attendance)) == (Status.LEAVE, 0)
    assert MakeUp.objects.usable().exists()


def test_leave_told_at_the_roll_call_is_leave_without_notice(branch, lesson, attendance, call):
    policy_of(branch)

    call(lesson, {attendance.pk: Status.LEAVE})

    assert taken_by(attendance) == 1
    assert right(attendance) is None


def test_leave_told_at_the_roll_call_gives_a_right_where_nothing_was_taken(lesson, attendance, call, desk):
    call(lesson, {attendance.pk: Status.LEAVE})
    call(lesson, {attendance.pk: Status.LEAVE})

    assert MakeUp.objects.usable().count() == 1
    undo_roll_call(lesson=lesson, by=desk)
    assert not MakeUp.objects.usable().exists()


def test_a_corrected_mark_takes_the_right_away_and_gives_it_back(lesson, attendance, call):
    call(lesson, {attendance.pk: Status.LEAVE})

    call(lesson, {attendance.pk: Status.ABSENT})
    assert not MakeUp.objects.usable().exists()
    assert taken_by(attendance) == 1

    call(lesson, {attendance.pk: Status.LEAVE})
    assert MakeUp.objects.usable().get().original == attendance
    assert taken_by(attendance) == 0


def test_a_policy_without_tiers_follows_the_branch_and_keeps_its_cap(branch, attendance, ask):
    LeavePolicy.objects.create(branch=branch, leaves_per_class=0)

    assert ask(attendance).share == 1
