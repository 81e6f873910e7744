"""Run by the supervisor's test: a periodic job that leaves a trace, and the supervisor in a hurry."""

import os
import time
from pathlib import Path

from django.conf import settings


def tick():
    with (Path(settings.VAR_DIR) / "ticks").open("a") as trace:
        trace.write(f"{os.getpid()} {time.time()}\n")


def work_long(seconds):
    time.sleep(seconds)


def send_slowly():
    """As long as a request to a provider may take."""
    trace = Path(settings.VAR_DIR)
    (trace / "begun").touch()
    time.sleep(1)
    (trace / "done").touch()


if __name__ == "__main__":
    import django

    django.setup()

    from core.supervisor import Supervisor, Timing

    Supervisor(Timing(pulse=0.5, silence=3, grace=2, longest_pause=0.5)).run()
