"""Calling the roll: everybody present but for the exceptions; all or nothing; twice is once; undo."""

import datetime
from decimal import Decimal

import pytest

from branches.models import Branch
from enrolments.ledger import NoCreditsLeftError
from enrolments.models import Enrolment
from scheduling.clashes import LessonClashError
from scheduling.models import Attendance, Lesson
from scheduling.services import RollCallError, call_roll, share_by_status, undo_roll_call
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    EnrolmentFactory,
    LessonFactory,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.django_db

Status = Attendance.Status


@pytest.fixture
def lesson(branch):
    """This morning's lesson with three children, ten credits each."""
    lesson = LessonFactory(class_group__branch=branch, class_group__name="英语一班")
    for attendance in AttendanceFactory.create_batch(3, lesson=lesson):
        sell(attendance.enrolment, 10)
    return lesson


@pytest.fixture
def teacher(branch):
    return teacher_of(branch)


@pytest.fixture
def call(teacher):
    def call(lesson, exceptions=None, now=NOW):
        return call_roll(lesson=lesson, exceptions=exceptions or {}, by=teacher, now=now)

    return call


def children(lesson):
    return list(lesson.attendances.order_by("pk"))


def statuses(lesson):
    return [attendance.status for attendance in children(lesson)]


def balances(lesson):
    enrolments = Enrolment.objects.filter(attendances__lesson=lesson)
    return [enrolment.balance for enrolment in enrolments.order_by("attendances__pk")]


def test_everybody_is_present_by_default(lesson, call, teacher):
    call(lesson)

    assert statuses(lesson) == [Status.PRESENT] * 3
    assert balances(lesson) == [9, 9, 9]
    lesson.refresh_from_db()
    assert (lesson.status, lesson.roll_called_by, lesson.roll_called_at) == (Lesson.Status.HELD, teacher, NOW)


def test_exceptions_are_what_the_teacher_says(lesson, call):
    late, on_leave, absent = children(lesson)

    call(lesson, {late.pk: Status.LATE, on_leave.pk: Status.LEAVE, absent.pk: Status.ABSENT})

    assert statuses(lesson) == [Status.LATE, Status.LEAVE, Status.ABSENT]
    assert balances(lesson) == [9, 10, 9]


def test_the_ledger_says_which_lesson_and_why(lesson, call, teacher):
    call(lesson)

    attendance = children(lesson)[0]
    entry = attendance.enrolment.credit_entries.get(reference=attendance.reference)
    assert "英语一班" in entry.reason
    assert (entry.occurred_at, entry.recorded_by) == (lesson.starts_at, teacher)


def test_a_lesson_may_take_more_or_less_than_one_credit(lesson, call):
    Lesson.objects.update(credits=Decimal("1.5"))

    call(lesson)

    assert balances(lesson) == [Decimal("8.5")] * 3


def test_a_lesson_without_children_can_be_called(call):
    lesson = LessonFactory()

    assert call(lesson).is_held


@pytest.mark.parametrize("absent", [True, False])
@pytest.mark.parametrize("leave", [True, False])
def test_the_branch_decides_what_absence_and_leave_take(absent, leave, call):
    branch = BranchFactory(absent_takes_credit=absent, leave_takes_credit=leave)
    lesson = LessonFactory(class_group__branch=branch)
    missing, away = AttendanceFactory.create_batch(2, lesson=lesson)

    call(lesson, {missing.pk: Status.ABSENT, away.pk: Status.LEAVE})

    assert balances(lesson) == [-1 if absent else 0, -1 if leave else 0]


def test_a_lesson_that_is_not_called_takes_nothing(branch):
    assert share_by_status(branch, Status.EXPECTED) == 0


# --- twice, and corrected --------------------------------------------------------------------------------


def test_twice_is_once(lesson, call):
    call(lesson)
    call(lesson)

    assert balances(lesson) == [9, 9, 9]
    assert all(child.enrolment.credit_entries.count() == 2 for child in children(lesson))


def test_the_first_call_stays_on_record(lesson, call):
    call(lesson)
    call(lesson, now=NOW + datetime.timedelta(hours=1))

    lesson.refresh_from_db()
    assert lesson.roll_called_at == NOW


def test_calling_again_corrects(lesson, call):
    first, second, _third = children(lesson)
    call(lesson, {first.pk: Status.LEAVE})

    call(lesson, {second.pk: Status.LEAVE})

    assert statuses(lesson) == [Status.PRESENT, Status.LEAVE, Status.PRESENT]
    assert balances(lesson) == [9, 10, 9]


def test_a_correction_leaves_what_it_does_not_change(lesson, call):
    first, second, _third = children(lesson)
    call(lesson)

    call(lesson, {first.pk: Status.LATE})

    assert first.enrolment.credit_entries.count() == second.enrolment.credit_entries.count() == 2


# --- all or nothing --------------------------------------------------------------------------------------


def test_one_child_without_credits_and_nobody_is_changed(lesson, call):
    Branch.objects.update(may_owe=False)
    broke = AttendanceFactory(lesson=lesson)

    with pytest.raises(NoCreditsLeftError, match=broke.enrolment.student.name):
        call(lesson)

    assert statuses(lesson) == [Status.EXPECTED] * 4
    assert balances(lesson) == [10, 10, 10, 0]
    lesson.refresh_from_db()
    assert lesson.status == Lesson.Status.PLANNED


def test_a_child_without_credits_may_be_on_leave(lesson, call):
    Branch.objects.update(may_owe=False)
    broke = AttendanceFactory(lesson=lesson)

    call(lesson, {broke.pk: Status.LEAVE})

    assert balances(lesson) == [9, 9, 9, 0]


# --- when not --------------------------------------------------------------------------------------------


def test_the_roll_is_called_from_half_an_hour_before(lesson, call):
    early = lesson.starts_at - datetime.timedelta(minutes=31)

    with pytest.raises(RollCallError):
        call(lesson, now=early)

    assert statuses(lesson) == [Status.EXPECTED] * 3
    call(lesson, now=early + datetime.timedelta(minutes=1))
    assert statuses(lesson) == [Status.PRESENT] * 3


def test_the_roll_of_a_cancelled_lesson_is_refused_with_the_reason(lesson, call):
    Lesson.objects.update(status=Lesson.Status.CANCELLED, cancel_reason="停电")

    with pytest.raises(RollCallError, match="停电"):
        call(lesson)

    assert balances(lesson) == [10, 10, 10]


# --- undo ------------------------------------------------------------------------------------------------


def test_undo_gives_everything_back(lesson, call, teacher):
    first, second, _third = children(lesson)
    call(lesson, {first.pk: Status.LEAVE, second.pk: Status.ABSENT})

    undo_roll_call(lesson=lesson, by=teacher)

    assert statuses(lesson) == [Status.EXPECTED] * 3
    assert balances(lesson) == [10, 10, 10]
    lesson.refresh_from_db()
    assert (lesson.status, lesson.roll_called_at, lesson.roll_called_by) == (Lesson.Status.PLANNED, None, None)


def test_undo_gives_back_to_the_lots_that_were_drawn_from(branch, call, teacher):
    attendance = AttendanceFactory(lesson__class_group__branch=branch)
    old = sell(attendance.enrolment, "0.5", price_minor=100)
    new = sell(attendance.enrolment, 10, price_minor=1000)
    call(attendance.lesson)
    assert (old.entries.total(), new.entries.total()) == (0, Decimal("9.5"))

    undo_roll_call(lesson=attendance.lesson, by=teacher)

    assert (old.entries.total(), new.entries.total()) == (Decimal("0.5"), 10)
    assert sum(entry.revenue_minor for entry in attendance.enrolment.credit_entries.all()) == 0


def test_undo_twice_is_refused(lesson, call, teacher):
    call(lesson)
    undo_roll_call(lesson=lesson, by=teacher)

    with pytest.raises(RollCallError):
        undo_roll_call(lesson=lesson, by=teacher)

    assert balances(lesson) == [10, 10, 10]


def test_called_undone_and_called_again_takes_once(lesson, call, teacher):
    call(lesson)
    undo_roll_call(lesson=lesson, by=teacher)
    call(lesson)

    assert balances(lesson) == [9, 9, 9]


# --- leave and the timetable -----------------------------------------------------------------------------


def elsewhere(attendance):
    """The child of `attendance` comes to another lesson at the same time."""
    other = LessonFactory(starts_at=attendance.lesson.starts_at, class_group__name="游泳班")
    enrolment = EnrolmentFactory(
        student=attendance.enrolment.student, branch=other.branch, course=other.class_group.course
    )
    return Attendance.objects.create(lesson=other, enrolment=enrolment)


def test_a_child_on_leave_that_is_elsewhere_cannot_become_present(lesson, call):
    child = children(lesson)[0]
    call(lesson, {child.pk: Status.LEAVE})
    elsewhere(child)

    with pytest.raises(LessonClashError, match="游泳班"):
        call(lesson)

    assert statuses(lesson)[0] == Status.LEAVE


def test_calling_the_roll_books_nothing_anew(lesson, call):
    before = set(lesson.bookings.values_list("pk", flat=True))

    call(lesson)

    assert set(lesson.bookings.values_list("pk", flat=True)) == before
