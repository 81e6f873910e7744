"""What people do with a branch's calendar."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from branches.holidays import public_days
from branches.models import CalendarDay

Source, Kind = CalendarDay.Source, CalendarDay.Kind


@dataclass(frozen=True)
class Filled:
    """What bringing the public holidays of a year up to date has done, in days."""

    added: int
    changed: int
    removed: int
    is_provisional: bool


@transaction.atomic
def set_calendar_days(*, branch, first_date, last_date, kind, reason, runs_weekday=None):
    """Write our own word on every day of a range, over whatever stood there; returns the days."""
    number = (last_date - first_date).days + 1
    return [
        CalendarDay.objects.update_or_create(
            branch=branch,
            day=first_date + timedelta(days=offset),
            defaults={
                "kind": kind,
                "runs_weekday": runs_weekday,
                "reason": reason,
                "source": Source.OWN,
                "is_provisional": False,
            },
        )[0]
        for offset in range(number)
    ]


@transaction.atomic
def remove_calendar_day(*, day, open_reason):
    """Follow the weekly timetable again. On a public holiday that is our own word, or it would be filled in anew."""
    public = public_days(day.day.year).get(day.day)
    if day.source == Source.PUBLIC or (day.kind == Kind.CLOSED and public and public.is_off):
        set_calendar_days(branch=day.branch, first_date=day.day, last_date=day.day, kind=Kind.OPEN, reason=open_reason)
        return
    day.delete()
    if day.kind == Kind.OPEN and day.branch.calendar_days.filter(source=Source.PUBLIC, day__year=day.day.year).exists():
        fill_public_holidays(branch=day.branch, year=day.day.year)


@transaction.atomic
def fill_public_holidays(*, branch, year):
    """Close the public holidays of a year, and take back those that are none any more; our own days stay as they are.

    Repeating it changes nothing until the government has published the year, or moved a day.
    """
    holidays = {day: row for day, row in public_days(year).items() if row.is_off}
    known = {row.day: row for row in branch.calendar_days.filter(day__year=year)}
    ours = {day for day, row in known.items() if row.source == Source.OWN}
    wanted = [_closed(branch, row) for day, row in holidays.items() if day not in ours]
    changed = [row for row in wanted if row.day in known and _facts(row) != _facts(known[row.day])]
    outdated = [row.pk for day, row in known.items() if row.source == Source.PUBLIC and day not in holidays]
    for row in changed:
        row.pk = known[row.day].pk
    added = CalendarDay.objects.bulk_create(row for row in wanted if row.day not in known)
    CalendarDay.objects.bulk_update(changed, ["reason", "is_provisional"])
    CalendarDay.objects.filter(pk__in=outdated).delete()
    return Filled(len(added), len(changed), len(outdated), any(row.is_provisional for row in holidays.values()))


def _closed(branch, public):
    return CalendarDay(
        branch=branch,
        day=public.day,
        kind=Kind.CLOSED,
        reason=public.name,
        source=Source.PUBLIC,
        is_provisional=public.is_provisional,
    )


def _facts(row):
    return row.reason, row.is_provisional


def refresh_public_holidays(*, today):
    """Bring the years up to date in which branches have public holidays; returns how many days are different now."""
    filled = CalendarDay.objects.filter(source=Source.PUBLIC, day__gte=today).select_related("branch").order_by()
    years = {(row.branch, row.day.year) for row in filled}
    results = [fill_public_holidays(branch=branch, year=year) for branch, year in years]
    return sum(result.added + result.changed + result.removed for result in results)
