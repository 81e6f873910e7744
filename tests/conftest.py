"""What every test may ask for, and what makes tests fast, alike and independent of one another."""

import fcntl

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase, override_settings
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from core.triggers import install_triggers, remove_triggers
from tests.factories import NOW, BranchFactory, owner_of_school
from tests.messaging.fixtures import fake_twilio  # noqa: F401  (a fixture for every app that has something to say)

# The same examples at every run, and no clock: this machine may be busy.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("repeatable")


LONGEST = (
    "test_timetable_machine.py",
    "test_money_machine.py",
    "test_demo.py",
    "test_bench_timetable.py",
    "test_bench_money.py",
    "test_access.py",
    "test_import_demo.py",
    "test_gate.py",
)


def pytest_collection_modifyitems(items):
    """What takes longest goes first, then the browser: in the end no worker waits for another."""
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path.parent.name != "browser"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file, as in production: connections to a database in memory lock one another differently.

    A connection ends with its request: a thread of the live server that keeps one keeps the database from going.
    """
    connection.settings_dict["CONN_MAX_AGE"] = 0
    if connection.vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(autouse=True, scope="session")
def _emptied():
    """A test with real commits leaves an empty database, in a tenth of the time that Django's flush takes."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: empty_database())
        yield


def empty_database():
    """Content types and permissions stay; the ledger's triggers, which would refuse this, go and come back."""
    with transaction.atomic(), connection.cursor() as cursor:
        remove_triggers()
        for table in filled_tables(cursor):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 (a name of our own)
        install_triggers()


def filled_tables(cursor):
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    tables -= {ContentType._meta.db_table, Permission._meta.db_table}
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608
    cursor.execute(" UNION ALL ".join(asked))
    return [table for (table,) in cursor.fetchall()]


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_found_once():
    """Every test client starts the middleware anew, and WhiteNoise looks at each static file when it starts."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def add_files(middleware):
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_files)
        yield


@pytest.fixture(autouse=True, scope="session")
def _files_of_their_own(tmp_path_factory):
    """What tests keep with follow-ups lies nowhere near what a school has kept."""
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
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
