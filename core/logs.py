"""What must not stand in a log: an address that is a key, and a page of traceback for a database that is away."""

import logging
import re

from django.db import DatabaseError, InterfaceError


class HideSecrets(logging.Filter):
    """Cuts what follows `before` out of every text of a record, e.g. the secret of "/feeds/….ics"."""

    def __init__(self, before):
        super().__init__()
        self.secret = re.compile(rf"(?<={re.escape(before)})[^/\s\"'?]{{20,}}")

    def filter(self, record):
        record.msg = self._hidden(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(map(self._hidden, record.args))
        return True

    def _hidden(self, value):
        return self.secret.sub("…", value) if isinstance(value, str) else value


class ShortDatabaseTrouble(logging.Filter):
    """One line, not one traceback per process and task: where it happened says nothing when the database is away."""

    WORDS = "django.db.utils."  # django-q2 writes the traceback of a failed task into its message

    def filter(self, record):
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (DatabaseError, InterfaceError)):
            record.msg, record.args, record.exc_info = f"{message}: {error}".splitlines()[0], (), None
        elif self.WORDS in message:
            record.msg, record.args = message.splitlines()[0], ()
        return True
