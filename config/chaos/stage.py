"""What a run stands on: its folder, its disk, its servers, its database. All of it is gone in the end."""

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from django.conf import settings

from config.chaos import disks, servers
from config.chaos.databases import drop_database, make_database
from config.chaos.environment import disk, has_own_server

SMALL = {"sqlite": 48, "postgresql": 256}  # megabytes: room for a run, and soon full


@contextmanager
def stage(*, keep, is_filled):
    """`is_filled`: an experiment fills the disk, which then is one of the run's own."""
    try:
        _make_folder(is_filled)
        servers.start_servers()
        make_database()
        yield
    finally:
        with suppress(psycopg.Error):
            drop_database()
        servers.stop_servers()
        disks.take_away(disk())
        if not keep:
            shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


def _make_folder(is_filled):
    """Closed to others; the user of a server of our own may pass through."""
    Path(settings.VAR_DIR).mkdir(mode=0o711 if has_own_server() else 0o700)
    disk().mkdir()
    if is_filled:
        disks.make_small(disk(), megabytes=SMALL["postgresql" if has_own_server() else "sqlite"])
