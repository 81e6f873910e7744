"""R6: the database restarts, stays away, is locked, or its disk is full; and the job queue goes on by itself."""

import os
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from config.chaos import disks
from config.chaos.environment import SERVER, disk, has_own_server
from config.chaos.processes import Role
from config.chaos.runs import settle, spread, steady_spec, under_way
from config.chaos.servers import ServerError, own_postgresql
from messaging.models import WITH_PROVIDER, OutboundMessage

LONGEST = 30  # seconds after the end of an outage, until messages go out and the health page is well
LOCK_SECONDS = FULL_SECONDS = 10
BUSY = 40  # messages that a tick plans: some are always on their way
LOOK = 0.3  # seconds between two looks at the health page
LINES = ("is waited for", "cannot be watched")  # what the log says of a database that is away


@dataclass(frozen=True)
class Outage:
    name: str
    fault: object  # a context manager: the outage lasts as long as it
    seconds: float
    is_told: bool  # long enough for the health page and the log to say so


@dataclass(frozen=True)
class Seen:
    outage: Outage
    took: float | None  # seconds until all was well again; None: not in time
    is_on_page: bool
    lines: int  # of the log

    @property
    def is_right(self):
        return self.took is not None and (not self.outage.is_told or (self.is_on_page and self.lines > 0))


def run_outages(options):
    if os.environ[SERVER] and not has_own_server():
        raise ServerError(_("R6 restarts the server, so it wants one of its own: --database own, or sqlite."))
    start, outages = time.monotonic(), list(_outages(options))
    with under_way(steady_spec(options, slice=BUSY)) as driver, _watched():
        seen = [_suffer(driver, outage) for outage in outages]
        result = settle("R6", driver, start)
    kinds = {one.outage.name: [other for other in seen if other.outage.name == one.outage.name] for one in seen}
    notes = "; ".join(f"{name}: {_summary(those)}" for name, those in kinds.items())
    return result.with_notes(notes, is_right=all(one.is_right for one in seen))


def _outages(options):
    if has_own_server():
        for number in range(options.restarts):
            name, signum = [("fast restart", signal.SIGINT), ("immediate restart", signal.SIGQUIT)][number % 2]
            yield Outage(name, partial(_server_away, signum), 0, is_told=False)
        if options.away:
            yield Outage("unreachable", partial(_server_away, signal.SIGINT), options.away, is_told=options.away > 5)
        yield from [Outage("full disk", _server_on_full_disk, FULL_SECONDS, is_told=True)] * options.fills
    else:
        yield from [Outage("lock", _lock, LOCK_SECONDS, is_told=False)] * options.locks
        yield from [Outage("full disk", _full_disk, FULL_SECONDS, is_told=True)] * options.fills


def _suffer(driver, outage):
    log = Path(settings.VAR_DIR) / "jobs.log"
    begun, said = time.time(), log.stat().st_size
    with outage.fault():
        driver.keep_on(lambda: False, seconds=outage.seconds)
    ended, since = time.monotonic(), timezone.now()
    is_back = driver.keep_on(lambda: _is_sending_since(since) and _looks()[-1][1] == 200, seconds=4 * LONGEST)
    took = time.monotonic() - ended
    return Seen(
        outage,
        took=took if is_back and took <= LONGEST else None,
        is_on_page=any(status == 503 for at, status in _looks() if at >= begun),
        lines=sum(any(words in line for words in LINES) for line in log.read_bytes()[said:].decode().splitlines()),
    )


def _is_sending_since(moment):
    return OutboundMessage.objects.filter(status__in=WITH_PROVIDER, status_at__gt=moment).exists()


def _summary(seen):
    back = [one.took for one in seen if one.took is not None]
    told = [one for one in seen if one.outage.is_told]
    said = (
        f", {sum(one.is_on_page for one in told)} on the health page, {sum(one.lines > 0 for one in told)} in the log"
    )
    return f"{len(back)} of {len(seen)} recovered, {spread(back)}{said if told else ''}"


# --- the faults --------------------------------------------------------------------------------------------


@contextmanager
def _server_away(signum):
    own_postgresql().stop(signum)
    try:
        yield
    finally:
        own_postgresql().start()


@contextmanager
def _server_on_full_disk():
    """Room that is left inside the server's files is used up too: it panics when its log cannot grow."""
    with disks.full(disk()) as top_up:
        top_up()
        with suppress(psycopg.Error), psycopg.connect(os.environ[SERVER], autocommit=True) as database:
            for _megabyte in range(100):
                database.execute("SELECT pg_logical_emit_message(false, 'chaos', repeat('x', 1000000))")
        yield
    own_postgresql().bring_back()


@contextmanager
def _full_disk():
    with suppress(sqlite3.OperationalError), closing(_open_file(timeout=5)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or there is room in the log
    with disks.full(disk()):
        yield


@contextmanager
def _lock():
    """Another program holds the file for itself; it does not wait for us to let go."""
    role = Role("lock", _hold_lock)
    try:
        yield
    finally:
        role.process.join()


def _hold_lock():
    with closing(_open_file(timeout=60)) as database:
        database.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCK_SECONDS)
        database.execute("ROLLBACK")


def _open_file(*, timeout):
    return sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=timeout, isolation_level=None)


# --- the health page ---------------------------------------------------------------------------------------


@contextmanager
def _watched():
    role = Role("health", _watch)
    try:
        yield
    finally:
        role.stop(1)


def _watch():
    with _looks_file().open("a", buffering=1) as file:
        while True:
            file.write(f"{time.time()} {_look()}\n")
            time.sleep(LOOK)


def _look():
    """The status of the page, or 0 when the site did not answer."""
    try:
        with urllib.request.urlopen(f"{settings.PUBLIC_BASE_URL}/healthz/jobs", timeout=25) as answer:  # noqa: S310
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _looks():
    """[(moment, status)]"""
    lines = [line.split() for line in _looks_file().read_text().splitlines() if " " in line]
    return [(float(at), int(status)) for at, status in lines] or [(0, 0)]


def _looks_file():
    return Path(settings.VAR_DIR) / "health.looks"
