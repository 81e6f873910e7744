"""Preparing the slips of a month, and approving them: by whom, when, and only once."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branches.models import Membership
from branches.roles import Role
from payroll.approval import Approval
from payroll.models import PayScheme, PaySlip, PaySlipLine
from payroll.rules import total_of
from payroll.services import PayError, approve_slips, prepare_slips
from payroll.sheets import drafts_of, sheet_of, sheets_of
from payroll.wording import working_text
from tests.factories import AttendanceFactory, BranchFactory, UserFactory, at, manager_of, owner_of_school, teacher_of
from tests.payroll.conftest import (
    IN_DECEMBER,
    IN_NOVEMBER,
    NOVEMBER,
    OCTOBER,
    amounts,
    approve,
    give_rate,
    hold,
    pay,
    prepare,
    share_scheme,
    undo,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(branch):
    return manager_of(branch)


def objection(slip, by, now=IN_NOVEMBER):
    return Approval(branch=slip.branch, month=slip.month, by=by, now=now).objection(sheet_of(slip))


# --- preparing -------------------------------------------------------------------------------------------


def test_everybody_with_pay_gets_a_slip_once(branch, teacher, manager, rated):
    hold(teacher, branch)

    first = prepare_slips(branch=branch, month=OCTOBER, by=manager, now=IN_NOVEMBER)
    second = prepare_slips(branch=branch, month=OCTOBER, by=UserFactory(), now=IN_NOVEMBER)

    assert (first, second) == (1, 0)
    assert PaySlip.objects.get().prepared_by == manager


def test_who_is_called_later_gets_theirs_later(branch, teacher, manager, rated):
    hold(teacher, branch)
    prepare(branch)
    hold(teacher_of(branch), branch)

    assert prepare_slips(branch=branch, month=OCTOBER, by=manager, now=IN_NOVEMBER) == 1


def test_a_month_to_come_is_refused(branch, manager):
    with pytest.raises(PayError):
        prepare_slips(branch=branch, month=datetime.date(2026, 12, 1), by=manager, now=at("2026-11-30 23:59"))

    prepare_slips(branch=branch, month=datetime.date(2026, 12, 1), by=manager, now=at("2026-12-01 00:00"))


def test_a_draft_follows_its_lessons(branch, teacher, rated):
    lesson = hold(teacher, branch)
    [slip] = prepare(branch)
    hold(teacher, branch, hour=14)
    assert sheet_of(slip).total_minor == 200_00

    undo(lesson)

    assert sheet_of(slip).total_minor == 100_00


# --- approving -------------------------------------------------------------------------------------------


def test_approval_freezes_the_lines_with_their_working(branch, teacher, owner):
    give_rate(teacher, branch, share_scheme())
    lesson = hold(teacher, branch, children=3)
    [slip] = prepare(branch)
    before = drafts_of([slip])[0]

    assert approve([slip], by=owner) == 1

    slip = PaySlip.objects.with_own_total().get()
    assert (slip.status, slip.approved_by, slip.approved_at) == ("approved", owner, IN_NOVEMBER)
    assert (slip.lesson_count, slip.minutes, slip.total_minor) == (1, 90, 0)
    [row] = slip.lines.all()
    assert (row.lesson, row.class_name, row.children) == (lesson, lesson.class_group.name, 3)
    assert row.working == {"scheme": "按课消", "basis": "revenue", "unpaid": "below", "revenue": 0}
    [line] = sheet_of(slip).lines
    [reckoned] = before.lines
    assert (line.kind, line.amount_minor, line.working) == (reckoned.kind, reckoned.amount_minor, reckoned.working)
    assert (line.lesson.day, line.lesson.ends_at) == (reckoned.lesson.day, reckoned.lesson.ends_at)


def test_an_approved_slip_stays_whatever_becomes_of_its_lessons(branch, teacher, rated):
    lesson = hold(teacher, branch)
    pay(branch)

    undo(lesson)
    lesson.attendances.all().delete()
    lesson.delete()

    assert amounts(branch) == {"马老师": 100_00}
    [line] = sheet_of(PaySlip.objects.with_own_total().get()).lines
    assert line.lesson.class_name


def test_approving_twice_is_approving_once(branch, teacher, rated):
    hold(teacher, branch)
    slips = prepare(branch)
    approve(slips)

    assert approve_slips(slips=slips, seen_minor=100_00, by=UserFactory(), now=IN_NOVEMBER) == 0
    assert PaySlipLine.objects.count() == 1


def test_what_was_seen_is_what_is_approved(branch, teacher, rated):
    hold(teacher, branch)
    slips = prepare(branch)
    hold(teacher, branch, hour=14)

    with pytest.raises(PayError, match=r"200\.00"):
        approve_slips(slips=slips, seen_minor=100_00, by=UserFactory(), now=IN_NOVEMBER)

    assert PaySlip.objects.drafts().count() == 1
    assert not PaySlipLine.objects.exists()


def test_all_are_approved_or_none(branch, teacher, rated):
    hold(teacher, branch)
    hold(teacher_of(branch), branch)  # nobody gave this one a rate
    slips = prepare(branch)

    with pytest.raises(PayError):
        approve(slips)

    assert not PaySlip.objects.approved().exists()


@pytest.mark.parametrize(("moment", "is_over"), [("2026-10-31 23:59", False), ("2026-11-01 00:00", True)])
def test_a_month_is_approved_when_it_is_over_at_the_branch(branch, teacher, rated, moment, is_over):
    hold(teacher, branch)
    [slip] = prepare(branch)

    assert bool(objection(slip, UserFactory(), at(moment))) is not is_over


def test_an_earlier_month_goes_first(branch, other_branch, teacher, rated):
    hold(teacher, branch)
    hold(teacher, branch, "2026-11-03")
    [october] = prepare(branch)
    [november] = prepare(branch, NOVEMBER)
    by = UserFactory()
    assert "2026年10月" in objection(november, by, IN_DECEMBER)

    approve([october], by=by)

    assert objection(november, by, IN_DECEMBER) == ""


# --- four eyes -------------------------------------------------------------------------------------------


def test_who_prepared_it_does_not_approve_it(branch, teacher, owner, rated):
    second = owner_of_school()
    hold(teacher, branch)
    [slip] = prepare(branch, by=owner)

    assert objection(slip, owner)
    assert objection(slip, second) == ""


def test_who_is_paid_does_not_approve_it(branch, owner, scheme):
    owner_of_school()
    give_rate(owner, branch, scheme)
    hold(owner, branch)
    [slip] = prepare(branch)

    assert objection(slip, owner)


def test_the_only_one_who_may_approve_does_it_alone(branch, teacher, owner, rated):
    hold(teacher, branch)
    [slip] = prepare(branch, by=owner)

    assert objection(slip, owner) == ""


@pytest.mark.parametrize("gone", ["left", "locked"])
def test_an_owner_who_has_left_is_no_second_pair_of_eyes(branch, teacher, owner, rated, gone):
    other = owner_of_school()
    if gone == "left":
        Membership.objects.filter(user=other).update(valid_until=datetime.date(2026, 11, 1))
    else:
        other.is_active = False
        other.save()
    hold(teacher, branch)
    [slip] = prepare(branch, by=owner)

    assert objection(slip, owner) == ""


def test_a_superuser_is_one(branch, teacher, owner, rated):
    UserFactory(is_superuser=True)
    hold(teacher, branch)
    [slip] = prepare(branch, by=owner)

    assert objection(slip, owner)


def test_only_roles_that_approve_count(branch, other_branch, teacher, owner, rated):
    for role in set(Role) - {Role.OWNER}:
        Membership.objects.create(user=UserFactory(), branch=branch, role=role)
    hold(teacher, branch)
    [slip] = prepare(branch, by=owner)

    assert objection(slip, owner) == ""


# --- adjustments -----------------------------------------------------------------------------------------


def test_an_adjustment_is_paid_once_and_can_be_adjusted_again(branch, teacher, rated):
    lesson = hold(teacher, branch)
    hold(teacher, branch, hour=14)
    pay(branch)
    undo(lesson)
    pay(branch, NOVEMBER, now=IN_DECEMBER)
    assert amounts(branch, NOVEMBER) == {"马老师": -100_00}
    december = datetime.date(2026, 12, 1)
    assert amounts(branch, december) == {}

    hold(teacher, branch, hour=16)  # the correction was wrong

    [sheet] = sheets_of(branch=branch, month=december)
    [line] = sheet.lines
    assert (line.amount_minor, line.working) == (100_00, {"now": 200_00, "then": 200_00, "adjusted": -100_00})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.booleans()), min_size=1, max_size=6))
def test_over_all_months_everybody_gets_what_the_lessons_pay(db, changes):
    """However lessons of paid months are corrected: Σ approved = Σ of the lessons as they stand."""
    branch = BranchFactory()
    teacher = teacher_of(branch)
    give_rate(teacher, branch, PayScheme.objects.create(name=f"方案{branch.pk}", amount_minor=100_00))
    lessons = [hold(teacher, branch, f"2026-{month}-10") for month in ("08", "09", "10")]
    months = [datetime.date(2026, month, 1) for month in (8, 9, 10, 11, 12)]
    for month in months[:3]:
        pay(branch, month)
    for number, is_held in changes:
        lesson = lessons[number]
        if not is_held and lesson.is_held:
            undo(lesson)
        elif is_held and not lesson.is_held:
            lessons[number] = hold(teacher, branch, f"2026-{8 + number:02d}-10", 14)

    pay(branch, months[3], now=IN_DECEMBER)

    slips = PaySlip.objects.approved().filter(branch=branch)
    assert sum(slip.total_minor for slip in slips) == 100_00 * sum(lesson.is_held for lesson in lessons)
    for slip in slips.with_own_total():
        assert slip.total_minor == total_of(sheet_of(slip).lines)


def test_a_bonus_is_frozen_with_its_working_and_a_child_marked_later_adjusts_the_next_month(branch, teacher, owner):
    facts = {"full_class_children": 3, "full_class_minor": 20_00}
    give_rate(teacher, branch, PayScheme.objects.create(name="满班奖", amount_minor=100_00, **facts))
    hold(teacher, branch, children=3)
    short = hold(teacher, branch, hour=14, children=2)
    pay(branch, by=owner)

    slip = PaySlip.objects.with_own_total().get()
    [*_lessons, bonus] = sheet_of(slip).lines
    assert (slip.total_minor, bonus.amount_minor) == (220_00, 20_00)
    assert bonus.working == {"scheme": "满班奖", "lessons": 1, "children": 3, "each": 20_00}
    assert "¥20.00" in working_text(bonus)
    AttendanceFactory(lesson=short, status="present")
    assert amounts(branch) == {"马老师": 220_00}
    assert amounts(branch, NOVEMBER) == {"马老师": 20_00}
