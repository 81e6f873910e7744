"""What every experiment does: begin with nothing, run, judge."""

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.db import connections

from config.chaos.databases import empty_database
from config.chaos.driver import Driver
from config.chaos.history import Verdict, judge, read_history
from config.chaos.processes import LEDGER
from config.chaos.spec import current_spec

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
