"""The database keeps our triggers: after a migration, after a rebuilt table, on both databases."""

import pytest
from django.core.management import call_command
from django.db import connection, models

from core.triggers import Trigger, install_triggers, kept, remove_triggers
from enrolments.guards import ENTRY_REFUSAL
from enrolments.models import CreditEntry
from scheduling.bookings import CLASH
from scheduling.models import Lesson
from tests.factories import EnrolmentFactory, LessonFactory, sell
from tests.refusals import refused_by

SQL = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


def present():
    with connection.cursor() as cursor:
        cursor.execute(SQL[connection.vendor])
        return {name for (name,) in cursor.fetchall()}


def wanted():
    return {trigger.name for trigger in kept(connection.vendor)}


@pytest.mark.django_db
def test_the_migrated_database_has_every_trigger():
    assert {"lesson_books", "creditentry_no_update"} <= wanted()
    assert present() == wanted()


@pytest.mark.django_db
def test_installing_twice_is_the_same_as_once():
    install_triggers()
    install_triggers()

    assert present() == wanted()


@pytest.mark.django_db
def test_removing_takes_ours_away():
    remove_triggers()

    assert present() == set()


@pytest.mark.django_db
def test_the_trigger_that_only_one_database_needs_is_only_there():
    assert ("booking_insert_clash" in present()) is (connection.vendor == "sqlite")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "field"), [(Lesson, "number"), (CreditEntry, "sequence")])
def test_a_migration_that_rebuilds_a_table_leaves_the_triggers_in_place(model, field):
    """On SQLite every change of a column rebuilds its table and drops the table's triggers silently."""
    old, new = model._meta.get_field(field), models.BigIntegerField()
    new.set_attributes_from_name(field)
    new.model = model

    remove_triggers()  # as migrate does first: pre_migrate
    with connection.schema_editor() as editor:
        editor.alter_field(model, old, new)
        editor.alter_field(model, new, old)
    call_command("migrate", verbosity=0)

    assert present() == wanted()
    _check_that_they_work()


@pytest.mark.django_db(transaction=True)
def test_migrating_backward_and_forward_leaves_the_triggers_in_place():
    call_command("migrate", "scheduling", "0001", verbosity=0)
    call_command("migrate", verbosity=0)

    assert present() == wanted()
    _check_that_they_work()


def _check_that_they_work():
    lesson = LessonFactory()
    with refused_by(CLASH):
        LessonFactory(teacher=lesson.teacher)
    entry = sell(EnrolmentFactory()).entries.get()
    with refused_by(ENTRY_REFUSAL):
        entry.delete()


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_a_condition_stands_in_the_trigger_of_both_databases(vendor):
    trigger = Trigger("t", "BEFORE UPDATE ON a_table", refuse="no", condition="OLD.a <> NEW.a")

    sql = trigger.create_sql(vendor)

    assert "OLD.a <> NEW.a" in sql
    assert "'no'" in sql
    assert trigger.table == "a_table"
