"""Fill, attendance and load of the lessons held; consumption; who is new, renewed or left."""

import datetime
from decimal import Decimal

import pytest

from enrolments.models import CreditEntry
from enrolments.month import movements
from enrolments.services import settle_credits
from renewals.rates.formulas import month_period
from renewals.rates.report import Report
from renewals.rates.scope import Scope as RateScope
from reports.children import Children
from reports.lessons import Taught
from reports.money import Ledger
from reports.scope import Scope
from reports.tables import ratio, share
from scheduling.models import MakeUp
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    CourseFactory,
    EnrolmentFactory,
    LessonFactory,
    UserFactory,
    at,
    manager_of,
    owner_of_school,
    sell,
)
from tests.renewals.rate_world import buy

NOVEMBER = month_period(datetime.date(2026, 11, 1))
TODAY = datetime.date(2026, 11, 21)


def scope_of(*branches, period=NOVEMBER, user=None):
    return Scope(user or owner_of_school(), branches, period, TODAY)


def held(group, day, statuses=(), **fields):
    lesson = LessonFactory(
        class_group=group,
        starts_at=at(f"{day} 09:00"),
        status="held",
        roll_called_at=NOW,
        roll_called_by=group.teacher,
        **fields,
    )
    return lesson, [AttendanceFactory(lesson=lesson, status=status) for status in statuses]


# --- the trade's worked examples -------------------------------------------------------------------------


def test_worked_examples_of_the_trade():
    assert share(500, 20 * 50).text == "50.0 %"  # 500 students, capacity 20, 50 classes
    assert ratio(2_000, 200).text == "10.0"  # the average class
    assert share(45, 50).text == "90.0 %"  # 50 expected, 5 of them on leave, 45 present


def test_attendance_of_the_worked_example(branch):
    group = ClassGroupFactory(branch=branch, capacity=50)
    held(group, "2026-11-07", ["present"] * 43 + ["late"] * 2 + ["leave"] * 5)

    totals = Taught(scope_of(branch)).totals

    assert (totals["expected"], totals["present"], totals["leave"], totals["late"]) == (50, 45, 5, 2)
    assert share(totals["present"], totals["expected"]).working == "45 ÷ 50"


def test_enrolled_fill_and_attended_fill_are_two_things(branch):
    """Two classes of 4 seats with 3 children each; of the seats of the lesson held one was taken."""
    groups = [ClassGroupFactory(branch=branch, capacity=4, first_date="2026-10-01") for _number in range(2)]
    for group in groups:
        LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
        for _number in range(3):
            ClassMemberFactory(class_group=group, joined_date="2026-11-01")
    ClassMemberFactory(class_group=groups[0], joined_date="2026-11-01", left_date="2026-11-10")
    ended = ClassGroupFactory(branch=branch, first_date="2026-10-01")
    ClassMemberFactory(class_group=ended, joined_date="2026-11-01")
    held(groups[0], "2026-11-07", ["present", "absent", "leave"])

    taught = Taught(scope_of(branch))

    assert taught.fill_totals == {"classes": 2, "capacity": 8, "members": 6}
    assert (taught.totals["taken"], taught.totals["seats"]) == (1, 4)
    assert taught.rows("classes").count() == 2
    assert taught.rows("members").count() == 6


# --- what counts as what ---------------------------------------------------------------------------------


def test_who_makes_a_lesson_up_takes_a_seat_and_is_not_expected(branch):
    group = ClassGroupFactory(branch=branch)
    _missed, [original, other] = held(group, "2026-11-07", ["leave", "leave"])
    _used, [guest] = held(group, "2026-11-14", ["present"])
    facts = {"expires_date": "2026-12-31", "opened_at": NOW}
    MakeUp.objects.create(original=original, attendance=guest, **facts)
    MakeUp.objects.create(original=other, **facts)

    taught = Taught(scope_of(branch))

    assert {name: taught.totals[name] for name in ("expected", "present", "taken", "owed", "made_up")} == {
        "expected": 2,
        "present": 0,
        "taken": 1,
        "owed": 2,
        "made_up": 1,
    }
    assert [taught.rows(name).count() for name in ("expected", "taken", "owed", "made_up")] == [2, 1, 2, 1]


def test_only_lessons_held_on_the_days_count(branch):
    group = ClassGroupFactory(branch=branch)
    held(group, "2026-10-31", ["present"])
    held(group, "2026-11-01", ["present"])
    held(group, "2026-11-30", ["present"])
    held(group, "2026-12-01", ["present"])
    AttendanceFactory(lesson=LessonFactory(class_group=group, starts_at=at("2026-11-08 09:00")))

    assert Taught(scope_of(branch)).totals["lessons"] == 2
    assert Taught(scope_of(branch)).totals["expected"] == 2


def test_load_of_a_teacher_is_what_was_really_taught(branch):
    """Hours of the one who taught, also in place of the class teacher; a child of two lessons is one child."""
    substitute = UserFactory()
    group = ClassGroupFactory(branch=branch)
    _lesson, [first] = held(group, "2026-11-07", ["present"])
    lesson, _none = held(group, "2026-11-14")
    AttendanceFactory(lesson=lesson, enrolment=first.enrolment, status="present")
    held(group, "2026-11-15", ["present"], teacher=substitute)

    by = Taught(scope_of(branch)).by("teacher")

    load = {name: [by[one.pk][name] for one in (group.teacher, substitute)] for name in ("lessons", "students")}
    assert load == {"lessons": [2, 1], "students": [1, 1]}
    assert by[group.teacher.pk]["seconds"] == 2 * 90 * 60
    assert Taught(scope_of(branch)).number_of_students == 2


@pytest.mark.parametrize("dimension", ["branch", "course", "teacher"])
def test_lessons_of_another_branch_never_count(branch, other_branch, dimension):
    for place in (branch, other_branch):
        group = ClassGroupFactory(branch=place)
        held(group, "2026-11-07", ["present"])
        LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
        ClassMemberFactory(class_group=group, joined_date="2026-11-01")
    scope = scope_of(branch, other_branch, user=manager_of(branch))  # asked for more than may be seen

    taught = Taught(scope)

    assert len(taught.by(dimension)) == 1
    assert len(taught.fill_by(dimension)) == 1
    assert taught.totals["expected"] == taught.rows("members").count() == 1


# --- money -----------------------------------------------------------------------------------------------


def take(enrolment, credits, when, reference="attendance:1"):
    facts = {"enrolment": enrolment, "by": UserFactory(), "reason": "上课", "occurred_at": at(when)}
    settle_credits(reference=reference, target=Decimal(credits), **facts)


def test_revenue_is_that_of_the_books_and_of_nobody_else(branch, other_branch):
    for place in (branch, other_branch):
        enrolment = EnrolmentFactory(branch=place)
        sell(enrolment, 20, price_minor=2000_00, now=at("2026-11-01 09:00"))
        take(enrolment, 3, "2026-11-10 10:00", "attendance:1")
        take(enrolment, 2, "2026-12-10 10:00", "attendance:2")
    ledger = Ledger(scope_of(branch, other_branch, user=manager_of(branch)))

    booked = sum(
        figures["recognised_minor"]
        for figures in movements([branch], NOVEMBER.first, NOVEMBER.last)[branch.pk].by_package.values()
    )

    assert ledger.by("branch") == {branch.pk: {"consumed": Decimal(3), "recognised": booked}}
    assert booked == 300_00
    assert list(ledger.books()) == [branch.pk]
    assert sum(row.revenue_minor for row in ledger.rows("recognised")) == booked
    assert -sum(row.credits for row in ledger.rows("consumed")) == 3
    assert ledger.by_day() == {datetime.date(2026, 11, 10): {"consumed": Decimal(3), "recognised": booked}}


def test_what_is_given_back_counts_against_what_was_taken(branch):
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 20, price_minor=2000_00, now=at("2026-11-01 09:00"))
    take(enrolment, 3, "2026-11-10 10:00")
    take(enrolment, 1, "2026-11-10 10:00")

    assert Ledger(scope_of(branch)).totals == {"consumed": Decimal(1), "recognised": 100_00}


def test_what_was_used_before_the_books_came_here_is_nobodys_consumption(branch):
    enrolment = EnrolmentFactory(branch=branch)
    lot = sell(enrolment, 20, price_minor=2000_00, now=at("2026-11-01 09:00"))
    take(enrolment, 5, "2026-11-02 10:00", f"lot:{lot.pk}")
    take(enrolment, 1, "2026-11-10 10:00")

    ledger = Ledger(scope_of(branch))

    assert ledger.totals == {"consumed": Decimal(1), "recognised": 100_00}
    assert CreditEntry.objects.filter(reference=f"lot:{lot.pk}").exists()
    books = ledger.books()[branch.pk].by_package.values()
    assert sum(figures["recognised_minor"] for figures in books) == 100_00


# --- children --------------------------------------------------------------------------------------------


def test_new_renewed_and_left_are_those_of_the_rates(branch):
    """One is there all month and renews, one comes, one leaves."""
    course = CourseFactory()
    group = ClassGroupFactory(branch=branch, course=course, first_date="2026-10-01")
    LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    days = [("2026-10-01", None), ("2026-11-10", None), ("2026-10-01", "2026-11-12")]
    staying, coming, leaving = (
        ClassMemberFactory(class_group=group, joined_date=joined, left_date=left) for joined, left in days
    )
    for day in ("2026-09-01", "2026-11-05"):
        buy(staying.enrolment, datetime.date.fromisoformat(day))

    children = Children(scope_of(branch))

    assert children.totals == {"start": 2, "end": 2, "new": 1, "left": 1, "renewed": 1}
    found = {name: list(children.rows(name).values_list("pk", flat=True)) for name in ("new", "left", "renewed")}
    assert found == {
        "new": [coming.enrolment.pk],
        "left": [leaving.enrolment.pk],
        "renewed": [staying.enrolment.pk],
    }
    rates = Report(RateScope(branch_ids=frozenset([branch.pk])), NOVEMBER, TODAY)
    assert (rates.r1.rate.numerator, int(rates.r1.rate.denominator)) == (1, 2)


def test_children_of_another_branch_are_in_no_list(branch):
    elsewhere = BranchFactory()
    for place in (branch, elsewhere):
        group = ClassGroupFactory(branch=place, first_date="2026-10-01")
        LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
        ClassMemberFactory(class_group=group, joined_date="2026-11-10")

    children = Children(scope_of(branch, elsewhere, user=manager_of(branch)))

    assert children.totals["new"] == children.rows("new").count() == 1
    assert children.rows("new").get().branch == branch
