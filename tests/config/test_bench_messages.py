"""`bench messages`: the planner finds the whole school's Saturday, and nothing new a minute later."""

import pytest
from django.utils import timezone

from config.demo.bench_fill import fill
from config.demo.bench_measure import measure_tasks
from config.demo.bench_messages import TASKS
from config.demo.bench_scale import Scale

pytestmark = pytest.mark.django_db


def test_reminders_of_a_small_large_school_are_planned():
    now = timezone.now()
    fill(Scale(branches=1, children=20), now=now, today=timezone.localdate(now))

    rows = list(measure_tasks(TASKS, 1))

    assert [row[0] for row in rows] == ["plan-reminders", "plan-again"]
