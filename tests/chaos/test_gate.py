"""The small experiments of docs/reliability.md, with real processes: nothing is lost, doubled, false or unresolved."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from config.chaos.experiments import GATE

PROJECT = Path(__file__).resolve().parents[2]
LONGEST = 460  # seconds; a busy machine may need five times what a quiet one does


@pytest.fixture
def chaos(tmp_path):
    """Start `manage.py chaos` with these words, on the kind of database that the tests run on."""
    started = []
    database = "sqlite" if connection.vendor == "sqlite" else _server_url()

    def chaos(*arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "chaos", "--database", database, *arguments],
            cwd=PROJECT, env={**os.environ, "TMPDIR": str(tmp_path)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        return process

    yield chaos
    for process in started:
        process.kill()
        process.communicate()


def _server_url():
    database = settings.DATABASES["default"]
    login = f"{database['USER']}:{database['PASSWORD']}" if database["PASSWORD"] else database["USER"]
    return f"postgres://{login}@{database['HOST']}:{database['PORT']}/postgres"


def test_gate_finds_nothing(chaos, tmp_path):
    process = chaos("gate")
    output, _nothing = process.communicate(timeout=LONGEST)

    assert process.returncode == 0, output
    passed = re.findall(r"^(\w+) +passed .* lost 0  duplicate 0  false 0  unresolved 0 ", output, re.MULTILINE)
    assert passed == list(GATE), output
    assert list(tmp_path.iterdir()) == []


def test_naive_design_is_found_out(chaos):
    process = chaos("R1", "--design", "naive", "--messages", "200", "--kills", "2")
    output, _nothing = process.communicate(timeout=LONGEST)

    assert process.returncode == 1, output
    assert int(re.search(r"duplicate (\d+)", output)[1]) > 0


def test_nothing_outlives_a_harness_that_is_killed(chaos, tmp_path):
    process = chaos("R1", "--messages", "5000", "--kills", "0")
    _wait_until(lambda: list(tmp_path.glob("*/jobs/*/job_cluster/busy-*")))

    process.send_signal(signal.SIGKILL)

    _wait_until(lambda: _processes_with(str(tmp_path)) == [])


def test_unreachable_server_is_said_in_a_sentence(chaos, tmp_path):
    process = chaos("R13", "--database", "postgres://nobody@127.0.0.1:1/postgres")
    output, _nothing = process.communicate(timeout=LONGEST)

    assert process.returncode == 1
    assert "Traceback" not in output
    assert "127.0.0.1" in output
    assert list(tmp_path.iterdir()) == []


def test_command_refuses_the_settings_of_a_school():
    with pytest.raises(CommandError):
        call_command("chaos")


def _wait_until(is_so, seconds=60):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _processes_with(words):
    """Those whose environment has these words; Linux."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [environ] if words.encode() in environ.read_bytes() else []
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return found
