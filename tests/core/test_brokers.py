"""Where the jobs wait. No test needs a Redis: what is ours is tested beside a made-up one, R7 with a real one."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from django.db import DatabaseError, OperationalError
from django_q.signing import SignedPackage

from core import brokers
from core.brokers import BrokerError, SupervisedOrm, forget_pulses, pulse_key, supervised_broker
from core.logs import ShortDatabaseTrouble
from core.processes import RUN_DIR
from core.redis_broker import RedisBroker, SupervisedRedis
from messaging import tasks

PROJECT = Path(__file__).resolve().parents[2]
WORK = SignedPackage.dumps({"name": "work"})
WHICH = """
import django; django.setup()
from django_q.brokers import get_broker
from django_q.tasks import async_task
from core.brokers import supervised_broker
print(type(get_broker()).__name__, type(supervised_broker("host-1")).__name__)
try:
    async_task("core.jobs.pulse", cluster="pulse:host-1")
except Exception as error:
    print(type(error).__name__)
"""


def run(script, **env):
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.core.jobs_settings", **env},
        capture_output=True, text=True, check=True,
    )  # fmt: skip


def test_one_setting_moves_the_queue_to_redis():
    """Nobody listens at that port: the error is ours, and says nothing of passwords."""
    result = run(WHICH, REDIS_URL="redis://:secret@127.0.0.1:1/0")

    assert result.stdout.split() == ["RedisBroker", "SupervisedRedis", "BrokerError"]
    assert "secret" not in result.stdout + result.stderr


@pytest.mark.django_db
def test_without_it_the_queue_is_in_the_database(settings):
    assert settings.REDIS_URL == ""
    assert type(supervised_broker("host-1")) is SupervisedOrm


# --- Redis -------------------------------------------------------------------------------------------------


class MadeUpRedis:
    """Lists as Redis keeps them, until it is away."""

    def __init__(self):
        self.lists, self.kept, self.is_away = defaultdict(list), {}, False

    def rpush(self, key, value):
        self._answer()
        self.lists[key].append(value)

    def blpop(self, keys, timeout):
        self._answer()
        return next(((key, self.lists[key].pop(0)) for key in keys if self.lists[key]), None)

    def expire(self, key, time):
        self._answer()
        self.kept[key] = time

    def delete(self, key):
        self._answer()
        self.lists.pop(key, None)

    def llen(self, key):
        self._answer()
        return len(self.lists[key])

    def _answer(self):
        if self.is_away:
            raise redis.ConnectionError("refused")


@pytest.fixture
def made_up(monkeypatch):
    made_up = MadeUpRedis()
    monkeypatch.setattr(RedisBroker, "get_connection", staticmethod(lambda list_key=None: made_up))
    monkeypatch.setattr(brokers.time, "sleep", lambda seconds: None)
    return made_up


def test_pulses_of_the_own_supervisor_come_first_and_those_of_others_never(made_up):
    RedisBroker().enqueue(WORK)
    ours, theirs = (SignedPackage.dumps({"name": f"pulse of {name}"}) for name in ("host-1", "host-2"))
    RedisBroker(pulse_key("host-1")).enqueue(ours)
    RedisBroker(pulse_key("host-2")).enqueue(theirs)
    cluster = SupervisedRedis("host-1")

    taken = [cluster.dequeue() for _time in range(3)]

    assert taken == [[(None, ours)], [(None, WORK)], []]


def test_pulses_of_a_supervisor_that_was_killed_end_by_themselves(made_up):
    cluster = SupervisedRedis("host-1")

    cluster.dequeue()

    assert made_up.kept == {RedisBroker(pulse_key("host-1")).list_key: brokers.PULSES_KEPT}


def test_redis_that_is_away_is_waited_for_and_named_once(made_up, caplog):
    cluster = SupervisedRedis("host-1")
    RedisBroker().enqueue(WORK)
    made_up.is_away = True

    assert [cluster.dequeue() for _time in range(3)] == [[], [], []]
    made_up.is_away = False
    assert cluster.dequeue() == [(None, WORK)]

    assert caplog.text.count("is waited for: ConnectionError: refused") == 1
    assert caplog.text.count("answers again") == 1


def test_every_call_to_a_redis_that_is_away_is_one_kind_of_error(made_up, monkeypatch):
    made_up.is_away = True
    broker = RedisBroker()

    for call in (lambda: broker.enqueue("work"), broker.queue_size, broker.delete_queue):
        with pytest.raises(BrokerError, match="ConnectionError"):
            call()
    monkeypatch.setattr(brokers, "get_broker", RedisBroker)
    forget_pulses("host-1")  # they can wait


class ManyDue:
    """An outbox with more than one worker sends in a minute."""

    def due(self, now):
        return self

    def count(self):
        return 5000


@pytest.mark.django_db
def test_texts_are_sent_though_nobody_can_be_called_to_help(monkeypatch, settings):
    def no_redis(*arguments):
        raise BrokerError

    drained = []
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": 4}
    monkeypatch.setattr(tasks, "OutboundMessage", SimpleNamespace(objects=ManyDue()))
    monkeypatch.setattr(tasks, "async_task", no_redis)
    monkeypatch.setattr(tasks, "drain_outbox", lambda now: drained.append(now))

    tasks.drain()

    assert len(drained) == 1


# --- the database ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_database_that_is_away_is_waited_for_and_named_once(monkeypatch, caplog):
    def no_database(list_key=None):
        raise DatabaseError("the server is\nstarting")

    cluster = SupervisedOrm("host-1")
    monkeypatch.setattr(brokers.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(cluster, "get_connection", no_database)

    assert [cluster.dequeue() for _time in range(3)] == [[], [], []]
    cluster.acknowledge(1)  # it comes again

    assert [record.getMessage() for record in caplog.records] == [
        "the job queue does not answer and is waited for: DatabaseError: the server is"
    ]


def test_trouble_with_the_database_is_one_line_and_any_other_keeps_its_traceback(caplog):
    filtered = ShortDatabaseTrouble()
    logger = logging.getLogger("django-q.test")
    logger.addFilter(filtered)

    for error in (OperationalError("the server is\nstarting"), ValueError("our mistake")):
        try:
            raise error
        except (OperationalError, ValueError):
            logger.exception("Could not save task result")
    logger.error("'drain' failed - gone : Traceback\n  File\ndjango.db.utils.OperationalError: gone")
    logger.removeFilter(filtered)

    database, ours, failed = caplog.records
    assert (database.getMessage(), database.exc_info) == ("Could not save task result: the server is", None)
    assert ours.exc_info[0] is ValueError
    assert failed.getMessage() == "'drain' failed - gone : Traceback"


# --- the jobs without the queue, told to end ---------------------------------------------------------------


def test_job_without_the_queue_is_not_broken_off(tmp_path):
    """SIGTERM in the middle of a request would leave a text of which nobody knows whether it went out."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.core.jobs_settings", "VAR_DIR": str(tmp_path),
           RUN_DIR: str(tmp_path), "SLOW": "1"}  # fmt: skip
    loop = subprocess.Popen([sys.executable, "manage.py", "job_loop", str(os.getpid())], cwd=PROJECT, env=env)
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    (tmp_path / "stop").touch()
    loop.send_signal(signal.SIGTERM)

    assert loop.wait(30) == 0
    assert (tmp_path / "done").exists()
