"""Named places where the chaos harness lets a process die or stand still: `manage.py chaos`.

Anywhere else the environment names no folder, and a failpoint is one comparison. In that folder a file called
"<name>.<anything>" is good for one stroke; its text says which: "kill", or "sleep 8" (seconds). Whoever renames the
file gets the stroke, so that as many fall as were laid out.
"""

import os
import signal
import time
from pathlib import Path

FOLDER = "QINGXIAO_FAILPOINTS"  # environment
_folder = os.environ.get(FOLDER)


def failpoint(name):
    """Die here, or sleep, if the harness wants it."""
    if _folder is not None:
        _strike(Path(_folder), name)


def _strike(folder, name):
    for stroke in folder.glob(f"{name}.*"):
        try:
            done = stroke.rename(folder / f"done-{stroke.name}")
        except FileNotFoundError:  # another process was faster
            continue
        action, _blank, seconds = done.read_text().partition(" ")
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(seconds))
