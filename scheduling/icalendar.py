"""A feed as an iCalendar file (RFC 5545, RFC 7986): one VEVENT per lesson, no repeating rule.

A lesson keeps its UID, and SEQUENCE counts its changes: a calendar that has the event already moves it.
"""

from datetime import UTC, timedelta
from itertools import pairwise
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

from scheduling.feeds import Kind, facts_of_feed, subject_of, window
from scheduling.models import Lesson

REFRESH = timedelta(hours=1)  # how often a calendar should ask
STEP = timedelta(days=1)  # clocks change more rarely than this


def feed_calendar(feed, *, now, facts=None):
    """The file, as bytes, in the school's language: a calendar program has none of its own."""
    with translation.override(settings.LANGUAGE_CODE):
        facts = facts_of_feed(feed, now=now) if facts is None else facts
        calendar = _empty_calendar(str(subject_of(feed)))
        first, last = window(now)
        for zone in sorted({row.branch__time_zone for row in facts}):
            calendar.add_component(time_zone_component(zone, first=first - STEP, last=last + STEP))
        for row in facts:
            calendar.add_component(_event(feed, row))
        return calendar.to_ical()


def _empty_calendar(name):
    calendar = Calendar()
    calendar.add("prodid", "-//Qingxiao//Timetable//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)  # what Apple, Google and Microsoft read
    calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")  # the same, for Microsoft
    return calendar


def _event(feed, row):
    zone = ZoneInfo(row.branch__time_zone)
    is_cancelled = row.status == Lesson.Status.CANCELLED
    changed_at = row.changed_at or feed.created_at
    event = Event()
    event.add("uid", f"lesson-{row.pk}@{urlsplit(settings.PUBLIC_BASE_URL).hostname}")
    event.add("sequence", row.version - 1)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", row.starts_at.astimezone(zone))
    event.add("dtend", row.ends_at.astimezone(zone))
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_cancelled else "OPAQUE")
    for name, text in _words(feed, row).items():
        if text:
            event.add(name, text)
    return event


def _words(feed, row):
    """A family reads the course and where it is; the school's people the class. Nobody reads a child's name."""
    place = "，".join(filter(None, (row.room__name, row.branch__name, row.branch__address)))
    if feed.kind == Kind.STUDENT:
        summary = f"{row.class_group__course__name} · {row.branch__name}"
        return {"summary": summary, "location": place}
    description = _("Lesson %(number)d of %(total)d · %(teacher)s · children: %(children)d") % {
        "number": row.number,
        "total": row.class_group__lessons_total,
        "teacher": row.teacher__name,
        "children": row.children,
    }
    return {"summary": row.class_group__name, "location": place, "description": description}


def time_zone_component(name, *, first, last):
    """VTIMEZONE of an IANA zone for [first, last], UTC: its offset at `first`, then each change of the clocks.

    Our own, because that of the icalendar library begins summer time an hour late: an onset is written in the
    time before it (RFC 5545, 3.6.5).
    """
    component = Timezone()
    component.add("tzid", name)
    zone = ZoneInfo(name)
    component.add_component(_observance(first, first, zone))
    for before, after in clock_changes(zone, first, last):
        component.add_component(_observance(before, after, zone))
    return component


def clock_changes(zone, first, last):
    """[(the last second before, the first after)] of each change of the offset, UTC."""
    days = [first + STEP * n for n in range((last - first) // STEP + 1)]
    for day, next_day in pairwise(days):
        if _offset(day, zone) != _offset(next_day, zone):
            yield _bisect(day, next_day, zone)


def _bisect(low, high, zone):
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) // 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
    return low, high


def _observance(before, at, zone):
    local = at.astimezone(zone)
    offset_from = _offset(before, zone)
    component = TimezoneDaylight() if local.dst() else TimezoneStandard()
    component.add("dtstart", (at.astimezone(UTC) + offset_from).replace(tzinfo=None))
    component.add("tzoffsetfrom", offset_from)
    component.add("tzoffsetto", local.utcoffset())
    component.add("tzname", local.tzname())
    return component


def _offset(at, zone):
    return at.astimezone(zone).utcoffset()
