"""Which days of a branch somebody has to close: those with lessons or money that nobody has signed."""

from collections import defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.db.models.functions import TruncDate

from core.clock import day_bounds, last_day_of, local_date
from day_close.models import DayClose
from enrolments.models import Payment
from scheduling.models import Lesson

LOOK_BACK = 3  # days that the home page reminds of; older ones stand in the list of the month
EVENING = 17  # o'clock, of a day without lessons


def days_to_close(branches, *, now):
    """[(branch, day)] that nobody has signed, the oldest first; today only when its last lesson is over."""
    found = []
    for time_zone, here in _by_zone(branches).items():
        today = local_date(now, time_zone)
        first = today - timedelta(days=LOOK_BACK)
        busy = busy_days(here, first, today)
        signed = set(DayClose.objects.standing().filter(branch__in=here, day__gte=first).values_list("branch", "day"))
        for branch in here:
            days = busy[branch.pk]
            found += [
                (branch, day)
                for day, ends_at in days.items()
                if (branch.pk, day) not in signed and (day < today or _is_over(ends_at, now, time_zone))
            ]
    return sorted(found, key=lambda pair: (pair[1], pair[0].pk))


def _by_zone(branches):
    zones = defaultdict(list)
    for branch in branches:
        zones[branch.time_zone].append(branch)
    return zones


def _is_over(ends_at, now, time_zone):
    if ends_at is None:
        return now.astimezone(ZoneInfo(time_zone)).hour >= EVENING
    return ends_at <= now


def busy_days(branches, first, last):
    """{branch id: {day: when its last lesson ends, None without lessons}} of branches of one time zone."""
    time_zone = branches[0].time_zone
    start, end = day_bounds(first, time_zone)[0], day_bounds(last, time_zone)[1]
    busy = defaultdict(dict)
    paid = Payment.objects.filter(order__branch__in=branches, received_at__gte=start, received_at__lt=end)
    paid = paid.exclude(method=Payment.Method.BOOK).filter(booked_date__gte=first).order_by()
    day = TruncDate("received_at", tzinfo=ZoneInfo(time_zone))
    for branch_id, paid_on in paid.values_list("order__branch", day).distinct():
        busy[branch_id][paid_on] = None
    lessons = Lesson.objects.active().filter(branch__in=branches).between(start, end).order_by()
    for branch_id, held_on, ends_at in lessons.values_list("branch", "local_date").annotate(Max("ends_at")):
        busy[branch_id][held_on] = ends_at
    return busy


def month_of_days(branch, month, *, now):
    """[(day, its standing sign-off or None)] of a month up to today, the newest first: busy days and signed ones."""
    last = min(last_day_of(month), local_date(now, branch.time_zone))
    closes = DayClose.objects.standing().filter(branch=branch, day__range=(month, last_day_of(month)))
    signed = {close.day: close for close in closes.select_related("signed_by")}
    busy = busy_days([branch], month, last)[branch.pk] if month <= last else {}
    return [(day, signed.get(day)) for day in sorted({*busy, *signed}, reverse=True)]
