"""The processes of a run, and who of them may be struck: the stand-in, the site, the job queue under its supervisor."""

import multiprocessing
import os
import shutil
import signal
import socket
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import waitress
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

from config.chaos.environment import HOST_NAME, has_production_times
from config.chaos.spec import SPEC, current_spec
from core.processes import die_with_parent
from core.supervisor import Supervisor, Timing
from messaging.fake_twilio.seeded import Fault, Misfortune
from messaging.fake_twilio.server import FakeTwilio

LEDGER = "fake_twilio.sqlite3"
# A fiftieth of production's, as far as starting a process of its own allows.
SHORT = Timing(pulse=0.5, silence=6, busy=20, grace=2, longest_pause=1, failures_before_fallback=1000)
TIMING = Timing() if has_production_times() else SHORT


class Role:
    """A process that the driver starts, and starts again. It is forked: Django is loaded once for all."""

    def __init__(self, name, work):
        self.name, self.work = name, work
        self.start()

    def start(self):
        connections.close_all()
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_be_role, args=[self.name, self.work, os.getpid()], name=self.name)
        self.process.start()

    @property
    def pid(self):
        return self.process.pid

    def keep_up(self):
        if not self.process.is_alive():
            self.process.join()
            self.start()

    def stop(self, seconds):
        self.process.terminate()
        self.process.join(seconds)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.join()


def _be_role(name, work, driver_pid):
    os.setsid()
    log = os.open(Path(settings.VAR_DIR) / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)
    die_with_parent(signal.SIGKILL)
    if os.getppid() == driver_pid:
        work()


def run_stand_in():
    fate = dict(current_spec().misfortune)
    faults = tuple(Fault(**fault) for fault in fate.pop("faults", []))
    fake = FakeTwilio(
        account_sid=settings.TWILIO_ACCOUNT_SID,
        auth_token=settings.TWILIO_AUTH_TOKEN,
        path=Path(settings.VAR_DIR) / LEDGER,
        port=urlsplit(settings.TWILIO_API_BASE_URL).port,
        misfortune=Misfortune(seed=current_spec().seed, faults=faults, **fate),
    )
    fake.start()


def run_site():
    address = urlsplit(settings.PUBLIC_BASE_URL).netloc
    waitress.serve(get_wsgi_application(), listen=address, threads=4, _quiet=True)


def run_jobs(**timing):
    Supervisor(replace(TIMING, **timing)).run()


def run_jobs_of_host(number):
    """The same on a machine of its own: another name, another folder; only the database is shared."""
    name = f"host-{number}"
    folder = Path(settings.VAR_DIR) / name
    folder.mkdir(exist_ok=True)
    shutil.copy(Path(settings.VAR_DIR) / SPEC, folder)
    os.environ.update({HOST_NAME: name, "VAR_DIR": str(folder)})
    settings.VAR_DIR, socket.gethostname = folder, lambda: name
    run_jobs()


# --- who is there ------------------------------------------------------------------------------------------


def children_of(pid):
    """The living children of a process, the eldest first."""
    with suppress(FileNotFoundError, ProcessLookupError):
        tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [child for child in map(int, tasks) if not _is_zombie(child)]
    return []


def _is_zombie(pid):
    with suppress(FileNotFoundError, ProcessLookupError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def workers_of(supervisor_pid):
    """Processes of the cluster that are at a task just now."""
    cluster = cluster_of(supervisor_pid)
    files = Path(settings.VAR_DIR).glob(f"**/jobs/*-{supervisor_pid}/job_cluster/busy-*")
    busy = {int(file.name.removeprefix("busy-")) for file in files}
    return [pid for pid in cluster if pid in busy]


def cluster_of(supervisor_pid):
    """Main process, sentinel, and then its workers, pusher and monitor."""
    main = children_of(supervisor_pid)[:1]
    sentinel = [pid for parent in main for pid in children_of(parent)][:1]
    return main + sentinel + [pid for parent in sentinel for pid in children_of(parent)]


def name_of(pid):
    """What the kernel calls a process: pusher, monitor, worker (apps.py)."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def of_this_run():
    """All living processes of clusters that this run has started: they know its folder by their environment."""
    words, found = f"VAR_DIR={settings.VAR_DIR}".encode(), set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or belongs to somebody else
            pid = int(environ.parent.name)
            if words in environ.read_bytes() and not _is_zombie(pid):
                found.add(pid)
    return found


def wait_until(is_so, seconds, pause=0.05):
    """Whether it came to be so in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(pause)
    return False
