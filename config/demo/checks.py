"""What may stand in the way of a demo, each said in one sentence before anything is started."""

import errno
import fcntl
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from config.demo import DemoError
from config.demo.environment import HOST

BOOKS = Path(settings.BASE_DIR) / "demo"


def refuse_unwritable_folder():
    folder = Path(settings.VAR_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DemoError(
            _("The folder %(folder)s cannot be written: make it yours, or name another one in VAR_DIR.")
            % {"folder": folder}
        ) from error


def refuse_taken_port(port, option):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            is_taken = getattr(error, "errno", None) == errno.EADDRINUSE
            raise DemoError(_no_port(port, option, is_taken)) from error


def _no_port(port, option, is_taken):
    if is_taken:
        sentence = _("Port %(port)d is in use: stop the program there, or choose another port with %(option)s.")
    else:
        sentence = _("Port %(port)d cannot be opened: choose one from 1024 to 65535 with %(option)s.")
    return sentence % {"port": port, "option": option}


def hold_folder():
    """Refuse a second demo in this folder; the lock is held until the returned file is closed."""
    lock = (Path(settings.VAR_DIR) / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DemoError(
            _("A demo is running in %(folder)s already: stop it first, or name another folder in VAR_DIR.")
            % {"folder": settings.VAR_DIR}
        ) from error
    return lock


@contextmanager
def refusing_broken_database():
    """A file that is no database, a server that does not answer, a full disk: said in a sentence, with its words."""
    try:
        yield
    except (DatabaseError, ImproperlyConfigured) as error:
        reason = str(error).strip().splitlines()[0]
        raise DemoError(_broken() % {"name": connection.settings_dict["NAME"], "reason": reason}) from error


def _broken():
    if connection.vendor == "sqlite":
        return _("The database %(name)s cannot be used (%(reason)s): start over with --fresh.")
    return _("The database %(name)s cannot be used (%(reason)s): check DATABASE_URL.")


def refuse_missing_books():
    if not any(BOOKS.glob("*.xlsx")):
        raise DemoError(
            _("The demo's books are missing: %(folder)s should hold them. Get the project's files again.")
            % {"folder": BOOKS}
        )
