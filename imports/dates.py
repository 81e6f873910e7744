"""Dates and times of day in single cells, as people and as Excel write them.

A date that can be read in two ways, or lacks its year, is a problem for a person.
"""

import datetime
import re

from django.utils.translation import gettext as _

from imports.problems import BadValueError
from imports.values import BLANK_WORDS, as_number, bare_text, clean_text

EXCEL_EPOCH = datetime.date(1899, 12, 30)  # day 0 of the 1900 system, its leap-year error included
SERIALS = range(18_264, 73_051)  # 1950-01-01 to 2100-01-01: a bare number outside is no date
YEARS = range(1900, 2101)
YEAR_FIRST = re.compile(r"(\d{4})[-–—/.年、](\d{1,2})[-–—/.月、](\d{1,2})[日号]?", re.ASCII)
COMPACT = re.compile(r"((?:19|20)\d{2})([01]\d)([0-3]\d)", re.ASCII)
TAIL = re.compile(
    r"[T ,]*(\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?\s*([(（]?(周|星期|礼拜)[一二三四五六日天][)）]?)?$", re.ASCII
)


def clean_date(value):
    """The six shapes people write, Excel's own dates, and bare serial numbers of the 1900 system."""
    if isinstance(value, datetime.datetime):
        return _date(value.year, value.month, value.day, value)
    if isinstance(value, datetime.date):
        return _date(value.year, value.month, value.day, value)
    text = clean_text(value)
    bare_text(value)  # Excel's error words
    if text.lower() in BLANK_WORDS:
        return None
    text = TAIL.sub("", text).replace(" ", "").replace("。", ".")
    match = YEAR_FIRST.fullmatch(text) or COMPACT.fullmatch(text)
    if match:
        return _date(*map(int, match.groups()), text)
    return _date_from_serial(text)


def _date(year, month, day, shown):
    try:
        date = datetime.date(year, month, day)
    except ValueError:
        date = None
    if date is None or year not in YEARS:
        raise _bad_date(_("“%(value)s” is no day of the calendar.") % {"value": shown})
    return date


def _date_from_serial(text):
    number = as_number(text) if re.fullmatch(r"\d{5}(\.\d+)?", text, re.ASCII) else None
    if number is not None and int(number) in SERIALS:
        return EXCEL_EPOCH + datetime.timedelta(days=int(number))
    raise _bad_date(_why_no_date(text) % {"value": text})


def _why_no_date(text):
    if re.fullmatch(r"\d{1,2}[-/.月]\d{1,2}[日号]?", text, re.ASCII):
        return _("“%(value)s” has no year.")
    if re.fullmatch(r"\d{4}([-/.年]\d{0,2}月?)?", text, re.ASCII):
        return _("“%(value)s” has no day.")
    if re.fullmatch(r"'?\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}[日号]?", text, re.ASCII):
        return _("“%(value)s” has a year of two digits.")
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}", text, re.ASCII):
        return _("“%(value)s” does not say which number is the month.")
    return _("“%(value)s” is no date.")


def _bad_date(reason):
    return BadValueError(reason, _("Write year, month and day, such as 2026-08-30."), "bad_date")


FOR_EVER = frozenset(["长期", "长期有效", "永久", "永久有效", "不限", "不限期", "无限期", "无期限", "不过期", "终身"])
_DAY = r"(\d{8}|\d{4}[./年]\d+[./月]\d+日?)"
PERIOD = re.compile(rf"(.{{8,}}?)(?:至|到|~|—+|--|–)(.{{8,}})|{_DAY}-{_DAY}", re.ASCII)


def clean_last_day(value):
    """The last day of validity: a date, the end of "2026.9.1-2027.8.31", or None for "长期"."""
    if isinstance(value, str):
        text = clean_text(value).replace(" ", "")
        if text in FOR_EVER:
            return None
        period = PERIOD.fullmatch(text)
        if period:
            return _end_of(*[part for part in period.groups() if part])
        return clean_date(re.sub("^[至到]|[止前]$", "", text) if text else None)
    return clean_date(value)


def _end_of(first, last):
    start, end = clean_date(first), clean_date(last)
    if start and end and start <= end:
        return end
    raise _bad_date(_("“%(value)s” is no period: it ends before it begins.") % {"value": f"{first}-{last}"})


HOUR, MINUTE = datetime.timedelta(hours=1), datetime.timedelta(minutes=1)


def clean_time_text(value):
    """A cell with a time of day, as text for the schedule: 08:30, 0.354166… and time(8, 30) alike."""
    if isinstance(value, datetime.datetime):
        value = value.time()
    if isinstance(value, datetime.timedelta):
        return f"{value // HOUR:02d}:{value % HOUR // MINUTE:02d}"
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and 0 < value < 1:
        minutes = round(value * 24 * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    bare_text(value)  # Excel's error words
    return clean_text(value)
