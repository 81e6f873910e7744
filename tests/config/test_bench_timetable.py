"""The large school of `bench timetable`, as small as it goes: what the load writes is what the triggers would have."""

from dataclasses import replace

import pytest
from django.db import connection

from branches.models import Branch
from config.demo import DemoError
from config.demo.bench_fill import fill
from config.demo.bench_measure import explain_tasks, measure_tasks
from config.demo.bench_scale import TERM, Scale
from config.demo.bench_timetable import TASKS
from scheduling.models import Attendance, Booking, ClassGroup, Lesson
from tests.factories import NOW, TODAY, BranchFactory

pytestmark = pytest.mark.django_db
TINY = Scale(branches=2, children=20)


def bookings():
    return set(Booking.objects.values_list("kind", "resource_id", "lesson", "starts_at", "ends_at", "clash_group"))


def test_a_tiny_school_is_whole_and_filled_once():
    assert fill(TINY, now=NOW, today=TODAY)
    assert not fill(TINY, now=NOW, today=TODAY)

    assert ClassGroup.objects.count() == TINY.classes == 64
    assert Lesson.objects.count() == 64 * TERM
    assert Attendance.objects.count() == 64 * TERM * 9
    assert Lesson.objects.filter(status="held").count() > 600
    assert not Lesson.objects.filter(status="held", ends_at__gt=NOW).exists()
    assert not Lesson.objects.filter(status="planned", ends_at__lte=NOW).exists()


def test_the_load_books_what_the_triggers_would():
    fill(TINY, now=NOW, today=TODAY)
    loaded = bookings()

    Lesson.objects.update(is_booked=False)
    assert bookings() == set()
    Lesson.objects.update(is_booked=True)

    assert bookings() == loaded


def test_the_database_s_rules_stand_after_the_load():
    fill(TINY, now=NOW, today=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        names = connection.introspection.get_constraints(cursor, Booking._meta.db_table)

    assert {"no_double_booking", "booking_once_a_lesson", "booking_resource_starts"} <= set(names)
    new = Branch.objects.create(name="新校区", code="new")
    assert new.pk == 3


def test_another_school_s_database_is_left_alone():
    BranchFactory()

    with pytest.raises(DemoError):
        fill(TINY, now=NOW, today=TODAY)


def test_every_task_is_measured_and_taken_back():
    fill(Scale(branches=2, children=60), now=NOW, today=TODAY)
    before = set(Lesson.objects.values_list("pk", "starts_at", "status", "version", "branch"))

    rows = list(measure_tasks([replace(task, least=1) for task in TASKS], requests=1))
    plans = list(explain_tasks(TASKS))

    assert [row[0] for row in rows] == [task.name for task in TASKS]
    assert set(Lesson.objects.values_list("pk", "starts_at", "status", "version", "branch")) == before
    assert all("Execution Time" in plan for *_task, plan in plans)
