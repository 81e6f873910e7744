"""The demo's environment: a folder, a database and a text-message service of its own.

`manage.py` enters it before Django reads the settings, for the commands in FOLDERS; the processes that a demo
starts inherit it. What a `.env` file says for the real school is overruled here: a demo neither touches its
data nor sends a text. Only a DATABASE_URL of the command line itself counts, and `school` looks at what that
database holds.
"""

import argparse
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"  # nobody else's machine reaches a demo: its password is in the manual
FOLDERS = {"demo": "demo", "bench": "demo", "screenshots": "screenshots"}  # by command, under VAR_DIR


def enter(command, arguments):
    """Set all that the settings read, as the command and its options say."""
    folder = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve() / FOLDERS[command]
    port, twilio_port = (_free_port(), _free_port()) if command == "screenshots" else _ports(arguments)
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{quote(str(folder))}/qingxiao.sqlite3")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ["LOG_FORMAT"] = "line"  # a person reads it
    os.environ.update(
        VAR_DIR=str(folder),
        SECRET_KEY=_secret_key(folder),
        DEBUG="0" if command == "bench" else "1",  # measured as in production
        ALLOWED_HOSTS=f"localhost,{HOST}",
        BEHIND_PROXY="0",
        PUBLIC_BASE_URL=f"http://{HOST}:{port}",
        CSRF_TRUSTED_ORIGINS=f"http://{HOST}:{port},http://localhost:{port}",
        REDIS_URL="",  # the school's own queue is none of ours
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_AUTH_TOKEN="demo",  # noqa: S106  known to the stand-in alone
        TWILIO_PREVIOUS_AUTH_TOKEN="",
        TWILIO_FROM="+15005550006",  # Twilio's own number for tests
        TWILIO_API_BASE_URL=f"http://{HOST}:{twilio_port}",
    )


def is_entered():
    return Path(os.environ.get("VAR_DIR", "")).name in FOLDERS.values()


def add_port_arguments(parser):
    parser.add_argument("--port", type=int, default=8000, help="of the pages")
    parser.add_argument("--twilio-port", type=int, default=4010, help="of the stand-in for Twilio")


def _ports(arguments):
    """The command itself reads its options too late: when the settings are made."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    add_port_arguments(parser)
    try:
        ports, _others = parser.parse_known_args(arguments)
    except argparse.ArgumentError:  # the command will say so
        ports = parser.parse_args([])
    return ports.port, ports.twilio_port


def _free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _secret_key(folder):
    """Empty lets the settings keep a key in the folder.

    Where it cannot be written Django still has to come up, to say so in the reader's language.
    """
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return "" if os.access(folder, os.W_OK) else secrets.token_urlsafe(50)
