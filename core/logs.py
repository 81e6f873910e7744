"""What must not stand in a log: an address that is itself a key."""

import logging
import re


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
