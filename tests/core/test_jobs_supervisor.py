"""The supervisor for real: its processes are killed, and it must bring the queue back and leave nobody behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SETTINGS = "tests.core.jobs_settings"


def wait_for(condition, *, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.1)
    pytest.fail(f"not within {seconds} s: {condition.__name__}")


def group_members(pgid):
    """The living processes of a process group, the main one first."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,pgid=,stat="],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in listing.stdout.splitlines()]
    return sorted(int(pid) for pid, group, state in rows if int(group) == pgid and not state.startswith("Z"))


class RunningSupervisor:
    def __init__(self, folder):
        self.folder = folder
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "VAR_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "SECRET_KEY": "only for this test",
        }
        self.manage("migrate", "--verbosity=0")
        self.manage("sync_schedules")
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.core.jobs_probe"],
                cwd=PROJECT, env=self.env, stdout=log, stderr=log,
            )  # fmt: skip
        self.groups = set()

    def manage(self, *arguments):
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT, env=self.env, check=True)

    def query(self, sql, *parameters):
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def answered_pulses(self):
        return self.query("SELECT count(*) FROM django_q_task WHERE func = 'core.jobs.pulse'")[0][0]

    def wait_for_a_pulse(self, *, seconds=12):
        before = self.answered_pulses()
        wait_for(lambda: self.answered_pulses() > before, seconds=seconds)

    def cluster(self):
        """The processes of the present cluster: main, sentinel, and the others."""
        listing = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        for pid in map(int, listing.stdout.split()):
            self.groups.add(pid)
            return group_members(pid)
        return []

    def survivors(self):
        return [pid for group in self.groups for pid in group_members(group)]


@pytest.fixture
def supervisor(tmp_path):
    running = RunningSupervisor(tmp_path)
    yield running
    running.process.kill()
    running.process.wait()
    for group in running.groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def test_supervisor_keeps_the_queue_running_and_ends_with_all_its_processes(supervisor):
    supervisor.wait_for_a_pulse()
    _main, _sentinel, *others = wait_for(lambda: len(supervisor.cluster()) >= 6 and supervisor.cluster(), seconds=5)

    for worker in others:  # an idle worker may die with the queue's lock, and then everything stands still
        os.kill(worker, signal.SIGKILL)
    supervisor.wait_for_a_pulse()

    os.kill(supervisor.cluster()[1], signal.SIGKILL)
    supervisor.wait_for_a_pulse()

    os.kill(supervisor.cluster()[0], signal.SIGKILL)
    supervisor.wait_for_a_pulse()

    supervisor.process.terminate()
    assert supervisor.process.wait(10) == 0
    assert supervisor.survivors() == []
    assert supervisor.query("SELECT count(*) FROM django_q_ormq WHERE key LIKE 'pulse:%'") == [(0,)]
    assert [folder for folder in (supervisor.folder / "jobs").iterdir() if folder.name != "tries"] == []


def test_cluster_does_not_outlive_a_killed_supervisor(supervisor):
    supervisor.wait_for_a_pulse()
    assert len(supervisor.cluster()) >= 6

    supervisor.process.kill()

    wait_for(lambda: supervisor.survivors() == [], seconds=10)
