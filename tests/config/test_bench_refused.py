"""Where `bench timetable` cannot measure, it says so."""

import pytest
from django.core.management import call_command

from config.demo import DemoError
from config.demo.bench_fill import fill
from config.demo.bench_scale import Scale
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db
TINY = Scale(branches=2, children=20)


def test_another_database_is_refused_in_a_sentence(capsys):
    with pytest.raises(DemoError, match="PostgreSQL"):
        fill(TINY, now=NOW, today=TODAY)
    with pytest.raises(SystemExit):
        call_command("bench", "timetable", fill=True)

    assert "PostgreSQL" in capsys.readouterr().err
