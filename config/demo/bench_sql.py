"""Rows by the million: one INSERT … SELECT per table, its indexes made afterwards. PostgreSQL only."""

from contextlib import contextmanager

from django.core.management.color import no_style
from django.db import connection

INDEXES = """
    SELECT pg_get_indexdef(i.indexrelid), 'DROP INDEX ' || i.indexrelid::regclass
    FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
    WHERE i.indrelid = %(table)s::regclass AND c.oid IS NULL
    UNION ALL
    SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
           format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
    FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('u', 'x')
"""


def execute(sql, parameters=None):
    """Returns the rows, if there are any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def insert(model, source, **expressions):
    """A row of `model` for each row of `source` (SQL after FROM): `expressions` are SQL by column.

    The other columns take their field's default, as if each row were saved by Django.
    """
    given, fallen_back = {}, {}
    for field in model._meta.concrete_fields:
        if field.column in expressions:
            given[field.column] = expressions[field.column]
        elif not (field.primary_key or field.generated):
            fallen_back[field.column] = field.get_db_prep_save(field.get_default(), connection)
    columns = ", ".join([*given, *fallen_back])
    values = ", ".join([*given.values(), *["%s"] * len(fallen_back)])
    table = model._meta.db_table
    execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source}", [*fallen_back.values()])  # noqa: S608


@contextmanager
def without_indexes(*models):
    """Inside, these tables have no index but their primary key: filling one row by row costs most of a load."""
    found = [row for model in models for row in execute(INDEXES, {"table": model._meta.db_table})]
    for _create, drop in found:
        execute(drop)
    yield
    for create, _drop in found:
        execute(create)


def count_on_from(models):
    """The next row that Django saves comes after the highest id."""
    for sql in connection.ops.sequence_reset_sql(no_style(), models):
        execute(sql)
