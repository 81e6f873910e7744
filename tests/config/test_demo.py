"""`manage.py demo` as a newcomer starts it: for real, in a folder of its own, on the database of this run."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from branches.roles import Role
from config.demo import DemoError, checks


class Demo:
    """A folder, two ports and, on PostgreSQL, an empty database for a demo."""

    def __init__(self, folder, database_url):
        self.folder = folder
        self.env = {**os.environ, "VAR_DIR": str(folder), "DATABASE_URL": database_url}
        if not database_url:
            del self.env["DATABASE_URL"]
        self.ports = (free_port(), free_port())

    def run(self, *options, **env):
        return subprocess.run(self._command(*options), env=self.env | env, text=True, capture_output=True, timeout=120)

    def start(self):
        """A running demo, up."""
        process = subprocess.Popen(
            self._command(), env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for line in process.stdout:
            if "Ctrl-C" in line:
                return process
        pytest.fail(process.stderr.read())

    def _command(self, *options):
        ports = [f"--port={self.ports[0]}", f"--twilio-port={self.ports[1]}"]
        return [sys.executable, settings.BASE_DIR / "manage.py", "demo", *ports, *options]

    def processes(self):
        """The living processes with this demo's folder in their environment."""
        mark = f"VAR_DIR={self.folder}".encode()
        living = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended meanwhile, or somebody else's
                if mark in (process / "environ").read_bytes():
                    living.append(int(process.name))
        return sorted(living)

    def is_gone(self, *, seconds):
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.processes() == []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def database_url():
    """Of an empty database beside that of the tests; on SQLite the demo makes its own."""
    if connection.vendor == "sqlite":
        yield ""
        return
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}".format(**settings.DATABASES["default"])
    name = f"{settings.DATABASES['default']['NAME']}_demo"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as session:
        session.execute(f'CREATE DATABASE "{name}"')
        yield f"{address}/{name}"
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def demo(tmp_path_factory, database_url):
    """A loaded demo, made from a folder whose database was broken."""
    folder = tmp_path_factory.mktemp("demo")
    demo = Demo(folder, database_url)
    if connection.vendor == "sqlite":
        (folder / "demo").mkdir()
        (folder / "demo" / "qingxiao.sqlite3").write_bytes(b"no database at all" * 1000)
    demo.loading = demo.run("--no-server", "--fresh")
    return demo


@pytest.fixture
def running(demo):
    process = demo.start()
    yield process
    process.kill()
    process.communicate()
    assert demo.is_gone(seconds=10)


def assert_one_sentence(finished, *words):
    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert re.search(r"[\u4e00-\u9fff].*。$", finished.stderr)
    for word in words:
        assert word in finished.stderr


def test_load_prints_a_sign_in_for_each_role(demo):
    lines = demo.loading.stdout.splitlines()

    assert (demo.loading.returncode, demo.loading.stderr) == (0, "")
    for role in Role:
        assert any(re.fullmatch(rf"{role.label} +\S+ +1\d{{10}} +qingxiao-demo", line) for line in lines), role


def test_second_start_keeps_the_data_and_loads_nothing(demo):
    loading, sign_ins = demo.loading.stdout.split("\n", 1)

    finished = demo.run("--no-server")

    assert "演示" in loading
    assert finished.stdout == sign_ins


def test_ctrl_c_stops_everything(demo, running):
    assert len(demo.processes()) >= 4  # this one, the pages, the stand-in, the jobs and theirs

    running.send_signal(signal.SIGINT)

    assert running.wait(30) == 0
    assert running.stderr.read() == ""
    assert demo.processes() == []


def test_killed_supervisor_leaves_nothing_running(demo, running):
    running.kill()

    assert demo.is_gone(seconds=30)


def test_process_that_dies_ends_the_demo_and_is_named(demo, running):
    pages = demo.processes()[1]  # the first that was started

    os.kill(pages, signal.SIGKILL)

    assert running.wait(30) == 1
    assert "web" in running.stderr.read()
    assert demo.processes() == []


def test_second_demo_in_the_folder_is_refused(demo):
    with (demo.folder / "demo" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert_one_sentence(demo.run("--no-server"), str(demo.folder))


def test_port_in_use(demo):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", demo.ports[1]))
        other.listen()

        assert_one_sentence(demo.run(), str(demo.ports[1]), "--twilio-port")


def test_unwritable_folder(demo, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.touch()

    assert_one_sentence(demo.run(VAR_DIR=str(in_the_way)), str(in_the_way))


def test_broken_database_file(demo, tmp_path):
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database at all" * 1000)

    assert_one_sentence(demo.run(DATABASE_URL=f"sqlite:///{broken}"), str(broken))


def test_unreachable_database_server(demo):
    url = f"postgres://nobody@127.0.0.1:{free_port()}/nowhere"

    assert_one_sentence(demo.run(DATABASE_URL=url), "nowhere", "DATABASE_URL")


def test_missing_books(monkeypatch, tmp_path):
    monkeypatch.setattr(checks, "BOOKS", tmp_path)

    with pytest.raises(DemoError, match=str(tmp_path)):
        checks.refuse_missing_books()
