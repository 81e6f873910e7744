"""Jobs that harm others: what cannot be read, what kills its worker, what somebody wrote into the schedules."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Failure, OrmQ, Schedule, Task
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from core.brokers import SupervisedOrm
from core.health import failing_jobs
from core.quarantine import MOST_TRIES, note_end, note_start
from core.schedules import repair_schedules, sync_schedules
from core.supervisor import Supervisor, Timing

pytestmark = pytest.mark.django_db
GOOD = {"core.jobs.pulse": {"minutes": 1}, "core.fallback.run_jobs_once": {"minutes": 5}}
LONG_AGO = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def broker():
    return SupervisedOrm("this-one")


def taken_by(broker):
    """Names of the functions that workers get."""
    tasks = []
    while OrmQ.objects.filter(lock__lt=timezone.now()).exists():
        tasks += [SignedPackage.loads(payload)["func"] for _number, payload in broker.dequeue()]
    return tasks


def put(payload):
    return OrmQ.objects.create(key="qingxiao", payload=payload, lock=timezone.now() - LONG_AGO)


# --- what cannot be read -----------------------------------------------------------------------------------


def test_tasks_signed_with_another_key_leave_the_queue_and_the_others_go_on(broker, settings, caplog):
    settings.SECRET_KEY = "the key before"
    async_task("core.jobs.pulse")
    with_old_key = OrmQ.objects.get().payload
    OrmQ.objects.all().delete()
    settings.SECRET_KEY = "the new key"

    put(with_old_key + "x")
    put("no payload at all")
    async_task("core.jobs.pulse")

    assert taken_by(broker) == ["core.jobs.pulse"]
    assert OrmQ.objects.count() == 1  # the good one, until it is acknowledged
    assert "SECRET_KEY" in caplog.text
    assert failing_jobs(timezone.now()).value == 1


def test_arguments_of_a_class_that_is_gone_leave_the_queue(broker, monkeypatch):
    def gone(payload):
        raise AttributeError("Can't get attribute 'Gone'")

    put("x")
    monkeypatch.setattr(SignedPackage, "loads", gone)

    assert broker.dequeue() == []
    assert not OrmQ.objects.exists()
    assert Failure.objects.get().result == "AttributeError"


# --- what kills its worker ---------------------------------------------------------------------------------


@pytest.fixture
def deadly(broker):
    """A task in the queue, as a worker gets it."""
    async_task("os.abort")
    row = OrmQ.objects.get()
    return {**SignedPackage.loads(row.payload), "ack_id": row.pk}


def test_task_that_kills_its_worker_has_three_tries(deadly, caplog):
    for _try in range(MOST_TRIES - 1):
        note_start(deadly)
        assert OrmQ.objects.exists()

    note_start(deadly)

    assert not OrmQ.objects.exists()
    assert (Failure.objects.get().func, Failure.objects.get().attempt_count) == ("os.abort", MOST_TRIES)
    assert "os.abort" in caplog.text
    assert not failing_jobs(timezone.now()).is_well


def test_task_that_ends_is_not_counted(deadly):
    for _try in range(2 * MOST_TRIES):
        note_start(deadly)
        note_end(deadly)

    assert OrmQ.objects.exists()
    assert not Failure.objects.exists()


def test_last_try_that_goes_well_after_all_is_a_success(deadly):
    from django_q.monitor import save_task

    for _try in range(MOST_TRIES):
        note_start(deadly)
    now = timezone.now()
    save_task({**deadly, "sync": True, "success": True, "result": None, "started": now, "stopped": now}, get_broker())

    assert Task.objects.get().success


# --- failures on the page of the system's state ------------------------------------------------------------


def ran(func, *, success, minutes_ago):
    at = timezone.now() - timedelta(minutes=minutes_ago)
    Task.objects.create(id=f"{func}{minutes_ago}", name=func, func=func, started=at, stopped=at, success=success)


@pytest.mark.parametrize(
    ("runs", "failing"),
    [
        ([(False, 5)], 1),
        ([(False, 5), (True, 3)], 0),
        ([(True, 5), (False, 3)], 1),
        ([(False, 90)], 0),
    ],
)
def test_a_job_fails_until_it_goes_well_again(runs, failing):
    for success, minutes_ago in runs:
        ran("one.job", success=success, minutes_ago=minutes_ago)
    ran("another.job", success=True, minutes_ago=1)

    assert failing_jobs(timezone.now()).value == failing


# --- the table of schedules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"args": "((("}, {"kwargs": "x=("}, {"func": "gone.away"}, {"minutes": 99}, {"repeats": 0}]
)
def test_changed_schedule_is_put_right(settings, caplog, change):
    settings.PERIODIC_JOBS = GOOD
    sync_schedules()
    before = list(Schedule.objects.order_by("pk").values("name", "func", "args", "kwargs", "minutes", "repeats"))
    Schedule.objects.filter(name="core.jobs.pulse").update(**change)

    repair_schedules()

    assert list(Schedule.objects.order_by("pk").values(*before[0])) == before
    assert "put right" in caplog.text


def test_foreign_row_goes_and_good_ones_are_left_alone(settings, caplog):
    settings.PERIODIC_JOBS = GOOD
    sync_schedules()
    repair_schedules()
    assert caplog.text == ""

    Schedule.objects.create(name="by hand", func="os.getcwd", args="(((")
    repair_schedules()

    assert set(Schedule.objects.values_list("name", flat=True)) == set(GOOD)


def test_supervisor_puts_schedules_right_with_every_pulse(settings):
    settings.PERIODIC_JOBS = GOOD
    sync_schedules()
    Schedule.objects.update(args="(((")

    Supervisor(Timing())._send_pulse()

    assert not Schedule.objects.filter(args="(((").exists()
