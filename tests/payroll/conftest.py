"""A branch whose October is over, with teachers who are paid for it."""

import datetime
from decimal import Decimal

import pytest

from payroll.models import PayRate, PayScheme, PaySlip, PayTier
from payroll.services import approve_slips, prepare_slips
from payroll.sheets import drafts_of, sheets_of
from scheduling.models import Attendance, Lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    LessonFactory,
    UserFactory,
    at,
    teacher_of,
)

OCTOBER, NOVEMBER = datetime.date(2026, 10, 1), datetime.date(2026, 11, 1)
IN_NOVEMBER, IN_DECEMBER = NOW, at("2026-12-02 12:00")


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="马老师")


@pytest.fixture
def scheme(db):
    return PayScheme.objects.create(name="每节一百", amount_minor=100_00)


@pytest.fixture
def rated(branch, teacher, scheme):
    """The teacher's rate, from the year's beginning."""
    return give_rate(teacher, branch, scheme)


def give_rate(teacher, branch, scheme, **fields):
    days = {"valid_from": datetime.date(2026, 1, 1)}
    return PayRate.objects.create(teacher=teacher, branch=branch, scheme=scheme, **days | fields)


def share_scheme(**fields):
    """The bands of DOMAIN 5.5."""
    scheme = PayScheme.objects.create(name="按课消", basis="revenue", **fields)
    for from_minor, percent in [(100_00, 20), (500_00, 25), (1000_00, 30)]:
        PayTier.objects.create(scheme=scheme, from_minor=from_minor, percent=Decimal(percent))
    return scheme


def hold(teacher, branch, day="2026-10-10", hour=9, *, children=1, status="present", group=None, **fields):
    """A lesson that was held, with children who were there (or not)."""
    group = group or ClassGroupFactory(branch=branch, teacher=teacher)
    starts_at = at(f"{day} {hour:02d}:00")
    lesson = LessonFactory(
        class_group=group,
        teacher=teacher,
        starts_at=starts_at,
        status=Lesson.Status.HELD,
        roll_called_at=starts_at,
        roll_called_by=teacher,
        **fields,
    )
    AttendanceFactory.create_batch(children, lesson=lesson, status=status)
    return lesson


def undo(lesson):
    """As undoing the roll call leaves it."""
    lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.PLANNED, None, None
    lesson.save()
    lesson.attendances.update(status=Attendance.Status.EXPECTED)


def prepare(branch, month=OCTOBER, *, by=None, now=IN_NOVEMBER):
    prepare_slips(branch=branch, month=month, by=by or UserFactory(), now=now)
    return list(PaySlip.objects.drafts().filter(branch=branch, month=month).select_related("branch", "teacher"))


def approve(slips, *, by=None, now=IN_NOVEMBER):
    seen = sum(sheet.total_minor for sheet in drafts_of(slips))
    return approve_slips(slips=slips, seen_minor=seen, by=by or UserFactory(), now=now)


def pay(branch, month=OCTOBER, **fields):
    """The month in one go: prepared and approved."""
    approve(prepare(branch, month, **fields), **fields)


def amounts(branch, month=OCTOBER):
    """{teacher's name: fen}"""
    return {sheet.teacher.name: sheet.total_minor for sheet in sheets_of(branch=branch, month=month)}
