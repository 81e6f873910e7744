"""A month of pay from the lessons of the database: who taught, who was there, what it earned."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payroll.facts import lessons_not_called, taught_lessons
from payroll.models import PayScheme
from payroll.sheets import lessons_on_no_slip, sheets_of
from scheduling.models import MakeUp, TrialBooking
from scheduling.services import call_roll
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    ClassGroupFactory,
    EnquiryFactory,
    EnrolmentFactory,
    LessonFactory,
    at,
    sell,
    teacher_of,
)
from tests.payroll.conftest import (
    IN_DECEMBER,
    NOVEMBER,
    OCTOBER,
    amounts,
    give_rate,
    hold,
    pay,
    prepare,
    share_scheme,
    undo,
)

pytestmark = pytest.mark.django_db


def children_of(branch, teacher, month=OCTOBER):
    found = taught_lessons(branch=branch, since=month, until=NOVEMBER)
    return [child for lesson in found[teacher.pk, month] for child in lesson.children]


def test_lessons_held_are_paid_to_who_taught_them(branch, teacher, rated):
    hold(teacher, branch)
    hold(teacher, branch, hour=11)
    LessonFactory(class_group__branch=branch, teacher=teacher, starts_at=at("2026-10-11 09:00"))  # not called

    [sheet] = sheets_of(branch=branch, month=OCTOBER)

    assert (sheet.teacher, sheet.total_minor, sheet.lesson_count, sheet.hours) == (teacher, 200_00, 2, "3")


def test_a_substitute_gets_the_lesson_and_the_class_teacher_does_not(branch, teacher, rated, scheme):
    other = teacher_of(branch, name="李老师")
    give_rate(other, branch, scheme)
    hold(other, branch, group=ClassGroupFactory(branch=branch, teacher=teacher), has_own_teacher=True)

    assert amounts(branch) == {"李老师": 100_00}


def test_who_takes_over_a_lesson_is_a_substitute_and_a_second_teacher_is_not(branch, teacher):
    other = teacher_of(branch)
    give_rate(other, branch, PayScheme.objects.create(name="不计代课", amount_minor=100_00, pays_substitutes=False))
    group = ClassGroupFactory(branch=branch, teacher=teacher)
    hold(other, branch, group=group, has_own_teacher=True)
    hold(other, branch, group=group, hour=14)

    [sheet] = sheets_of(branch=branch, month=OCTOBER)

    assert [line.amount_minor for line in sheet.lines] == [0, 100_00]


@pytest.mark.parametrize(
    ("moment", "of_october"),
    [("2026-09-30 23:00", 0), ("2026-10-01 00:30", 1), ("2026-10-31 23:00", 1), ("2026-11-01 00:30", 0)],
)
def test_the_month_is_that_of_the_branch(teacher, scheme, moment, of_october):
    """Half past midnight in Shanghai is still the day before in UTC."""
    branch = BranchFactory(time_zone="Asia/Shanghai")
    starts_at = at(moment)
    LessonFactory(
        class_group=ClassGroupFactory(branch=branch, teacher=teacher),
        starts_at=starts_at,
        status="held",
        roll_called_at=starts_at,
        roll_called_by=teacher,
    )

    assert len(sheets_of(branch=branch, month=OCTOBER)) == of_october


def test_children_are_told_apart_by_what_they_are(branch, teacher):
    lesson = hold(teacher, branch, children=2)
    AttendanceFactory(lesson=lesson, status="leave")
    made_up = AttendanceFactory(lesson=lesson, status="present")
    missed = AttendanceFactory(status="leave")
    MakeUp.objects.create(original=missed, attendance=made_up, expires_date="2027-01-01", opened_at=NOW)
    for status in ("came", "no_show"):
        TrialBooking.objects.create(
            lesson=lesson, enquiry=EnquiryFactory(branch=branch), booked_by=teacher, booked_at=NOW, status=status
        )

    found = {(child.status, child.is_make_up): child.number for child in children_of(branch, teacher)}

    assert found == {("present", False): 2, ("present", True): 1, ("leave", False): 1, ("trial", False): 1}


def test_revenue_is_what_the_ledger_recognised_for_the_lesson(branch, teacher):
    give_rate(teacher, branch, share_scheme())
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 2, price_minor=1100_00)
    group = ClassGroupFactory(branch=branch, course=enrolment.course, teacher=teacher)
    lessons = [LessonFactory(class_group=group, starts_at=at(f"2026-10-{day} 09:00")) for day in (10, 17)]
    for lesson in lessons:
        AttendanceFactory(lesson=lesson, enrolment=enrolment)
        call_roll(lesson=lesson, exceptions={}, by=teacher, now=NOW)

    [sheet] = sheets_of(branch=branch, month=OCTOBER)

    assert [line.working["revenue"] for line in sheet.lines] == [550_00, 550_00]
    assert sheet.total_minor == 275_00


def test_undone_revenue_is_gone(branch, teacher):
    give_rate(teacher, branch, share_scheme())
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 2, price_minor=1100_00)
    lesson = LessonFactory(class_group__branch=branch, teacher=teacher, starts_at=at("2026-10-10 09:00"))
    child = AttendanceFactory(lesson=lesson, enrolment=enrolment)
    call_roll(lesson=lesson, exceptions={}, by=teacher, now=NOW)
    call_roll(lesson=lesson, exceptions={child.pk: "leave"}, by=teacher, now=NOW)

    assert [child.revenue_minor for child in children_of(branch, teacher)] == [0]


def test_each_branch_pays_its_own_lessons(branch, other_branch, teacher, scheme, rated):
    give_rate(teacher, other_branch, scheme)
    hold(teacher, branch)
    hold(teacher, other_branch, hour=14)

    assert amounts(branch) == amounts(other_branch) == {"马老师": 100_00}


def test_who_is_paid_by_the_month_needs_no_lesson(branch, teacher):
    give_rate(teacher, branch, PayScheme.objects.create(name="底薪", base_minor=3000_00))

    assert amounts(branch) == {"马老师": 3000_00}


def test_who_has_a_rate_and_no_lesson_has_no_sheet(branch, rated):
    assert amounts(branch) == {}


@pytest.mark.parametrize("is_paid", [False, True])
def test_the_number_of_queries_is_that_of_a_month(branch, scheme, is_paid):
    def one_more():
        teacher = teacher_of(branch)
        give_rate(teacher, branch, scheme)
        hold(teacher, branch)
        hold(teacher, branch, "2026-11-03")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            sheets_of(branch=branch, month=NOVEMBER)
        return len(captured)

    one_more()
    if is_paid:
        pay(branch)
    of_one = queries()
    one_more()
    one_more()
    if is_paid:
        pay(branch)

    assert queries() == of_one <= 10


# --- what is not settled ---------------------------------------------------------------------------------


def test_lessons_that_nobody_called_are_counted(branch, teacher):
    for day in ("2026-10-10", "2026-11-10", "2026-11-30"):
        LessonFactory(class_group__branch=branch, starts_at=at(f"{day} 09:00"))

    assert lessons_not_called(branch=branch, since=NOVEMBER, until=datetime.date(2026, 12, 1), now=NOW).count() == 1


def test_a_lesson_called_late_in_a_paid_month_is_told_where_its_teacher_has_no_slip(branch, teacher, rated):
    hold(teacher, branch)
    pay(branch)
    assert lessons_on_no_slip(branch, NOVEMBER) == []
    other = teacher_of(branch)

    hold(other, branch)

    assert lessons_on_no_slip(branch, NOVEMBER) == [(OCTOBER, 1)]
    assert lessons_on_no_slip(branch, OCTOBER) == []


def test_lessons_of_a_time_without_slips_are_none_of_it(branch, teacher):
    hold(teacher, branch)

    assert lessons_on_no_slip(branch, NOVEMBER) == []


# --- adjustments -----------------------------------------------------------------------------------------


def test_a_correction_of_a_paid_month_is_adjusted_in_the_next(branch, teacher, rated):
    lesson = hold(teacher, branch)
    hold(teacher, branch, hour=11)
    pay(branch)

    undo(lesson)

    [sheet] = sheets_of(branch=branch, month=NOVEMBER)
    [line] = sheet.lines
    assert (line.kind, line.amount_minor, line.about_month) == ("adjustment", -100_00, OCTOBER)
    assert line.working == {"now": 100_00, "then": 200_00, "adjusted": 0}
    assert amounts(branch) == {"马老师": 200_00}


def test_a_lesson_called_late_is_adjusted_too(branch, teacher, rated):
    hold(teacher, branch)
    pay(branch)
    hold(teacher, branch, hour=15)
    hold(teacher, branch, "2026-11-03")

    [sheet] = sheets_of(branch=branch, month=NOVEMBER)

    assert (sheet.total_minor, sheet.adjusted_minor) == (200_00, 100_00)


def test_a_month_as_it_was_approved_is_not_adjusted(branch, teacher, rated):
    hold(teacher, branch)
    pay(branch)

    assert amounts(branch, NOVEMBER) == {}


def test_the_first_slip_still_to_be_approved_takes_the_adjustment(branch, teacher, rated):
    """The draft of November does; December leaves it alone."""
    lesson = hold(teacher, branch)
    pay(branch)
    hold(teacher, branch, "2026-11-03")
    prepare(branch, NOVEMBER)
    undo(lesson)

    assert amounts(branch, NOVEMBER) == {"马老师": 0}
    assert amounts(branch, datetime.date(2026, 12, 1)) == {}

    pay(branch, NOVEMBER, now=IN_DECEMBER)

    assert amounts(branch, datetime.date(2026, 12, 1)) == {}
