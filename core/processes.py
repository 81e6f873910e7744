"""What the processes of the job queue know of each other: parents, children and the order to stop."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

RUN_DIR = "QINGXIAO_JOBS_DIR"  # environment: the folder that a supervisor shares with its processes
_PR_SET_PDEATHSIG = 1


def is_stopping():
    """Whether this process was asked to come to an end: a long job leaves off after its present step."""
    folder = os.environ.get(RUN_DIR)
    return bool(folder) and (Path(folder) / "stop").exists()


def die_with_parent(signum=signal.SIGKILL):
    """Have the kernel signal this process when its parent dies, even by kill -9. Linux only; else nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signum)


def follow_parent(parent_pid, *, grace):
    """End this process group once the parent is gone: ask at first, kill after `grace` seconds.

    Runs in a thread of its own, and works on every system that has process groups.
    """
    while os.getppid() == parent_pid:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
