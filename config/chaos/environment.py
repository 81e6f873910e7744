"""A folder, a database and a made-up SMS account for one run: `manage.py` enters it before Django reads the settings.

Neither the school's database nor its account is ever touched: the run makes a database, and drops it in the end.
"""

import argparse
import os
import secrets
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

HOST = "127.0.0.1"
PREFIX = "qingxiao_chaos_"  # of the databases that runs make; the number of the process follows
SERVER = "QINGXIAO_CHAOS_SERVER"  # environment: where that database is made; empty with SQLite
HOST_NAME = "QINGXIAO_CHAOS_HOST"  # environment: what a process takes for the name of its machine
OWN_SERVER = "QINGXIAO_CHAOS_OWN"  # environment: the run starts that server itself
TIMES = "QINGXIAO_CHAOS_TIMES"  # environment: "production", or short ones


def enter(arguments):
    """Set all that the settings read, as the command's options say."""
    options = _options(arguments)
    server = _server(options.database)
    folder = Path(tempfile.gettempdir()) / f"qingxiao-chaos-{os.getpid()}"  # the command makes it
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.chaos.settings",
        VAR_DIR=str(folder),
        QINGXIAO_FAILPOINTS=str(folder / "failpoints"),
        QINGXIAO_CHAOS_SERVER=server,
        QINGXIAO_CHAOS_WORKERS=str(options.workers),
        QINGXIAO_CHAOS_OWN="1" if options.database == "own" else "",
        QINGXIAO_CHAOS_TIMES="production" if options.production_times else "",
        REDIS_URL=_redis_url() if options.broker == "redis" or "R7" in arguments else "",
        DATABASE_URL=_own_database(server) if server else f"sqlite:///{folder}/disk/chaos.sqlite3",
        SECRET_KEY=secrets.token_urlsafe(50),
        LOG_LEVEL="WARNING",
        DEBUG="0",
        ALLOWED_HOSTS=HOST,
        BEHIND_PROXY="0",
        PUBLIC_BASE_URL=f"http://{HOST}:{_free_port()}",
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_AUTH_TOKEN=secrets.token_hex(16),
        TWILIO_PREVIOUS_AUTH_TOKEN="",
        TWILIO_PARTS_PER_SECOND=str(options.pace if "R9" in arguments else 0),
        TWILIO_FROM="+15005550006",  # Twilio's own number for tests
        TWILIO_API_BASE_URL=f"http://{HOST}:{_free_port()}",
    )


def add_early_arguments(parser):
    """Those that the settings depend on."""
    parser.add_argument(
        "--database",
        default="sqlite",
        help="sqlite; postgres://… of a server where this user may create databases; own: a PostgreSQL server that the "
        "run starts and stops",
    )
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument(
        "--broker", choices=["orm", "redis"], default="orm", help="redis: a Redis that the run starts; R7 needs it"
    )
    parser.add_argument("--pace", type=float, default=10, help="of R9: parts that a sender may send in a second")
    parser.add_argument("--production-times", action="store_true", help="a lease of 300 s, and all else as in a school")


def has_own_server():
    return bool(os.environ[OWN_SERVER])


def disk():
    """The folder of the run's own database."""
    return Path(os.environ["VAR_DIR"]) / "disk"


def has_production_times():
    return os.environ.get(TIMES) == "production"


def host_name():
    return os.environ.get(HOST_NAME, "")


def _server(database):
    if database == "own":
        return f"postgres://qingxiao@{HOST}:{_free_port()}/postgres"
    return "" if database.startswith("sqlite") else database


def _redis_url():
    return f"redis://:{secrets.token_hex(16)}@{HOST}:{_free_port()}/0"


def _options(arguments):
    """The command itself reads its options too late: when the settings are made."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    add_early_arguments(parser)
    try:
        return parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError:  # the command will say so
        return parser.parse_args([])


def _own_database(server):
    return urlunsplit(urlsplit(server)._replace(path=f"/{PREFIX}{os.getpid()}"))


def _free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
