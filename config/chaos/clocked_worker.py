"""A worker of R11, in a process of its own: libfaketime is loaded when a process starts. See clocks.py."""

import os
import select
import sys


def work(parent):
    """What the schedule does every minute, until the harness ends."""
    from config.chaos import jobs
    from core.processes import die_with_parent

    die_with_parent()
    while os.getppid() == parent:
        jobs.drain()
        jobs.reconcile()
        select.select([], [], [], 0.3)  # time.sleep does not work under libfaketime


if __name__ == "__main__":
    import django

    django.setup()
    work(int(sys.argv[1]))
