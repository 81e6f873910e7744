"""The job queue: its schedules, its pulse, its fallback, its pages."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Success, Task
from django_q.tasks import async_task

from core import fallback, health, supervisor
from core.brokers import ROUND, BrokerError, SupervisedOrm, pulse_key
from core.health import Reading
from core.jobs import PULSE, PULSE_DONE, _note_end, is_busy, keeps_results, load_jobs, pulse
from core.processes import RUN_DIR, is_stopping
from core.schedules import FaultyJobError, sync_schedules
from core.supervisor import Supervisor, Timing

pytestmark = pytest.mark.django_db
GOOD = {"core.jobs.pulse": {"minutes": 1}, "core.fallback.run_jobs_once": {"minutes": 5}}


# --- schedules ---------------------------------------------------------------------------------------------


def test_schedules_are_written_once(settings):
    settings.PERIODIC_JOBS = GOOD

    sync_schedules()
    before = list(Schedule.objects.order_by("pk").values())
    sync_schedules()

    assert list(Schedule.objects.order_by("pk").values()) == before
    assert dict(Schedule.objects.values_list("func", "minutes")) == {
        "core.jobs.pulse": 1,
        "core.fallback.run_jobs_once": 5,
    }


def test_schedules_that_are_not_listed_go(settings):
    settings.PERIODIC_JOBS = GOOD
    Schedule.objects.create(name="old", func="os.getcwd", args="(((")
    sync_schedules()

    settings.PERIODIC_JOBS = {}
    sync_schedules()

    assert not Schedule.objects.exists()


def test_tampered_schedule_is_put_right(settings):
    settings.PERIODIC_JOBS = GOOD
    sync_schedules()
    Schedule.objects.update(args="(((", repeats=0, minutes=99, next_run=timezone.now() + timedelta(days=1))

    sync_schedules()

    schedule = Schedule.objects.get(func="core.jobs.pulse")
    assert (schedule.args, schedule.repeats, schedule.minutes) == (None, -1, 1)
    assert schedule.next_run <= timezone.now() + timedelta(minutes=1)


def test_doubled_schedule_is_made_one(settings):
    settings.PERIODIC_JOBS = GOOD
    sync_schedules()
    Schedule.objects.create(name="core.jobs.pulse", func="core.jobs.pulse")

    sync_schedules()

    assert Schedule.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_hosts_that_start_at_once_write_each_schedule_once(settings):
    settings.PERIODIC_JOBS = GOOD
    start = Barrier(2)

    def host():
        start.wait()
        with transaction.atomic():
            sync_schedules()
            time.sleep(0.1)  # the other host looks meanwhile
        connection.close()

    with ThreadPoolExecutor(2) as hosts:
        for done in [hosts.submit(host) for _host in range(2)]:
            done.result()

    assert sorted(Schedule.objects.values_list("func", flat=True)) == sorted(GOOD)


@pytest.mark.parametrize(
    ("path", "spec"),
    [
        ("core.jobs.no_such_function", {"minutes": 1}),
        ("no_such_module.job", {"minutes": 1}),
        ("core.jobs.PULSE", {"minutes": 1}),
        ("core.jobs.pulse", {}),
        ("core.jobs.pulse", {"minutes": 0}),
        ("core.jobs.pulse", {"minutes": -1}),
        ("core.jobs.pulse", {"minutes": 1, "cluster": "x" * 200}),
    ],
)
def test_faulty_job_is_named_and_changes_nothing(settings, path, spec):
    settings.PERIODIC_JOBS = {"core.fallback.run_jobs_once": {"minutes": 5}}
    sync_schedules()
    settings.PERIODIC_JOBS = {"core.health.has_pending_migrations": {"minutes": 1}, path: spec}

    with pytest.raises(CommandError, match=path):
        call_command("sync_schedules")

    assert Schedule.objects.get().func == "core.fallback.run_jobs_once"


def test_reason_of_a_fault_is_told(settings):
    settings.PERIODIC_JOBS = {"core.jobs.no_such_function": {"minutes": 1}}

    with pytest.raises(FaultyJobError, match=r"no_such_function.*does not define"):
        sync_schedules()


def test_run_jobs_wants_an_up_to_date_database(monkeypatch):
    monkeypatch.setattr("core.management.commands.run_jobs.has_pending_migrations", lambda: True)

    with pytest.raises(CommandError, match="migrate"):
        call_command("run_jobs")


# --- the pulse ---------------------------------------------------------------------------------------------


def test_pulse_is_for_one_supervisors_cluster():
    async_task(PULSE, cluster=pulse_key("host-1"))
    ours, theirs = SupervisedOrm("host-1"), SupervisedOrm("host-2")

    assert not theirs._take_pulse()
    [(row, _payload)] = ours.dequeue()
    assert not ours._take_pulse()  # locked: it is under way
    ours.acknowledge(row)

    assert not OrmQ.objects.exists()
    assert pulse() is None


def test_cluster_serves_the_shared_queue_too():
    async_task("core.jobs.pulse")

    assert SupervisedOrm("host-1").dequeue()


class FakeCluster:
    """A cluster of which nothing is seen but what the supervisor does with it."""

    def __init__(self, run_dir):
        self.run_dir, self.stopped, self.ended, self.asked = run_dir, False, False, []

    def has_ended(self):
        return self.ended

    def ask_to_stop(self):
        self.asked.append("stop")

    def end(self, grace):
        self.stopped, self.grace = True, grace

    def stop(self, grace):
        self.ask_to_stop()
        self.end(grace)


@pytest.fixture
def watcher(tmp_path, settings, monkeypatch):
    """A supervisor that starts no real process, and a clock that only `watcher.wait` moves."""
    settings.VAR_DIR = tmp_path
    clock = [1000.0]
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(supervisor, "close_old_connections", lambda: None)  # it would close the test's own
    watcher = Supervisor(Timing())
    watcher.started = []

    def start(command, *arguments):
        watcher.started.append(command)
        folder = tmp_path / command
        folder.mkdir(exist_ok=True)
        return FakeCluster(folder)

    def wait(seconds):
        """Let so many seconds pass, looking at the cluster in each."""
        for _second in range(seconds):
            clock[0] += 1
            watcher.step()

    watcher._start, watcher.wait = start, wait
    watcher.step()
    return watcher


def answer_pulses():
    for row in OrmQ.objects.filter(key__startswith="pulse:"):
        Task.objects.create(
            id=row.task["id"], name="n", func=PULSE, started=timezone.now(), stopped=timezone.now(), success=True
        )
        row.delete()


def test_cluster_that_answers_is_left_alone(watcher):
    for _time in range(12):
        watcher.wait(10)
        answer_pulses()

    assert watcher.started == ["job_cluster"]


def test_cluster_that_stands_still_is_replaced(watcher):
    watcher.wait(30)
    assert watcher.started == ["job_cluster"]
    still = watcher.cluster

    watcher.wait(3)

    assert watcher.started == ["job_cluster", "job_cluster"]
    assert (still.stopped, still.grace) == (True, 5)  # it would not hear: little time is lost with asking
    assert OrmQ.objects.filter(key=pulse_key(watcher.name)).count() == 1  # the old ones are forgotten


def test_cluster_that_ended_is_replaced_at_once(watcher):
    watcher.cluster.ended = True

    watcher.wait(2)

    assert watcher.started == ["job_cluster", "job_cluster"]


def test_busy_cluster_is_not_taken_for_dead(watcher):
    (watcher.cluster.run_dir / f"busy-{os.getpid()}").touch()

    watcher.wait(60)

    assert watcher.started == ["job_cluster"]


def test_busy_cluster_whose_results_are_lost_is_replaced(watcher):
    """A monitor that was killed holding the lock of the results: the workers work, and nobody hears of it."""
    (watcher.cluster.run_dir / f"busy-{os.getpid()}").touch()
    done = watcher.cluster.run_dir / PULSE_DONE
    done.touch()

    watcher.wait(60)
    assert watcher.started == ["job_cluster"]  # the result may be on its way
    os.utime(done, (0, time.time() - 11))
    watcher.wait(3)

    assert watcher.started == ["job_cluster", "job_cluster"]


def test_cluster_whose_sentinel_stands_still_is_replaced_though_pulses_come_back(watcher, monkeypatch):
    """A worker was killed with the lock of its clock: the others work, and no schedule is called any more."""
    monkeypatch.setenv(RUN_DIR, str(watcher.cluster.run_dir))
    SupervisedOrm("host-1").set_stat("key", "value", 3)
    trace = watcher.cluster.run_dir / ROUND
    assert trace.exists()

    watcher.wait(5)
    answer_pulses()
    os.utime(trace, (0, time.time() - 31))
    watcher.wait(4)

    assert watcher.started == ["job_cluster", "job_cluster"]


def test_stored_result_ends_the_wait_for_it(watcher):
    done = watcher.cluster.run_dir / PULSE_DONE
    watcher.wait(1)
    done.touch()

    answer_pulses()
    watcher.wait(1)

    assert not done.exists()


def test_worker_notes_the_first_pulse_of_which_nothing_was_heard(monkeypatch, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    _note_end(task={"id": "1", "func": "core.fallback.run_jobs_once"})
    assert keeps_results(tmp_path, limit=10)

    _note_end(task={"id": "2", "func": PULSE})
    os.utime(tmp_path / PULSE_DONE, (0, time.time() - 11))
    _note_end(task={"id": "2", "func": PULSE})

    assert not keeps_results(tmp_path, limit=10)


def test_trace_of_a_dead_worker_does_not_count_as_busy(tmp_path):
    (tmp_path / "busy-999999999").touch()
    assert not is_busy(tmp_path, limit=90)

    trace = tmp_path / f"busy-{os.getpid()}"
    trace.touch()
    assert is_busy(tmp_path, limit=90)
    os.utime(trace, (0, time.time() - 91))

    assert not is_busy(tmp_path, limit=90)


def test_pauses_between_starts_grow_and_the_jobs_run_without_the_queue(watcher):
    watcher.wait(400)

    assert watcher.started.count("job_loop") == 1
    assert watcher.started.index("job_loop") == 3  # after three clusters
    assert watcher.started.count("job_cluster") < 400 / 30

    while watcher.cluster is None or not watcher.pulses:  # in a pause
        watcher.wait(1)
    answer_pulses()
    loop = watcher.fallback
    watcher.wait(1)

    assert (loop.stopped, watcher.fallback, watcher.failures) == (True, None, 0)


def test_fallback_that_ended_is_started_again(watcher):
    watcher.wait(130)
    watcher.fallback.ended = True

    watcher.wait(1)

    assert watcher.started.count("job_loop") == 2


def test_without_a_database_nothing_is_blamed_on_the_cluster(watcher, monkeypatch, caplog):
    def no_database(**which):
        raise DatabaseError

    monkeypatch.setattr(supervisor.Task.objects, "filter", no_database)

    watcher.wait(120)

    assert watcher.started == ["job_cluster"]
    assert caplog.text.count("cannot be watched") == 1


def test_jobs_run_without_a_queue_that_is_away(watcher, monkeypatch, caplog):
    def no_redis(*arguments, **options):
        raise BrokerError("ConnectionError: refused")

    monkeypatch.setattr(supervisor, "async_task", no_redis)

    watcher.wait(120)

    assert watcher.started.count("job_cluster") >= 3
    assert "job_loop" in watcher.started
    assert caplog.text.count("cannot be watched: BrokerError: ConnectionError: refused") == 1


def test_all_are_asked_to_stop_before_one_is_waited_for(watcher, tmp_path):
    watcher.fallback = watcher._start("job_loop")
    watcher.run_dir.mkdir(parents=True, exist_ok=True)
    asked = watcher.cluster.asked = watcher.fallback.asked
    watcher.cluster.end = lambda grace: asked.append("waited")

    watcher._end()

    assert asked == ["stop", "stop", "waited"]


def test_what_killed_supervisors_left_is_removed(watcher):
    jobs = watcher.run_dir.parent
    dead = jobs / watcher.name.replace(str(os.getpid()), "999999999")
    for folder in (dead, watcher.run_dir):
        folder.mkdir(parents=True)
    async_task(PULSE, cluster=pulse_key("host-1"))
    OrmQ.objects.update(lock=timezone.now() - timedelta(hours=1))
    long_ago = timezone.now() - timedelta(days=31)
    Task.objects.create(id="1", name="n", func=PULSE, started=long_ago, stopped=long_ago, success=False)

    watcher._clear_up()

    assert list(jobs.iterdir()) == [watcher.run_dir]
    assert not OrmQ.objects.exists()
    assert not Task.objects.exists()


# --- the jobs without the queue ----------------------------------------------------------------------------

ran = []


def good_job():
    ran.append("good")


def failing_job():
    raise ValueError


def slow_job():
    time.sleep(5)


def test_fallback_runs_each_job_whatever_the_others_do(settings, caplog, monkeypatch):
    ran.clear()
    monkeypatch.setattr(fallback, "close_old_connections", lambda: None)  # it would close the test's own
    settings.PERIODIC_JOBS = {f"{__name__}.{name}": {} for name in ["failing_job", "slow_job", "good_job"]}
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "timeout": 1}

    fallback.run_jobs_once()

    assert ran == ["good"]
    assert caplog.text.count("failed") == 2


def test_long_jobs_are_told_to_leave_off(monkeypatch, tmp_path):
    monkeypatch.delenv(RUN_DIR, raising=False)
    assert not is_stopping()

    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    assert not is_stopping()
    (tmp_path / "stop").touch()

    assert is_stopping()


# --- pages for monitoring ----------------------------------------------------------------------------------


@pytest.fixture
def probes(monkeypatch):
    probes = [health.pulse_age]
    monkeypatch.setattr(health, "_probes", probes)
    return probes


def jobs_page(client):
    response = client.get(reverse("jobs_health"), secure=True)
    return response.status_code, response.json()


def pulsed(*, seconds_ago):
    stopped = timezone.now() - timedelta(seconds=seconds_ago)
    Success.objects.create(id="1", name="n", func=PULSE, started=stopped, stopped=stopped, success=True)


def test_jobs_are_well_when_a_pulse_went_through(client, probes):
    pulsed(seconds_ago=20)

    status, payload = jobs_page(client)

    assert (status, payload["ok"]) == (200, True)
    assert 20 <= payload["checks"]["seconds_since_pulse"]["value"] < 30


@pytest.mark.parametrize("seconds_ago", [None, 120])
def test_jobs_are_not_well_without_a_recent_pulse(client, probes, seconds_ago):
    if seconds_ago:
        pulsed(seconds_ago=seconds_ago)

    assert jobs_page(client)[0] == 503


def test_figure_past_its_limit_makes_the_page_fail(client, probes):
    pulsed(seconds_ago=1)
    probes.append(lambda now: Reading("cups", 3, 2))

    status, payload = jobs_page(client)

    assert status == 503
    assert payload["checks"]["cups"] == {"value": 3, "limit": 2, "ok": False}


def test_jobs_are_not_well_without_a_database(client, probes):
    def no_database(now):
        raise DatabaseError

    probes.append(no_database)

    assert jobs_page(client)[0] == 503


def test_prometheus_reads_the_same_figures(client, probes):
    pulsed(seconds_ago=20)
    probes.append(lambda now: Reading("cups", 3, 2))
    probes.append(lambda now: Reading("saucers", None, 2))

    response = client.get(reverse("metrics"), secure=True)

    lines = response.content.decode().splitlines()
    assert response["Content-Type"].startswith("text/plain")
    assert {"qingxiao_up 1.0", "qingxiao_cups 3.0", "qingxiao_cups_limit 2.0", "qingxiao_saucers NaN"} <= set(lines)


def test_prometheus_learns_that_the_database_is_gone(client, probes):
    def no_database(now):
        raise DatabaseError

    probes.append(no_database)

    assert client.get(reverse("metrics"), secure=True).content.decode().splitlines()[-1] == "qingxiao_up 0.0"


def test_web_process_and_database_are_well(client, monkeypatch):
    for name in ("healthz", "readyz"):
        response = client.get(reverse(name), secure=True)
        assert (response.status_code, response.content) == (200, b"ok")
        assert "no-store" in response["Cache-Control"]

    monkeypatch.setattr(health, "has_pending_migrations", lambda: True)
    assert client.get(reverse("readyz"), secure=True).status_code == 503


# --- the queue's tables in the back office -----------------------------------------------------------------

TABLES = ["schedule", "success", "failure", "ormq"]


@pytest.mark.parametrize("table", TABLES)
def test_queue_is_for_superusers_to_look_at(client, admin_user, owner, table, settings):
    settings.PERIODIC_JOBS = GOOD
    sync_schedules()
    async_task(PULSE)
    pulsed(seconds_ago=1)
    Task.objects.create(id="2", name="m", func=PULSE, started=timezone.now(), stopped=timezone.now(), success=False)
    url = reverse(f"admin:django_q_{table}_changelist")

    client.force_login(owner)
    assert client.get(url, secure=True).status_code == 403
    client.force_login(admin_user)

    assert client.get(url, {"q": "a"}, secure=True).status_code == 200
    row = client.get(url, secure=True).context["cl"].queryset[0]
    change = reverse(f"admin:django_q_{table}_change", args=[row.pk])
    assert client.get(change, secure=True).status_code == 200
    assert client.post(change, {}, secure=True).status_code == 403
    assert client.get(reverse(f"admin:django_q_{table}_add"), secure=True).status_code == 403
    assert client.post(reverse(f"admin:django_q_{table}_delete", args=[row.pk]), secure=True).status_code == 403


def test_what_the_jobs_need_is_loaded_before_the_workers_are_forked(settings, monkeypatch):
    monkeypatch.delitem(sys.modules, "tests.core.jobs_probe", raising=False)
    settings.PERIODIC_JOBS = {"tests.core.jobs_probe.tick": {"minutes": 1}}

    load_jobs()

    assert "tests.core.jobs_probe" in sys.modules
