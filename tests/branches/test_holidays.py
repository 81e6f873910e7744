"""The public holidays, and how a branch's calendar takes them in."""

from datetime import date

import pytest

from branches import holidays
from branches.holidays import PublicDay, is_published, is_working_day, public_days, working_day_after
from branches.models import CalendarDay
from branches.services import (
    Filled,
    fill_public_holidays,
    refresh_public_holidays,
    remove_calendar_day,
    set_calendar_days,
)
from branches.tasks import refresh_public_holidays as daily_task
from tests.factories import CalendarDayFactory

NATIONAL_DAY = date(2026, 10, 1)


@pytest.fixture
def calendar(branch):
    """{day: what stands in the branch's calendar}"""
    return lambda: {row.day: row for row in branch.calendar_days.all()}


@pytest.fixture
def known_holidays(monkeypatch):
    """known_holidays({day: PublicDay}): what the packages say of any year, from now on."""

    def know(*days):
        monkeypatch.setattr(
            "branches.services.public_days", lambda year: {row.day: row for row in days if row.day.year == year}
        )

    return know


# --- what the packages say -------------------------------------------------------------------------------


def test_a_published_year_has_its_holidays_and_worked_weekends():
    days = public_days(2026)

    assert days[NATIONAL_DAY] == PublicDay(NATIONAL_DAY, "国庆节", is_off=True)
    assert days[date(2026, 2, 21)].is_off, "a weekend day within the Spring Festival"
    worked = [day for day, row in days.items() if not row.is_off]
    assert [f"{day:%m-%d}" for day in worked] == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    assert date(2026, 11, 21) not in days, "an ordinary Saturday"
    assert not any(row.is_provisional for row in days.values())
    assert list(days) == sorted(days)


def test_a_worked_weekend_day_says_for_which_day_it_stands():
    assert public_days(2026)[date(2026, 10, 10)].instead_of == date(2026, 10, 7)


def test_a_year_that_is_not_published_has_the_days_by_law_provisionally():
    days = public_days(2027)

    assert not is_published(2027)
    assert days[date(2027, 2, 6)].name == "春节"
    assert all(row.is_off and row.is_provisional for row in days.values())


def test_a_year_that_nobody_knows_has_none(monkeypatch):
    monkeypatch.setattr(holidays, "_statutory", lambda year: {})
    public_days.cache_clear()

    assert public_days(2099) == {}
    public_days.cache_clear()


# --- into a branch's calendar ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_fill_twice_adds_once(branch, calendar):
    off = [day for day, row in public_days(2026).items() if row.is_off]

    assert fill_public_holidays(branch=branch, year=2026) == Filled(len(off), 0, 0, is_provisional=False)
    assert fill_public_holidays(branch=branch, year=2026) == Filled(0, 0, 0, is_provisional=False)

    assert sorted(calendar()) == off
    row = calendar()[NATIONAL_DAY]
    assert (row.kind, row.source, row.reason) == ("closed", "public", "国庆节")


@pytest.mark.django_db
def test_what_the_branch_wrote_itself_wins(branch, other_branch, calendar):
    ours = CalendarDayFactory(branch=branch, day=NATIONAL_DAY, kind="open", reason="集训营")

    fill_public_holidays(branch=branch, year=2026)

    assert calendar()[NATIONAL_DAY] == ours
    assert calendar()[NATIONAL_DAY].reason == "集训营"
    assert not other_branch.calendar_days.exists()


@pytest.mark.django_db
def test_provisional_days_become_final(branch, calendar, known_holidays):
    stays, goes, comes = date(2027, 2, 6), date(2027, 2, 10), date(2027, 2, 11)
    known_holidays(
        PublicDay(stays, "春节", is_off=True, is_provisional=True),
        PublicDay(goes, "春节", is_off=True, is_provisional=True),
    )
    assert fill_public_holidays(branch=branch, year=2027).is_provisional

    known_holidays(
        PublicDay(stays, "春节", is_off=True),
        PublicDay(comes, "春节", is_off=True),
        PublicDay(date(2027, 2, 14), "春节", is_off=False),
    )

    assert refresh_public_holidays(today=date(2026, 11, 21)) == 3
    assert {day: row.is_provisional for day, row in calendar().items()} == {stays: False, comes: False}
    assert refresh_public_holidays(today=date(2026, 11, 21)) == 0


@pytest.mark.django_db
def test_the_daily_job_leaves_alone_who_has_no_public_holidays(branch, calendar):
    CalendarDayFactory(branch=branch, day=date(2099, 1, 1))

    daily_task()

    assert list(calendar()) == [date(2099, 1, 1)]


# --- by hand ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_range_is_written_over_what_stood_there(branch, calendar):
    fill_public_holidays(branch=branch, year=2026)

    days = set_calendar_days(
        branch=branch, first_date=date(2026, 9, 30), last_date=date(2026, 10, 2), kind="closed", reason="校庆"
    )

    assert [row.day.day for row in days] == [30, 1, 2]
    assert {calendar()[row.day].source for row in days} == {"own"}


@pytest.mark.django_db
def test_a_provisional_day_that_is_written_by_hand_is_certain(branch, calendar):
    fill_public_holidays(branch=branch, year=2027)
    day = date(2027, 2, 6)

    set_calendar_days(branch=branch, first_date=day, last_date=day, kind="runs_weekday", reason="调休", runs_weekday=2)

    row = calendar()[day]
    assert (row.kind, row.runs_weekday, row.is_provisional) == ("runs_weekday", 2, False)


@pytest.mark.django_db
def test_removing_an_own_day_leaves_nothing(branch, calendar):
    row = CalendarDayFactory(branch=branch, day=date(2026, 11, 24))

    remove_calendar_day(day=row, open_reason="照常上课")

    assert calendar() == {}


@pytest.mark.django_db
def test_removing_a_public_holiday_keeps_it_from_coming_back(branch, calendar):
    fill_public_holidays(branch=branch, year=2026)

    remove_calendar_day(day=calendar()[NATIONAL_DAY], open_reason="照常上课")
    fill_public_holidays(branch=branch, year=2026)

    assert calendar()[NATIONAL_DAY].kind == CalendarDay.Kind.OPEN


@pytest.mark.django_db
def test_removing_that_word_again_closes_the_holiday(branch, calendar):
    fill_public_holidays(branch=branch, year=2026)
    remove_calendar_day(day=calendar()[NATIONAL_DAY], open_reason="照常上课")

    remove_calendar_day(day=calendar()[NATIONAL_DAY], open_reason="照常上课")

    assert calendar()[NATIONAL_DAY].kind == CalendarDay.Kind.CLOSED


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 9, 30), True),
        (NATIONAL_DAY, False),
        (date(2026, 10, 10), True),  # a Saturday that is worked for the holidays
        (date(2026, 10, 11), False),
        (date(2026, 10, 12), True),
    ],
)
def test_working_days_are_those_of_the_law(day, works):
    assert is_working_day(day) == works


@pytest.mark.parametrize(
    ("day", "number", "then"),
    [
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 9, 29), 5, date(2026, 10, 12)),
    ],
)
def test_the_day_itself_does_not_count(day, number, then):
    assert working_day_after(day, number) == then
