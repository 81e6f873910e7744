import pytest
from django.db import connection

from branches.models import Branch
from core.statistics import refresh_statistics
from tests.factories import BranchFactory

pytestmark = pytest.mark.django_db


def believed_rows(model):
    """What the planner believes; SQLite looks at the table itself."""
    if connection.vendor != "postgresql":
        return model.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [model._meta.db_table])
        return cursor.fetchone()[0]


def test_rows_of_this_transaction_are_counted():
    BranchFactory.create_batch(5)

    refresh_statistics(Branch)

    assert believed_rows(Branch) == 5
