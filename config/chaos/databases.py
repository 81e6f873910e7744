"""The run's own database: made, emptied between experiments, and dropped in the end."""

import os
from contextlib import suppress
from datetime import time

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from django_q.models import OrmQ, Schedule, Task
from psycopg import sql

from branches.models import Branch
from config.chaos.environment import PREFIX, SERVER
from config.chaos.spec import SIGNATURE
from core.processes import is_alive
from messaging.models import (
    ClockReading,
    Hold,
    MessageAttempt,
    MessageEvent,
    OutboundMessage,
    SenderState,
    Suppression,
)


def make_database():
    """An empty school with one branch where no hour is quiet."""
    if server := os.environ[SERVER]:
        with psycopg.connect(server, autocommit=True) as maintenance:
            _drop_leftovers(maintenance)
            maintenance.execute(sql.SQL("CREATE DATABASE {}").format(_own_name()))
    call_command("migrate", verbosity=0)
    midnight = time(0)
    Branch.objects.create(
        name="chaos", code="chaos", sms_signature=SIGNATURE, quiet_from=midnight, quiet_until=midnight
    )


def empty_database():
    outbox = (MessageEvent, MessageAttempt, OutboundMessage, Suppression, SenderState, Hold, ClockReading)
    for model in (*outbox, OrmQ, Schedule, Task):
        model.objects.all()._raw_delete("default")


def drop_database():
    connections.close_all()
    if server := os.environ[SERVER]:
        with psycopg.connect(server, autocommit=True) as maintenance:
            maintenance.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_own_name()))


def _own_name():
    return sql.Identifier(connection.settings_dict["NAME"])


def _drop_leftovers(maintenance):
    """Of runs that were killed on this machine; a database that is in use refuses."""
    found = maintenance.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"])
    for (name,) in found.fetchall():
        if not is_alive(int(name.removeprefix(PREFIX))):
            with suppress(psycopg.errors.ObjectInUse):
                maintenance.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
