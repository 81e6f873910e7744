"""What every test may ask for, and what makes tests fast, alike and independent of one another."""

import fcntl

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from core.triggers import remove_triggers
from tests.factories import NOW, BranchFactory, owner_of_school
from tests.messaging.fixtures import fake_twilio  # noqa: F401  (a fixture for every app that has something to say)

# The same examples at every run, and no clock: this machine may be busy.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("repeatable")


LONGEST = ("test_timetable_machine.py", "test_demo.py", "test_import_demo.py")


def pytest_collection_modifyitems(items):
    """What takes longest goes first: in the end no worker waits for another."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file, as in production: connections to a database in memory lock one another differently.

    A connection ends with its request: a thread of the live server that keeps one keeps the database from going.
    """
    connection.settings_dict["CONN_MAX_AGE"] = 0
    if connection.vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(autouse=True)
def _flushable(request):
    """A test with real commits ends with a flush, which the ledger's triggers would refuse.

    The flush puts them back: it sends post_migrate.
    """
    marker = request.node.get_closest_marker("django_db")
    is_flushed = {"transactional_db", "live_server"} & set(request.fixturenames)
    if is_flushed or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        yield
        remove_triggers()
    else:
        yield


@pytest.fixture(autouse=True)
def _chinese():
    with translation.override("zh-hans"):
        yield


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def one_race_at_a_time(tmp_path_factory):
    """Of the tests with many connections one runs at a time, whatever the number of workers."""
    with (tmp_path_factory.getbasetemp().parent / "race.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def branch(db):
    return BranchFactory(name="奥体校区")


@pytest.fixture
def other_branch(db):
    return BranchFactory(name="河西校区")


@pytest.fixture
def owner(db):
    return owner_of_school()
