"""What the database refuses of pay, past the services and the forms."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from payroll.models import PayRate, PayScheme, PaySlip, PaySlipLine, PayTier
from tests.factories import NOW, BranchFactory, CourseFactory, UserFactory
from tests.payroll.conftest import OCTOBER, give_rate, hold, pay
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 10, 10)


def slip_of(**fields):
    person = UserFactory()
    defaults = {"teacher": person, "branch": BranchFactory(), "month": OCTOBER, "prepared_by": person}
    return PaySlip.objects.create(prepared_at=NOW, **defaults | fields)


def tier(**fields):
    scheme, _new = PayScheme.objects.get_or_create(name="方案")
    return PayTier.objects.create(scheme=scheme, **fields)


def lessons_in_no_base_pay():
    PayScheme.objects.create(name="方案", minimum_lessons=10)


def a_bonus_for_any_number_of_children():
    PayScheme.objects.create(name="方案", full_class_minor=20_00)


def two_bands_from_one_number():
    tier(from_lessons=1, rate_minor=100)
    tier(from_lessons=1, rate_minor=200)


def two_bands_from_one_amount():
    tier(from_minor=100, percent=Decimal(20))
    tier(from_minor=100, percent=Decimal(25))


def a_band_of_both_kinds():
    tier(from_lessons=1, rate_minor=100, from_minor=100, percent=Decimal(20))


def a_band_without_its_rate():
    tier(from_minor=100)


def more_than_all_of_it():
    tier(from_minor=100, percent=Decimal(101))


def a_rate_that_ends_before_it_begins():
    scheme = PayScheme.objects.create(name="方案")
    PayRate.objects.create(
        teacher=UserFactory(),
        branch=BranchFactory(),
        scheme=scheme,
        valid_from=DAY,
        valid_until=datetime.date(2026, 10, 9),
    )


def a_month_from_its_second_day():
    slip_of(month=datetime.date(2026, 10, 2))


def approved_by_nobody():
    slip_of(status="approved")


def a_draft_with_an_amount():
    slip_of(total_minor=1)


def line(**fields):
    return PaySlipLine.objects.create(**{"slip": slip_of(), "position": 1, "kind": "base", "amount_minor": 1} | fields)


def two_lines_in_one_place():
    first = line()
    line(slip=first.slip)


def a_lesson_line_without_a_lesson():
    line(kind="lesson")


def an_adjustment_of_no_month():
    line(kind="adjustment")


@pytest.mark.parametrize(
    ("rule", "attempt"),
    [
        ("payscheme_lessons_in_base", lessons_in_no_base_pay),
        ("payscheme_full_class", a_bonus_for_any_number_of_children),
        ("paytier_lessons_once", two_bands_from_one_number),
        ("paytier_amount_once", two_bands_from_one_amount),
        ("paytier_one_kind", a_band_of_both_kinds),
        ("paytier_one_kind", a_band_without_its_rate),
        ("paytier_one_kind", more_than_all_of_it),
        ("payrate_days_in_order", a_rate_that_ends_before_it_begins),
        ("payslip_month_begins", a_month_from_its_second_day),
        ("payslip_approved_by_somebody", approved_by_nobody),
        ("payslip_approved_by_somebody", a_draft_with_an_amount),
        ("payslipline_position", two_lines_in_one_place),
        ("payslipline_of_its_kind", a_lesson_line_without_a_lesson),
        ("payslipline_of_its_kind", an_adjustment_of_no_month),
    ],
)
def test_the_database_refuses(rule, attempt):
    with refused_by(rule):
        attempt()


def test_a_teacher_has_one_slip_of_a_month_and_branch():
    slip = slip_of()
    slip_of(teacher=slip.teacher)

    with refused_by("payslip_once"):
        slip_of(teacher=slip.teacher, branch=slip.branch)


# --- rates do not overlap --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "is_free"),
    [
        ("2026-10-01", None, False),
        ("2026-10-01", "2026-10-09", True),
        ("2026-10-01", "2026-10-10", False),
        ("2026-10-12", "2026-10-12", False),
        ("2026-10-20", "2026-10-30", False),
        ("2026-10-21", None, True),
    ],
)
def test_two_rates_of_one_account_hold_on_no_day_together(branch, teacher, scheme, first, last, is_free):
    """The one that stands holds from the 10th to the 20th."""
    give_rate(teacher, branch, scheme, valid_from=DAY, valid_until=datetime.date(2026, 10, 20))

    def attempt():
        give_rate(teacher, branch, scheme, valid_from=first, valid_until=last)

    if is_free:
        attempt()
    else:
        with refused_by("payrate_no_overlap"):
            attempt()


def test_a_rate_without_an_end_leaves_no_room(branch, teacher, scheme):
    give_rate(teacher, branch, scheme)

    with refused_by("payrate_no_overlap"):
        give_rate(teacher, branch, scheme, valid_from=datetime.date(2030, 1, 1))


def test_a_rate_is_not_moved_onto_another(branch, teacher, scheme):
    give_rate(teacher, branch, scheme, valid_until=DAY)
    later = give_rate(teacher, branch, scheme, valid_from=datetime.date(2026, 10, 11))

    with refused_by("payrate_no_overlap"):
        PayRate.objects.filter(pk=later.pk).update(valid_from=DAY)

    PayRate.objects.filter(pk=later.pk).update(valid_until=datetime.date(2026, 12, 31))


def test_other_accounts_are_no_concern(branch, other_branch, teacher, scheme):
    course = CourseFactory()
    give_rate(teacher, branch, scheme)
    give_rate(teacher, branch, scheme, course=course)
    give_rate(teacher, other_branch, scheme)
    give_rate(UserFactory(), branch, scheme)

    with refused_by("payrate_no_overlap"):
        give_rate(teacher, branch, scheme, course=course)


# --- what was approved stays -----------------------------------------------------------------------------


@pytest.fixture
def approved(branch, teacher, rated):
    hold(teacher, branch)
    pay(branch)
    return PaySlip.objects.get()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda slip: PaySlip.objects.filter(pk=slip.pk).update(total_minor=1),
        lambda slip: PaySlip.objects.filter(pk=slip.pk).update(status="draft", approved_by=None, approved_at=None),
        lambda slip: slip.lines.update(amount_minor=1),
        lambda slip: PaySlipLine.objects.filter(slip=slip)._raw_delete("default"),
        lambda slip: line(slip=slip, position=9),
    ],
)
def test_an_approved_slip_never_changes(approved, attempt):
    with pytest.raises(IntegrityError, match="is never changed"), transaction.atomic():
        attempt(approved)


def test_an_approved_slip_is_not_deleted(branch, teacher, owner):
    empty = slip_of(status="approved", approved_by=owner, approved_at=NOW)

    with pytest.raises(IntegrityError, match="is never changed"), transaction.atomic():
        PaySlip.objects.filter(pk=empty.pk)._raw_delete("default")


def test_a_line_is_never_changed_even_while_its_slip_is_a_draft():
    standing = line()

    with pytest.raises(IntegrityError, match="is never changed"), transaction.atomic():
        PaySlipLine.objects.filter(pk=standing.pk).update(amount_minor=2)
