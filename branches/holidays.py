"""The public holidays of China: days off, and the weekend days on which everybody works for them (调休).

Order of truth: the published calendar (chinese-calendar), else the days off by law (holidays), which the government
may still move and which know no 调休 – provisional. What a branch writes itself stands before both (CalendarDay).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

INSTEAD = re.compile(r"(\d{4}-\d{2}-\d{2}) 调休")  # holidays: "休息日（由 2026-10-10 调休）"


@dataclass(frozen=True)
class PublicDay:
    """A day off, or a weekend day that is worked."""

    day: date
    name: str
    is_off: bool
    is_provisional: bool = False

    @property
    def instead_of(self):
        """The day off for which this one is worked, as far as that is known."""
        return None if self.is_off else _exchanged(self.day.year).get(self.day)


@cache
def public_days(year):
    """{day: PublicDay} of a year; ordinary weekends and working days are not in it."""
    published = _published(year)
    return _by_law(year) if published is None else published


def is_working_day(day):
    """工作日: as the law counts days, whatever a branch's own calendar says."""
    public = public_days(day.year).get(day)
    return not public.is_off if public else day.weekday() < 5


def working_day_after(day, number):
    """The day on which so many working days have passed; the day itself does not count."""
    while number:
        day += timedelta(days=1)
        number -= is_working_day(day)
    return day


def is_published(year):
    return _published(year) is not None


@cache
def _published(year):
    """None for a year that chinese-calendar does not know."""
    from chinese_calendar import Holiday, is_workday
    from chinese_calendar.constants import holidays, workdays

    try:
        is_workday(date(year, 1, 1))
    except NotImplementedError:
        return None
    off = {day: PublicDay(day, Holiday(name).chinese, is_off=True) for day, name in holidays.items()}
    worked = {day: PublicDay(day, Holiday(name).chinese, is_off=False) for day, name in workdays.items()}
    return {day: row for day, row in sorted((off | worked).items()) if day.year == year}


def _by_law(year):
    return {day: PublicDay(day, name, is_off=True, is_provisional=True) for day, name in _statutory(year).items()}


@cache
def _exchanged(year):
    """{worked day: the day off it was exchanged for}."""
    found = ((INSTEAD.search(name), day) for day, name in _statutory(year).items())
    return {date.fromisoformat(match[1]): day for match, day in found if match}


@cache
def _statutory(year):
    from holidays import country_holidays  # takes most of a second: only when it is needed

    return dict(sorted(country_holidays("CN", years=year, language="zh_CN").items()))
