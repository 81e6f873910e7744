"""Failpoints do nothing without the harness, and with it exactly what it laid out."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core import failpoints
from core.failpoints import FOLDER, failpoint

PROJECT = Path(__file__).resolve().parents[2]
DIE = "from core.failpoints import failpoint; failpoint('here'); print('alive')"


def run(**env):
    return subprocess.run(
        [sys.executable, "-c", DIE],
        cwd=PROJECT, env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_nothing_happens_outside_the_harness():
    assert FOLDER not in os.environ
    assert failpoints._folder is None
    failpoint("here")


def test_one_file_is_one_death(tmp_path):
    (tmp_path / "here.0").write_text("kill")
    (tmp_path / "elsewhere.0").write_text("kill")

    assert run(**{FOLDER: str(tmp_path)}).returncode == -signal.SIGKILL
    assert run(**{FOLDER: str(tmp_path)}).stdout == "alive\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["done-here.0", "elsewhere.0"]


def test_sleep_goes_on_afterwards(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr("core.failpoints._folder", str(tmp_path))
    monkeypatch.setattr("time.sleep", slept.append)
    (tmp_path / "here.0").write_text("sleep 8")

    failpoint("here")

    assert slept == [8.0]
