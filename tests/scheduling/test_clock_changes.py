"""A class keeps its wall-clock time, in every zone of the world, for two years ahead.

What `moment` promises is checked against the zones themselves: by looking for all UTC moments that show a wall-clock
time, of which there are one, none (the clock skips it) or two (it is shown twice).
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import takewhile
from types import SimpleNamespace
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import moment
from scheduling.models import Weekday
from scheduling.rules import occurrences
from scheduling.services import plan_lessons
from tests.factories import NOW, BranchFactory, ClassGroupFactory, ScheduleRuleFactory, UserFactory

FIRST = date(2026, 11, 21)
LAST = FIRST + timedelta(days=2 * 365)
ZONES = sorted(available_timezones() - {"localtime"})  # "localtime" is this machine's own
HALF_HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 30)]


@cache
def offset_changes(zone_name):
    """The days within the two years on which the zone's clock changes, and those around them."""
    zone = ZoneInfo(zone_name)
    days = [datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=n) for n in range(2 * 365)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    changed = [day.date() for day, old, new in zip(days[1:], offsets, offsets[1:], strict=False) if old != new]
    return sorted({day + timedelta(days=n) for day in changed for n in (-2, -1, 0, 1)})


def moments_showing(wall, zone):
    """All UTC moments at which the clocks of a zone show `wall`: found by every offset that the zone has around it."""
    around = (wall.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in range(-30, 31, 6))
    offsets = {at.astimezone(zone).utcoffset() for at in around}
    found = {(wall - offset).replace(tzinfo=UTC) for offset in offsets}
    return sorted(at for at in found if at.astimezone(zone).replace(tzinfo=None) == wall)


def assert_keeps_its_promise(day, wall_time, zone_name):
    """Plain, first of two, or moved forward by the gap."""
    zone, wall = ZoneInfo(zone_name), datetime.combine(day, wall_time)
    at = moment(day, wall_time, zone_name)
    shown = moments_showing(wall, zone)
    if shown:
        assert at == shown[0], (zone_name, wall)
        return
    before, after = ((at + timedelta(days=n)).astimezone(zone).utcoffset() for n in (-1, 1))
    assert after > before, (zone_name, wall)
    assert at.astimezone(zone).replace(tzinfo=None) == wall + (after - before), (zone_name, wall)


def weekly(*slots):
    """The days of a weekly class over the two years: pairs of day and rule."""
    rules = [
        SimpleNamespace(weekday=weekday, start_time=start, valid_from=FIRST, valid_until=None)
        for weekday, start in slots
    ]
    return list(takewhile(lambda pair: pair[0] < LAST, occurrences(rules, FIRST, set())))


def test_every_zone_keeps_its_wall_clock_time():
    """By day no clock of these two years changes: 9:00 is 9:00, and 18:30 is 18:30."""
    lessons = weekly((Weekday.SATURDAY, time(9)), (Weekday.WEDNESDAY, time(18, 30)))
    assert len(lessons) == 209

    for zone_name in ZONES:
        zone = ZoneInfo(zone_name)
        for day, rule in lessons:
            local = moment(day, rule.start_time, zone_name).astimezone(zone)
            assert (local.date(), local.time()) == (day, rule.start_time), (zone_name, day)


def test_every_zone_on_the_nights_its_clock_changes():
    nights = [(zone, day) for zone in ZONES for day in offset_changes(zone)]
    assert len({zone for zone, _day in nights}) > 100  # there are zones with summer time

    for zone_name, day in nights:
        for wall_time in HALF_HOURS[:10]:  # midnight to half past four
            assert_keeps_its_promise(day, wall_time, zone_name)


@settings(max_examples=300)
@given(st.sampled_from(ZONES), st.dates(FIRST, LAST), st.times().map(lambda at: at.replace(second=0, microsecond=0)))
def test_any_zone_day_and_minute(zone_name, day, wall_time):
    assert_keeps_its_promise(day, wall_time, zone_name)


def test_a_skipped_time_moves_forward_and_a_doubled_one_is_the_first():
    """London: 28 March 2027, 1:00 becomes 2:00; 31 October 2027, 2:00 becomes 1:00. Lord Howe moves by half an hour."""
    assert moment(date(2027, 3, 28), time(1, 30), "Europe/London") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert moment(date(2027, 10, 31), time(1, 30), "Europe/London") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    skipped = moment(date(2027, 10, 3), time(2, 15), "Australia/Lord_Howe")
    assert f"{skipped.astimezone(ZoneInfo('Australia/Lord_Howe')):%H:%M}" == "02:45"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "zone_name", ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
)
def test_planned_lessons_keep_their_time_and_their_minutes(zone_name):
    """By the database: Saturdays at 9:00, and on Sundays at the time that clocks skip or show twice."""
    branch = BranchFactory(time_zone=zone_name)
    group = ClassGroupFactory(branch=branch, first_date=FIRST, lessons_total=210)
    sunday_time = {"Europe/London": time(1, 30), "America/New_York": time(2, 30)}.get(zone_name, time(2, 15))
    ScheduleRuleFactory(class_group=group, weekday=Weekday.SATURDAY, start_time=time(9), minutes=90)
    ScheduleRuleFactory(class_group=group, weekday=Weekday.SUNDAY, start_time=sunday_time, minutes=45)

    plan_lessons(class_group=group, by=UserFactory(), now=NOW)

    zone = ZoneInfo(zone_name)
    lessons = list(group.lessons.order_by("starts_at"))
    assert [lesson.number for lesson in lessons] == list(range(1, 211))
    assert lessons[-1].local_date >= LAST - timedelta(days=7)
    for lesson in lessons:
        is_saturday = lesson.local_date.weekday() == Weekday.SATURDAY
        wall = datetime.combine(lesson.local_date, time(9) if is_saturday else sunday_time)
        shown = moments_showing(wall, zone)
        if shown:
            assert lesson.starts_at == shown[0]
        else:
            assert lesson.starts_at.astimezone(zone).replace(tzinfo=None) > wall
        assert lesson.ends_at - lesson.starts_at == timedelta(minutes=90 if is_saturday else 45)
