"""A year of a branch's calendar, as the page draws it: plain values in, plain values out."""

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import CalendarDay
from core.clock import WEEKDAYS

MONTHS = Calendar(firstweekday=0)


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    RUNS_WEEKDAY = "runs_weekday"
    HOLIDAY = "holiday"  # by law, and the branch has not written it in its calendar
    WORKED = "worked"  # 调休, and the branch has not written whose timetable it runs
    BREAK = "break"


LEGEND = [
    (State.CLOSED, pgettext_lazy("calendar mark", "off"), _("Closed: no lessons")),
    (State.RUNS_WEEKDAY, WEEKDAYS[0], _("Runs another weekday's timetable")),
    (State.OPEN, pgettext_lazy("calendar mark", "on"), _("Open on a public holiday")),
    (State.WORKED, pgettext_lazy("calendar mark", "school"), _("Weekend day on which the schools teach")),
    (State.HOLIDAY, "", _("Public holiday, not in the calendar")),
    (State.BREAK, "", _("School break")),
]
MARKS = {state: mark for state, mark, _label in LEGEND}


@dataclass(frozen=True)
class Cell:
    """A day of a month. `lessons`: how many are planned on it although the calendar has none there."""

    day: date
    state: str
    mark: str
    text: str
    is_provisional: bool
    lessons: int


def months_of(year, *, rows, public, breaks, hits):
    """[(first day, weeks of Cells)]; a Cell is None where a week belongs to the month before or after.

    `rows` {day: CalendarDay}, `public` {day: PublicDay}, `hits` {day: number of lessons}.
    """
    in_break = {day: pause.name for pause in breaks for day in _days(pause.first_date, pause.last_date)}
    for month in range(1, 13):
        weeks = MONTHS.monthdatescalendar(year, month)
        yield (
            date(year, month, 1),
            [
                [
                    _cell(day, rows.get(day), public.get(day), in_break.get(day), hits.get(day, 0))
                    if day.month == month
                    else None
                    for day in week
                ]
                for week in weeks
            ],
        )


def _cell(day, row, public, pause, lessons):
    state, text = _state(row, public, pause)
    mark = WEEKDAYS[row.runs_weekday] if state == State.RUNS_WEEKDAY else MARKS.get(state, "")
    return Cell(day, state, mark, text, bool(row and row.is_provisional), lessons)


def _state(row, public, pause):
    """What the branch wrote stands before the public holidays, and those before the school breaks."""
    if row:
        return {
            CalendarDay.Kind.CLOSED: State.CLOSED,
            CalendarDay.Kind.OPEN: State.OPEN,
            CalendarDay.Kind.RUNS_WEEKDAY: State.RUNS_WEEKDAY,
        }[row.kind], row.reason
    if public:
        return (State.HOLIDAY if public.is_off else State.WORKED), public.name
    return (State.BREAK, pause) if pause else ("", "")


def _days(first_date, last_date):
    return (first_date + timedelta(days=offset) for offset in range((last_date - first_date).days + 1))
