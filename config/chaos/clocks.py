"""R11: the clock of the machine that sends jumps, by hours, by a day, to a leap day; the provider's does not.

libfaketime stands between the workers and their clock. What they may not read from it they do not: the boot clock goes
on as it was, as it does when somebody sets a real machine's clock.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError
from django.utils.translation import gettext as _

from config.chaos import processes
from config.chaos.driver import UNDER_WAY
from config.chaos.history import accepted_between, judge, read_history
from config.chaos.jobs import plan_occurrences
from config.chaos.processes import Role, wait_until
from config.chaos.runs import LONGEST, Result, begin
from config.chaos.spec import LATENCY, Spec
from messaging.models import Hold, OutboundMessage

WORKERS = 2
HELD = 3  # seconds that a wrong clock is left as it is
LIBRARIES = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def run_clock_jumps(options):
    """Eight jumps, each with a third of its messages sent before it; the clock is put right a while after the alarm."""
    spec = Spec(seed=options.seed, messages=options.messages, misfortune={"latency": LATENCY, "reported": 0.3})
    begin(spec)
    start, jumps = time.monotonic(), _jumps()
    figures = []
    with _sending() as clock:
        for number, jump in enumerate(jumps):
            share = range(len(jumps))[number] * options.messages // len(jumps)
            figures.append(_jump(clock, jump, range(share, (number + 1) * options.messages // len(jumps))))
        is_settled = wait_until(lambda: not _under_way().exists(), 120)
    alarms, meanwhile, while_held = zip(*figures, strict=True)
    notes = (
        f"{len(jumps)} jumps, {sum(alarm is not None for alarm in alarms)} noticed, the last within "
        f"{max(alarm or LONGEST for alarm in alarms):.1f} s; {sum(meanwhile)} sent by jobs that had begun before, "
        f"{sum(while_held)} after the alarm"
    )
    result = Result("R11", judge(read_history(spec)), time.monotonic() - start, options.messages)
    return result.with_notes(notes, is_right=is_settled and None not in alarms and not sum(while_held))


def _jumps():
    """Seconds, forward and back."""
    now = datetime.now(UTC)
    leap_days = [datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC)]
    plain = [HOUR, -HOUR, DAY, -DAY, timedelta(minutes=11), -timedelta(minutes=11)]
    return [int(jump.total_seconds()) for jump in [*plain, *(day - now for day in leap_days)]]


def _jump(clock, jump, indices):
    """(seconds to the alarm, requests between jump and alarm, requests while the clock was known to be wrong)."""
    plan_occurrences(indices)
    wait_until(lambda: _under_way().count() < len(indices) * 2 // 3, 60)
    clock.write_text(f"{jump:+d}")
    jumped = time.time()
    is_noticed = wait_until(Hold.objects.filter(ended_at=None).exists, 60)
    # A job that began before goes on by the boot clock, and so in the right hour, for as long as a job may.
    time.sleep(settings.MESSAGING_SECONDS["job_budget"] + settings.MESSAGING_SECONDS["http_timeout"])
    noticed = time.time()
    time.sleep(HELD)
    back = time.time()
    clock.write_text("+0")
    wait_until(lambda: not Hold.objects.filter(ended_at=None).exists(), 60)
    alarm = Hold.objects.order_by("pk").last()
    alarm_seconds = noticed - jumped if is_noticed and alarm else None
    return alarm_seconds, accepted_between(jumped, noticed), accepted_between(noticed, back)


def _under_way():
    return OutboundMessage.objects.filter(status__in=UNDER_WAY)


@contextmanager
def _sending():
    """Workers with a clock of their own, which stands in a file, and a provider with the right one."""
    clock = Path(settings.VAR_DIR) / "clock"
    clock.write_text("+0")
    provider = Role("twilio", processes.run_stand_in)
    workers = [_start_worker(clock, number) for number in range(WORKERS)]
    try:
        yield clock
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        provider.stop(1)


def _start_worker(clock, number):
    with (Path(settings.VAR_DIR) / f"worker{number}.log").open("a") as log:
        return subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "config.chaos.clocked_worker", str(os.getpid())],
            env={
                **os.environ,
                "LD_PRELOAD": _library(),
                "FAKETIME_TIMESTAMP_FILE": str(clock),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            },
            stdout=log,
            stderr=log,
        )


def _library():
    found = [path for path in LIBRARIES if Path(path).exists()]
    if not found:
        raise CommandError(_("R11 needs libfaketime: install the package “libfaketime”."))
    return found[0]
