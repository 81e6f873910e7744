"""What the database refuses, and why."""

from contextlib import contextmanager

import pytest
from django.db import IntegrityError, transaction


@contextmanager
def refused_by(rule):
    """The database refuses what the block does, for the reason of this name.

    Of a unique constraint SQLite tells the columns, not the name.
    """
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        yield
    assert rule in str(refusal.value) or "UNIQUE constraint failed" in str(refusal.value)
