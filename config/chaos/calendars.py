"""R12: the planner of class reminders through two years of clock changes, in all time zones there are.

It runs in a process of its own, with the settings of a school: the planner's app takes no part in sending.
"""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_clock
from types import SimpleNamespace
from zoneinfo import ZoneInfo, available_timezones

FROM, DAYS = date(2026, 1, 1), 730
HOUR = timedelta(hours=1)
LOOKS = 12 * HOUR  # the planner sees 16 hours at once; should it look this rarely, it still misses nothing
WALL_TIMES = [wall_clock(0), wall_clock(1, 30), wall_clock(2, 30), wall_clock(18), wall_clock(23, 30)]


def run_calendars(options):
    from config.chaos.history import Verdict
    from config.chaos.runs import Result

    start = time.monotonic()
    answer = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "config.chaos.calendars", str(options.seed), str(options.sample)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    zones, missed, doubled, wrong = json.loads(answer.stdout)
    days = zones * DAYS * len(WALL_TIMES)
    result = Result("R12", Verdict(missed, doubled, wrong, 0), time.monotonic() - start, days)
    return result.with_notes(f"{zones} zones, {DAYS} days, {len(WALL_TIMES)} times of day")


def count_days(seed, sample):
    """(zones, days without a reminder, days with two, reminders that show a wrong time of day)."""
    zones = sorted(available_timezones())
    zones = random.Random(seed).sample(zones, sample) if sample else zones  # noqa: S311
    missed = doubled = wrong = 0
    for zone in zones:
        for wall_time in WALL_TIMES:
            found = _days_found(zone, wall_time)
            missed += DAYS - len(found)
            doubled += sum(len(moments) > 1 for moments in found.values())
            wrong += sum(not _is_shown_right(day, wall_time, zone, *moments) for day, moments in found.items())
    return len(zones), missed, doubled, wrong


def _days_found(zone, wall_time):
    """{local day before the lesson: moments at which its reminder is due}."""
    from scheduling.reminders import due_days

    branch = SimpleNamespace(time_zone=zone, class_reminder_at=wall_time)
    now = datetime.combine(FROM - timedelta(days=2), wall_clock(0), tzinfo=UTC)
    end, found = now + timedelta(days=DAYS + 4), {}
    while now < end:
        for lesson_day, at in due_days(branch, now).items():
            found.setdefault(lesson_day - timedelta(days=1), set()).add(at)
        now += LOOKS
    return {day: moments for day, moments in found.items() if FROM <= day < FROM + timedelta(days=DAYS)}


def _is_shown_right(day, wall_time, zone, at, *_others):
    """The wall clock shows the time that was meant; or, where it skipped that, the same time later by the gap."""
    shown = at.astimezone(ZoneInfo(zone))
    if shown.time() == wall_time:
        return shown.date() == day
    gap = shown.utcoffset() - (at - 3 * HOUR).astimezone(ZoneInfo(zone)).utcoffset()
    return gap > timedelta(0) and shown.replace(tzinfo=None) - gap == datetime.combine(day, wall_time)


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(count_days(int(sys.argv[1]), int(sys.argv[2]))))
