"""Wall-clock time of a branch and moments in UTC."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import day_bounds, last_day_of, local_date, moment, monday_of, month_after, span_text
from tests.factories import at

ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",  # its clock changes by half an hour
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Auckland",
]
days = st.dates(datetime.date(2020, 1, 1), datetime.date(2035, 12, 31))


@pytest.mark.parametrize(
    ("day", "wall_time", "zone", "utc"),
    [
        ("2026-11-21", "09:00", "Asia/Shanghai", "2026-11-21 01:00"),
        ("2027-03-27", "09:00", "Europe/Berlin", "2027-03-27 08:00"),
        ("2027-03-28", "09:00", "Europe/Berlin", "2027-03-28 07:00"),  # the clock went forward at 2:00
        ("2027-03-14", "09:00", "America/New_York", "2027-03-14 13:00"),
        ("2026-11-01", "09:00", "America/New_York", "2026-11-01 14:00"),  # the clock went back at 2:00
    ],
)
def test_moment_keeps_the_wall_clock(day, wall_time, zone, utc):
    day, wall_time = datetime.date.fromisoformat(day), datetime.time.fromisoformat(wall_time)

    assert moment(day, wall_time, zone) == at(utc, "UTC")


def test_moment_that_the_clock_skips_moves_forward_by_the_gap():
    skipped = moment(datetime.date(2027, 3, 28), datetime.time(2, 30), "Europe/Berlin")

    assert skipped.astimezone(ZoneInfo("Europe/Berlin")).time() == datetime.time(3, 30)


def test_moment_that_the_clock_shows_twice_is_the_first():
    twice = moment(datetime.date(2026, 10, 25), datetime.time(2, 30), "Europe/Berlin")

    assert twice == at("2026-10-25 00:30", "UTC")


@given(day=days, wall_time=st.times(), zone=st.sampled_from(ZONES))
def test_moment_shows_the_same_wall_clock_unless_the_clock_skips_it(day, wall_time, zone):
    shown = moment(day, wall_time, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    asked = datetime.datetime.combine(day, wall_time)
    assert shown == asked or _is_skipped(asked, zone)
    assert asked <= shown <= asked + datetime.timedelta(hours=1)


def _is_skipped(naive, zone):
    """A fold that changes the offset forward: no moment has this wall-clock time."""
    before, after = (naive.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    return after > before


@given(day=days, zone=st.sampled_from(ZONES))
def test_day_bounds_meet_without_gap_or_overlap(day, zone):
    start, end = day_bounds(day, zone)

    assert end == day_bounds(day + datetime.timedelta(days=1), zone)[0]
    assert local_date(start, zone) == day
    assert local_date(end - datetime.timedelta(seconds=1), zone) == day


def test_day_bounds_on_the_day_the_clock_changes():
    start, end = day_bounds(datetime.date(2027, 3, 28), "Europe/Berlin")

    assert end - start == datetime.timedelta(hours=23)


def test_local_date_is_the_day_of_the_branch():
    assert local_date(at("2026-11-21 23:30", "UTC"), "Asia/Shanghai") == datetime.date(2026, 11, 22)


@pytest.mark.parametrize("day", [datetime.date(2026, 11, 16), datetime.date(2026, 11, 19), datetime.date(2026, 11, 22)])
def test_monday_of_is_the_same_for_the_whole_week(day):
    assert monday_of(day) == datetime.date(2026, 11, 16)


def test_span_text_is_in_the_time_of_the_branch():
    starts_at, ends_at = at("2026-11-22 08:30"), at("2026-11-22 10:00")

    assert span_text(starts_at, ends_at, "Asia/Shanghai").endswith("08:30–10:00")
    assert span_text(starts_at, ends_at, "Europe/Berlin").endswith("01:30–03:00")


@pytest.mark.parametrize(
    ("month", "number", "expected"),
    [((2026, 12), 1, (2027, 1)), ((2026, 1), -1, (2025, 12)), ((2026, 11), -3, (2026, 8)), ((2026, 3), 0, (2026, 3))],
)
def test_months_are_counted_over_the_year(month, number, expected):
    assert month_after(datetime.date(*month, 1), number) == datetime.date(*expected, 1)


@pytest.mark.parametrize(("month", "days"), [((2026, 12), 31), ((2027, 2), 28), ((2028, 2), 29), ((2026, 11), 30)])
def test_a_month_ends_on_its_last_day(month, days):
    assert last_day_of(datetime.date(*month, 1)) == datetime.date(*month, days)
