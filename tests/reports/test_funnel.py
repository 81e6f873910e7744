"""The funnel: by what happened and by who asked, never mixed; counted again in plain Python."""

import datetime
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewals.rates.formulas import Period, month_period
from reports.forms import Basis, period_of
from reports.funnel import DIMENSIONS, FIGURES, TREND, Funnel, chain
from reports.pace import contacts_until_signing, pace_of
from reports.periods import before, buckets, months_until, quarter_period
from reports.scope import Scope
from reports.tables import share
from scheduling.models import TrialBooking
from students.models import Enquiry, FollowUp
from tests.factories import (
    NOW,
    BranchFactory,
    ChannelFactory,
    ClassGroupFactory,
    CourseFactory,
    EnquiryFactory,
    LessonFactory,
    StudentFactory,
    UserFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
)
from tests.reports.world import recount

OCTOBER = month_period(datetime.date(2026, 10, 1))
TODAY = datetime.date(2026, 11, 21)


def of(branch, *, basis=Basis.EVENT, period=OCTOBER, user=None):
    return Funnel(Scope(user or manager_of(branch), (branch,), period, TODAY), basis)


def asked(branch, day, **fields):
    return EnquiryFactory(branch=branch, registered_date=day, created_at=at(f"{day} 10:00"), **fields)


# --- formulas --------------------------------------------------------------------------------------------


def test_worked_example_of_the_trade():
    """400 leaflets → 20 enquiries → 6 bookings → 2 trials → 1 enrolment."""
    steps, whole = chain([400, 20, 6, 2, 1])

    assert [share(*step).text for step in steps] == ["5.0 %", "30.0 %", "33.3 %", "50.0 %"]
    assert Fraction(*whole) == Fraction(25, 10_000)  # 0.25 %
    assert share(*whole).working == "1 ÷ 400"


def test_funnel_of_the_worked_example(branch):
    """The same from rows: 20 enquiries of the month, 6 booked, 2 came, 1 signed up."""
    stamps = ["booked_at", "came_at", "signed_at"]
    for number in range(20):
        reached = sum(number < limit for limit in (6, 2, 1))
        asked(branch, "2026-10-05", **dict.fromkeys(stamps[:reached], at("2026-10-20 10:00")))

    for basis in Basis:
        totals = of(branch, basis=basis).totals

        assert [totals[figure] for figure in ("leads", "booked", "came", "signed")] == [20, 6, 2, 1]


def test_a_month_is_compared_with_the_month_before_a_quarter_with_the_quarter():
    assert before(OCTOBER) == month_period(datetime.date(2026, 9, 1))
    assert before(quarter_period(datetime.date(2026, 2, 3))) == quarter_period(datetime.date(2025, 12, 31))
    week = Period(datetime.date(2026, 10, 8), datetime.date(2026, 10, 14))
    assert before(week) == Period(datetime.date(2026, 10, 1), datetime.date(2026, 10, 7))


@pytest.mark.parametrize("value", ["", None, "2026-13", "2026-Q5", "0000-01", "2026-1", "x", "2026-Q4x"])
def test_what_is_no_period_is_none(value):
    assert period_of(value) is None


@given(st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)), st.integers(0, 366))
def test_buckets_cover_the_period_without_a_gap(first, days):
    period = Period(first, first + timedelta(days=days))
    found = [bucket.days for bucket in buckets(period)]

    assert (found[0].first, found[-1].last) == (period.first, period.last)
    assert all(one.last + timedelta(days=1) == other.first for one, other in pairwise(found))
    assert len(found) <= 31


# --- two bases -------------------------------------------------------------------------------------------


def test_a_visit_counts_in_its_own_month_or_in_that_of_the_enquiry(branch):
    asked(branch, "2026-09-28", came_at=at("2026-10-03 10:00"))
    asked(branch, "2026-10-20", came_at=at("2026-11-02 10:00"))

    by_event, by_cohort = of(branch), of(branch, basis=Basis.COHORT)

    assert (by_event.totals["leads"], by_event.totals["came"]) == (1, 1)
    assert list(by_event.rows("came")) != list(by_cohort.rows("came"))
    assert (by_cohort.totals["leads"], by_cohort.totals["came"]) == (1, 1)


def test_what_was_merged_is_counted_with_the_other_and_what_was_no_enquiry_only_as_a_lead(branch):
    kept = asked(branch, "2026-10-05", contacted_at=at("2026-10-05 11:00"))
    asked(branch, "2026-10-06", contacted_at=at("2026-10-06 11:00"), merged_into=kept)
    asked(branch, "2026-10-07", contacted_at=at("2026-10-07 11:00"), stage="lost", lost_reason="invalid")

    totals = of(branch).totals

    assert (totals["leads"], totals["valid"], totals["contacted"]) == (2, 1, 1)


def test_a_month_begins_and_ends_by_the_clock_of_each_branch(branch):
    """The same moment is the last of October in Urumqi's time zone and the first of November in Shanghai's."""
    moment = at("2026-11-01 00:30")
    west = BranchFactory(time_zone="Asia/Urumqi")
    for place in (branch, west):
        asked(place, "2026-10-20", signed_at=moment, stage="signed")
    scope = Scope(owner_of_school(), (branch, west), OCTOBER, TODAY)

    by_branch = Funnel(scope, Basis.EVENT).by("branch")

    assert (by_branch[branch.pk]["signed"], by_branch[west.pk]["signed"]) == (0, 1)


def test_trials_count_families_and_only_a_sign_up_after_the_trial(branch):
    lesson = LessonFactory(class_group=ClassGroupFactory(branch=branch), starts_at=at("2026-10-10 09:00"))
    other = LessonFactory(class_group=lesson.class_group, starts_at=at("2026-10-17 09:00"))
    facts = {"status": "came", "booked_by": UserFactory(), "booked_at": NOW}
    after = asked(branch, "2026-10-01", signed_at=at("2026-10-12 10:00"), stage="signed")
    earlier = asked(branch, "2026-10-01", signed_at=at("2026-10-09 10:00"), stage="signed")
    TrialBooking.objects.create(lesson=lesson, enquiry=after, **facts)
    TrialBooking.objects.create(lesson=other, enquiry=after, **facts)
    TrialBooking.objects.create(lesson=lesson, enquiry=earlier, **facts)
    TrialBooking.objects.create(lesson=lesson, enquiry=asked(branch, "2026-10-01"), **facts | {"status": "no_show"})

    for basis in Basis:
        totals = of(branch, basis=basis).totals

        assert (totals["tried"], totals["converted"]) == (2, 1)


def test_numbers_of_another_branch_never_count(branch, other_branch):
    asked(branch, "2026-10-05")
    asked(other_branch, "2026-10-05")
    manager = manager_of(branch)
    desk_of(other_branch)

    scope = Scope(manager, (branch, other_branch), OCTOBER, TODAY)  # asked for more than may be seen

    assert Funnel(scope, Basis.EVENT).totals["leads"] == 1


# --- a second count --------------------------------------------------------------------------------------

moments = st.one_of(st.none(), st.integers(0, 100 * 24))  # hours from the middle of August
row = st.fixed_dictionaries(
    {
        "branch": st.integers(0, 1),
        "channel": st.one_of(st.none(), st.integers(0, 1)),
        "owner": st.one_of(st.none(), st.integers(0, 1)),
        "course": st.one_of(st.none(), st.integers(0, 1)),
        "day": st.integers(0, 100),
        "stamps": st.tuples(moments, moments, moments, moments),
        "lost": st.sampled_from(["", "invalid", "price"]),
        "is_referred": st.booleans(),
        "is_merged": st.sampled_from([False, False, False, True]),
        "trial": st.one_of(st.none(), st.tuples(st.integers(0, 2), st.sampled_from(["came", "no_show", "booked"]))),
    }
)
START = at("2026-08-15 00:00")


@pytest.fixture
def school(branch):
    west = BranchFactory(name="西部校区", time_zone="Europe/Berlin")  # its clock changes in October, too
    group = ClassGroupFactory(branch=branch)
    days = ["2026-09-30", "2026-10-01", "2026-10-31"]
    return {
        "user": owner_of_school(),
        "branch": [branch, west],
        "channel": [ChannelFactory(), ChannelFactory(is_referral=True)],
        "owner": [UserFactory(), UserFactory()],
        "course": [CourseFactory(), CourseFactory()],
        "student": StudentFactory(),
        "lessons": [LessonFactory(class_group=group, starts_at=at(f"{day} 08:00")) for day in days],
    }


def add(school, *, day, stamps, lost, is_referred, is_merged, trial, **chosen):
    chosen = {name: None if at_ is None else school[name][at_] for name, at_ in chosen.items()}
    stamps = [None if hours is None else START + timedelta(hours=hours) for hours in stamps]
    enquiry = Enquiry(
        child_name="某",
        registered_date=(START + timedelta(days=day)).date(),
        created_at=START + timedelta(days=day),
        stage="lost" if lost else "new",
        lost_reason=lost,
        lost_at=NOW if lost else None,
        referred_by=school["student"] if is_referred else None,
        **dict(zip(("contacted_at", "booked_at", "came_at", "signed_at"), stamps, strict=True)),
        **chosen,
    )
    enquiry.merged_into = Enquiry.objects.order_by("pk").first() if is_merged else None
    enquiry.save()
    if trial:
        lesson, status = trial
        TrialBooking.objects.create(
            lesson=school["lessons"][lesson], enquiry=enquiry, status=status, booked_by=school["user"], booked_at=NOW
        )


@given(rows=st.lists(row, min_size=1, max_size=12), basis=st.sampled_from(list(Basis)), both=st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_bases_agree_with_a_second_count(school, rows, basis, both):
    with transaction.atomic():
        for facts in rows:
            add(school, **facts)
        branches = tuple(school["branch"][: 1 + both])
        scope = Scope(school["user"], branches, OCTOBER, TODAY)
        funnel = Funnel(scope, basis)
        totals, by = funnel.totals, {name: funnel.by(name) for name in DIMENSIONS}
        for figure in FIGURES:
            expected = recount(scope, basis, figure)
            assert set(funnel.rows(figure).values_list("pk", flat=True)) == expected.get(None, set()), figure
            assert totals[figure] == len(expected.get(None, ())), figure
            for name, groups in by.items():
                grouped = recount(scope, basis, figure, lambda one, name=name: getattr(one, f"{name}_id"))
                found = {key: counts[figure] for key, counts in groups.items() if counts[figure]}
                assert found == {key: len(pks) for key, pks in grouped.items()}, (figure, name)
        months = months_until(OCTOBER, TODAY)
        for month, counts in zip(months, funnel.by_month(months), strict=True):
            for figure in TREND:
                expected = recount(scope.during(month), basis, figure)
                assert counts[figure] == len(expected.get(None, ())), (figure, month)
        transaction.set_rollback(True)


# --- how fast --------------------------------------------------------------------------------------------


def test_response_time_is_until_the_first_follow_up(branch):
    desk = desk_of(branch)
    for number, minutes in enumerate([[30, 5], [90], [26 * 60], []]):
        enquiry = asked(branch, "2026-10-05", signed_at=at("2026-10-20 10:00") if number < 2 else None)
        for minute in minutes:
            FollowUp.objects.create(
                branch=branch,
                enquiry=enquiry,
                outcome="no_answer",
                at=enquiry.created_at + timedelta(minutes=minute),
                by=desk,
                token=f"{number}-{minute}",
            )

    funnel = of(branch)
    pace = pace_of(funnel, 4)

    assert (pace.answered, pace.within_hour, pace.within_day) == (3, 1, 2)
    assert pace.median == timedelta(minutes=90)
    assert contacts_until_signing(funnel) == 1.5  # two of one family, one of the other


def test_a_follow_up_after_the_sign_up_was_not_needed_for_it(branch):
    enquiry = asked(branch, "2026-10-05", signed_at=at("2026-10-06 10:00"))
    for day in ("2026-10-05 12:00", "2026-10-07 12:00"):
        FollowUp.objects.create(
            branch=branch, enquiry=enquiry, outcome="thinking", at=at(day), by=desk_of(branch), token=day
        )

    assert contacts_until_signing(of(branch)) == 1
