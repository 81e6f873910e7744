"""Weekly times of a class: "周二、周四 17:20-18:20" as slots, and which slots overlap."""

import datetime
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from imports.problems import BadValueError
from imports.values import BLANK_WORDS, bare_text, clean_text

DAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
DAYS |= {str(number): number - 1 for number in range(1, 8)}
WEEK = "(?:周|星期|礼拜)"
ONE_DAY = rf"{WEEK}?[一二三四五六日天]|{WEEK}[1-7](?!\d*[:点])"
# 周二、周四 · 周二四 · 周一至周五 · 周6 · 每天
DAY_LIST = re.compile(rf"每[天日]|每?(?:{ONE_DAY})(?:(?:[、,和及与/+&]|至|到|-)?(?:{ONE_DAY}))*")
RANGE = re.compile("[至到-]")
HALF_OF_DAY = "上午|早上|早晨|早|中午|下午|傍晚|晚上|晚间|晚"
CLOCK = rf"(?:({HALF_OF_DAY}))?(\d{{1,2}})(?:[:.点时](\d{{2}}|半|整|一刻|三刻)?分?)"
TIMES = re.compile(rf"{CLOCK}(?:-+|~+|—+|–+|至|到)+{CLOCK}", re.ASCII)
AFTERNOON = frozenset(["下午", "傍晚", "晚上", "晚间", "晚"])
MINUTES = {None: 0, "": 0, "半": 30, "整": 0, "一刻": 15, "三刻": 45}
FILLER = re.compile("上课时间|上课|时间|每周|固定|[ 、,;:。./|()和及与]")
BLANK_NOT_BETWEEN_DIGITS = re.compile(r"(?<!\d) | (?!\d)")
EARLIEST, LATEST = datetime.time(6), datetime.time(23, 30)  # outside, a time lacks its 下午
LONGEST = 12 * 60  # minutes


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """Once a week; `weekday` 0 is Monday. Half-open: who ends at 10:00 is free at 10:00."""

    weekday: int
    start: datetime.time
    end: datetime.time

    @property
    def minutes(self):
        return _minutes(self.end) - _minutes(self.start)

    def overlaps(self, other):
        return self.weekday == other.weekday and self.start < other.end and other.start < self.end


def clean_schedule(value):
    """The weekly slots of a cell, in the order of the week; an empty cell has none."""
    if bare_text(value).lower() in BLANK_WORDS:
        return ()
    text = BLANK_NOT_BETWEEN_DIGITS.sub("", clean_text(value))
    slots = _slots(list(_tokens(text)), text)
    return tuple(sorted(set(slots)))


def looks_like_schedule(value):
    try:
        return bool(clean_schedule(value))
    except BadValueError:
        return False


def _tokens(text):
    """Days and times in the order they stand; anything besides makes the cell unreadable."""
    position = 0
    while position < len(text):
        times = TIMES.match(text, position)
        days = None if times else DAY_LIST.match(text, position)
        filler = None if times or days else FILLER.match(text, position)
        token = times or days or filler
        if not token:
            raise _bad_schedule(_("“%(value)s” is not understood as weekly times."), text)
        if not filler:
            yield ("times", _span(times, text)) if times else ("days", _weekdays(days[0], text))
        position = token.end()


def _slots(tokens, text):
    """Days belong to the times after them, or before them where the cell begins with a time."""
    kinds = {kind for kind, _value in tokens}
    if kinds != {"days", "times"}:
        raise _bad_schedule(_("“%(value)s” lacks the weekday or the time."), text)
    if tokens[0][0] == "times":
        tokens = tokens[::-1]
    return list(_paired(tokens, text))


def _paired(tokens, text):
    weekdays, taken = [], True
    for kind, value in tokens:
        if kind == "days":
            weekdays = value if taken else weekdays + value
            taken = False
        else:
            taken = True
            yield from (Slot(weekday, *value) for weekday in weekdays)
    if not taken:
        raise _bad_schedule(_("“%(value)s” lacks the weekday or the time."), text)


def _weekdays(days, text):
    """周一至周五 → 0…4; 周二四 → 1, 3; 每天 → all seven."""
    if days in ("每天", "每日"):
        return list(range(7))
    weekdays = []
    for part in re.split("[、,和及与/+&]", re.sub(f"每|{WEEK}", "", days)):
        ends = [DAYS[day] for day in RANGE.sub("", part)]
        weekdays += _range(ends, text) if RANGE.search(part) else ends
    return weekdays


def _range(ends, text):
    if len(ends) != 2 or ends[0] >= ends[1]:
        raise _bad_schedule(_("“%(value)s” is not understood as weekly times."), text)
    return range(ends[0], ends[1] + 1)


def _span(match, text):
    half, hour, minute, end_half, end_hour, end_minute = match.groups()
    start = _clock(half, hour, minute, text)
    end = _clock(end_half or half, end_hour, end_minute, text)
    if half and not end_half and end <= start:  # 上午10:30-1:00 is said, and means 13:00; not ours to guess
        raise _bad_schedule(_("“%(value)s” ends before it begins: write 24 hours."), text)
    if not (EARLIEST <= start < end <= LATEST) or _minutes(end) - _minutes(start) > LONGEST:
        raise _bad_schedule(_("The times of “%(value)s” are not plausible: write 24 hours."), text)
    return start, end


def _clock(half, hour, minute, text):
    if not half and hour in "1234567":  # 6:30 may be either half of the day; 06:30 says which
        raise _bad_schedule(_("“%(value)s” does not say morning or afternoon: write 24 hours."), text)
    hour = int(hour)
    if half in AFTERNOON and hour < 12:
        hour += 12
    if half == "中午" and hour < 4:
        hour += 12
    minute = MINUTES[minute] if minute in MINUTES else int(minute)
    if hour > 23 or minute > 59:
        raise _bad_schedule(_("“%(value)s” has a time that no clock shows."), text)
    return datetime.time(hour, minute)


def _minutes(time):
    return time.hour * 60 + time.minute


def _bad_schedule(reason, text):
    return BadValueError(
        reason % {"value": text}, _("Write weekday and time, such as 周六 08:30-10:00."), "bad_schedule"
    )
