"""Which days the numbers are of: a month, a quarter, or days of one's own choice; and what they are compared with."""

from dataclasses import dataclass
from datetime import date, timedelta

from core.clock import last_day_of, monday_of, month_after, month_of
from renewals.rates.formulas import Period, month_period

TREND_MONTHS = 6
LONGEST_BY_DAY = 31  # days; what is longer is shown by week,
LONGEST_BY_WEEK = 100  # and what is longer still by month


def quarter_period(day):
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return Period(first, last_day_of(month_after(first, 2)))


def quarter_value(day):
    """2026-Q4, as it stands in an address."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def before(period):
    """What it is compared with: the month before a month, the quarter before a quarter, else as many days before."""
    if period == quarter_period(period.first):
        return quarter_period(period.first - timedelta(days=1))
    return period.before


def months_until(period, today):
    """The months of a trend: so many, the last one that of the period's last day, or of today when that is earlier."""
    last = month_of(max(period.first, min(period.last, today)))
    return [month_period(month_after(last, -back)) for back in reversed(range(TREND_MONTHS))]


@dataclass(frozen=True)
class Bucket:
    """A day, a week or a month of a period, as a point of its trend."""

    label: str
    days: Period


def buckets(period):
    """The period by day, by week (from Monday) or by month, whichever can be read."""
    if period.days <= LONGEST_BY_DAY:
        step, label = (lambda day: day + timedelta(days=1)), "%m-%d"
    elif period.days <= LONGEST_BY_WEEK:
        step, label = (lambda day: monday_of(day) + timedelta(days=7)), "%m-%d"
    else:
        step, label = (lambda day: month_after(month_of(day))), "%Y-%m"
    found, first = [], period.first
    while first <= period.last:
        following = step(first)
        last = min(following - timedelta(days=1), period.last)
        found.append(Bucket(first.strftime(label), Period(first, last)))
        first = following
    return found
