"""What the experiments with servers and disks say when a machine lacks what they need; the experiments are commands."""

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from config.chaos import disks, outages, servers
from config.chaos.environment import OWN_SERVER, SERVER
from config.chaos.servers import ServerError

PROJECT = Path(__file__).resolve().parents[2]


def test_r6_does_not_restart_everybodys_server(monkeypatch):
    monkeypatch.setenv(SERVER, "postgres://school@127.0.0.1/postgres")
    monkeypatch.setenv(OWN_SERVER, "")

    with pytest.raises(ServerError, match="--database own"):
        outages.run_outages(Namespace())


def test_missing_redis_is_said_in_a_sentence(tmp_path):
    (tmp_path / "bin").mkdir()
    process = subprocess.run(
        [sys.executable, "manage.py", "chaos", "R7"],
        cwd=PROJECT, env={**os.environ, "TMPDIR": str(tmp_path), "PATH": str(tmp_path / "bin")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert process.returncode == 1
    assert "redis-server" in process.stderr
    assert "Traceback" not in process.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "bin"]


def test_missing_postgresql_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda path, pattern: iter(()))
    monkeypatch.setattr(shutil, "which", lambda program: None)

    with pytest.raises(ServerError, match="initdb"):
        servers._postgresql_programs()


def test_newest_postgresql_is_taken(monkeypatch, tmp_path):
    found = [tmp_path / version / "bin" / "initdb" for version in ("9", "17", "15")]
    monkeypatch.setattr(Path, "glob", lambda path, pattern: iter(found))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert servers._postgresql_programs() == tmp_path / "17" / "bin"


def test_server_ends_with_its_command(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    server = servers.Server(["sleep", "60"])
    server.is_ready = lambda: True

    server.start()
    assert server.process.poll() is None
    server.stop()

    assert server.process.returncode < 0


def test_disk_that_cannot_be_made_is_said_in_a_sentence(monkeypatch, tmp_path):
    def refuse(flags):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "unshare", refuse)

    with pytest.raises(disks.DiskError, match="Operation not permitted"):
        disks.make_small(tmp_path, megabytes=1)
