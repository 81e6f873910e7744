"""What every experiment does: begin with nothing, run, judge."""

import shutil
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.db import connections

from config.chaos.databases import empty_database
from config.chaos.driver import Driver
from config.chaos.history import Verdict, judge, read_history
from config.chaos.processes import LEDGER
from config.chaos.spec import Spec, current_spec
from messaging.models import OutboundMessage, Status

TRICKLE = 12  # messages that a tick plans, where an experiment sends as long as it lasts
LONGEST = 1800  # seconds; what is not settled by then is unresolved


@dataclass(frozen=True)
class Result:
    """What an experiment saw. `notes` are its own figures."""

    name: str
    verdict: Verdict
    wall: float  # seconds
    messages: int
    notes: str = ""
    is_right: bool = True  # what it asks beyond the four counts

    @property
    def has_passed(self):
        return self.is_right and self.verdict.is_clean

    def with_notes(self, notes, *, is_right=True):
        return replace(self, notes=f"{self.notes}; {notes}".removeprefix("; "), is_right=is_right)


def run(name, spec, strokes=(), **options):
    """Send all of a spec's messages under fire; `options` are the driver's."""
    begin(spec)
    start = time.monotonic()
    with Driver(spec, strokes, **options) as driver:
        driver.run(seconds=LONGEST)
        wall = time.monotonic() - start
    struck = ", ".join(f"{count} {kind}" for kind, count in sorted(driver.struck.items()))
    return Result(name, judge(read_history(spec)), wall, spec.messages, notes=struck)


STEADY = {"latency": 0.02, "reported": 0.2}  # a provider on a good day: what goes wrong then is ours


def steady_spec(options, **changes):
    """A trickle of messages without end: as many as the experiment lasts."""
    return Spec(**{"seed": options.seed, "messages": 10**7, "slice": TRICKLE, "misfortune": STEADY, **changes})


@contextmanager
def under_way(spec, **options):
    """A driver whose queue works and sends, for an experiment that makes its own strokes."""
    begin(spec)
    with Driver(spec, **options) as driver:
        if not driver.keep_on(lambda: OutboundMessage.objects.filter(status=Status.ACCEPTED).exists(), seconds=120):
            raise RuntimeError("the job queue never began to send")
        yield driver


def settle(name, driver, start):
    """Plan no more, send what is left, and judge all that was planned."""
    driver.is_planning = False
    driver.run(seconds=LONGEST)
    driver.stop()
    spec = replace(driver.spec, messages=OutboundMessage.objects.count())
    return Result(name, judge(read_history(spec)), time.monotonic() - start, spec.messages)


def spread(times):
    """How seconds are distributed, in words."""
    if not times:
        return "none"
    p95 = statistics.quantiles(times, n=20, method="inclusive")[18] if len(times) > 1 else times[0]
    return f"p50 {statistics.median(times):.1f} s, p95 {p95:.1f} s, longest {max(times):.1f} s"


def begin(spec):
    """Forget what was before; from now on the run's processes read this spec."""
    folder = Path(settings.VAR_DIR)
    for file in [*folder.glob(f"{LEDGER}*"), *folder.glob("web-*.times")]:
        file.unlink()
    shutil.rmtree(folder / "failpoints", ignore_errors=True)
    (folder / "failpoints").mkdir()
    spec.write()
    current_spec.cache_clear()
    empty_database()
    connections.close_all()
