"""Wall-clock time of a branch, and moments in UTC."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

WEEKDAYS = [
    pgettext_lazy("weekday, short", "Mon"),
    pgettext_lazy("weekday, short", "Tue"),
    pgettext_lazy("weekday, short", "Wed"),
    pgettext_lazy("weekday, short", "Thu"),
    pgettext_lazy("weekday, short", "Fri"),
    pgettext_lazy("weekday, short", "Sat"),
    pgettext_lazy("weekday, short", "Sun"),
]


def moment(day, wall_time, time_zone):
    """The UTC moment of a wall-clock time on a local day.

    A time that the clock skips (spring) moves forward by the gap; one that it shows twice (autumn) is the
    first of the two.
    """
    return datetime.combine(day, wall_time, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def local_date(at, time_zone):
    return at.astimezone(ZoneInfo(time_zone)).date()


def day_bounds(day, time_zone):
    """[start, end) of a local day as UTC moments; 23 or 25 hours on the days the clock changes."""
    midnight = datetime.min.time()
    return moment(day, midnight, time_zone), moment(day + timedelta(days=1), midnight, time_zone)


def monday_of(day):
    return day - timedelta(days=day.weekday())


def month_of(day):
    """Its month, as the first day."""
    return day.replace(day=1)


def month_after(month, number=1):
    """The first day of the month so many months later; a negative number goes back."""
    months = month.year * 12 + month.month - 1 + number
    return date(months // 12, months % 12 + 1, 1)


def last_day_of(month):
    return month_after(month) - timedelta(days=1)


def day_text(day):
    """A day as people say it: 11月22日 周日."""
    return _("%(month)d/%(day)d %(weekday)s") % {
        "month": day.month,
        "day": day.day,
        "weekday": WEEKDAYS[day.weekday()],
    }


def span_text(starts_at, ends_at, time_zone):
    """A lesson's time as people say it: 11月22日 周日 08:30–10:00, in the branch's wall-clock time."""
    return f"{day_text(local_date(starts_at, time_zone))} {hours_text(starts_at, ends_at, time_zone)}"


def hours_text(starts_at, ends_at, time_zone):
    """08:30–10:00, in the branch's wall-clock time."""
    zone = ZoneInfo(time_zone)
    return f"{starts_at.astimezone(zone):%H:%M}–{ends_at.astimezone(zone):%H:%M}"


def moment_text(at, time_zone):
    """A moment as people say it: 11月22日 周日 08:30, in the branch's wall-clock time."""
    return f"{day_text(local_date(at, time_zone))} {at.astimezone(ZoneInfo(time_zone)):%H:%M}"
