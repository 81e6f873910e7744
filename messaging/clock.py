"""Time while a job runs: the `now` it was given, moving on, and a clock that nobody sets."""

import time
from datetime import timedelta

# CLOCK_MONOTONIC stands still while a Linux machine sleeps; a lease does not.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def seconds():
    """Seconds since the machine was started: for deadlines, whatever happens to the wall clock."""
    return time.clock_gettime(_CLOCK) if _CLOCK is not None else time.monotonic()


class Clock:
    """`now` as the job got it, and later the same plus the time that has passed."""

    def __init__(self, now):
        self.started_at = now
        self.start = seconds()

    def elapsed(self):
        return seconds() - self.start

    def now(self, at=None):
        """The moment of a reading of `seconds()`; without one, of this instant."""
        return self.started_at + timedelta(seconds=(at or seconds()) - self.start)
