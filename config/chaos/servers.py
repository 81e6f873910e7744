"""Servers that a run starts for itself, in its own folder and on a free port: PostgreSQL and Redis.

They run in the foreground and end with the command, be it killed.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.utils.translation import gettext as _

from config.chaos.environment import HOST, SERVER, disk, has_own_server
from config.chaos.processes import wait_until
from core.processes import die_with_parent

READY = 60  # seconds that a server may take to start, or to recover
SYSTEM_USER = "postgres"  # PostgreSQL refuses to run as root


_own = {}  # the servers of this run


class ServerError(Exception):
    """A server cannot be started here; it says why and what to do."""


class Server:
    """One program. `end` is the signal it gets when this process dies."""

    name, end = "", signal.SIGTERM

    def __init__(self, command, *, user=None):
        self.command, self.user, self.process = command, user, None

    def start(self):
        with self._log() as log:
            self.process = subprocess.Popen(  # noqa: S603  our own command
                self.command,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=partial(die_with_parent, self.end), **_as_user(self.user),
            )  # fmt: skip
        if not wait_until(self.is_ready, READY):
            problem = _("%(name)s does not start: its log is in the folder that --keep leaves.")
            raise ServerError(problem % {"name": self.name})

    def stop(self, signum=None):
        """Wait until it has ended."""
        self.process.send_signal(signum or self.end)
        self.process.wait()

    def bring_back(self):
        """Wait until it answers again; start it when it has ended."""
        time.sleep(0.2)  # it may be about to
        if self.process.poll() is not None:
            self.start()
        elif not wait_until(self.is_ready, READY):
            self.stop(signal.SIGKILL)
            self.start()

    def _log(self):
        return (Path(settings.VAR_DIR) / f"{self.name}.log").open("ab")


class Postgresql(Server):
    name, end = "postgresql", signal.SIGQUIT

    def __init__(self):
        programs, user = _postgresql_programs(), SYSTEM_USER if os.geteuid() == 0 else None
        self.data, self.url = disk() / "postgresql", os.environ[SERVER]
        self.data.mkdir(mode=0o700)
        if user:
            shutil.chown(self.data, user, pwd.getpwnam(user).pw_gid)
        with self._log() as log:
            subprocess.run(  # noqa: S603
                [programs / "initdb", f"--pgdata={self.data}", "--username=qingxiao", "--auth=trust", "--encoding=UTF8",
                 "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1"],
                check=True, stdout=log, stderr=log, cwd="/", **_as_user(user),
            )  # fmt: skip
        options = {
            "port": urlsplit(self.url).port, "listen_addresses": HOST, "unix_socket_directories": "",
            "max_connections": 200, "min_wal_size": "2MB", "max_wal_size": "32MB",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        super().__init__([programs / "postgres", "-D", self.data, *words], user=user)

    def is_ready(self):
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer(Server):
    name = "redis"

    def __init__(self):
        program, address = shutil.which("redis-server"), urlsplit(settings.REDIS_URL)
        if program is None:
            raise ServerError(_("R7 needs redis-server on this machine; Debian and Ubuntu have it as “redis-server”."))
        file = Path(settings.VAR_DIR) / "redis.conf"  # its password is for nobody's list of processes
        file.write_text(
            f'bind {HOST}\nport {address.port}\nrequirepass {address.password}\nsave ""\nappendonly no\n'
            f"dir {settings.VAR_DIR}\n"
        )
        super().__init__([program, file])

    def client(self):
        return redis.from_url(settings.REDIS_URL, socket_timeout=5)

    def is_ready(self):
        try:
            return self.client().ping()
        except redis.RedisError:
            return False


def start_servers():
    """Those that this run asked for."""
    if has_own_server():
        _own["postgresql"] = Postgresql()
    if settings.REDIS_URL:
        _own["redis"] = RedisServer()
    for server in _own.values():
        server.start()


def stop_servers():
    for server in _own.values():
        if server.process and server.process.poll() is None:
            server.stop(signal.SIGKILL if server.name == "redis" else signal.SIGQUIT)


def own_postgresql():
    return _own["postgresql"]


def own_redis():
    return _own["redis"]


def _as_user(name):
    if name is None:
        return {}
    person = pwd.getpwnam(name)
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


def _postgresql_programs():
    """The folder of the newest PostgreSQL server; Debian keeps it off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise ServerError(_("--database own needs PostgreSQL's programs (initdb, postgres) on this machine."))
    if os.geteuid() == 0 and SYSTEM_USER not in {person.pw_name for person in pwd.getpwall()}:
        raise ServerError(_("PostgreSQL refuses to run as root: start the harness as another user."))
    return (found[-1] if found else Path(on_path)).resolve().parent
