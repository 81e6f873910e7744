"""How long the large school takes for each task, and what the database does meanwhile.

Each measurement is taken back: the next one finds the school as this one did.
"""

import statistics
import time
from collections import defaultdict
from contextlib import contextmanager

from django.db import connection, transaction

from config.demo.bench import QueryCounter
from config.demo.bench_work import LEAST

HEAD = ("task", "done", "p50 ms", "p95 ms", "max ms", "goal ms", "", "queries", "most")
HOT = 3  # statements of a task that are explained


def measure_tasks(tasks, requests):
    """Rows under HEAD."""
    for task in tasks:
        if task.least == LEAST:
            _measure(task, 0)  # modules are imported and templates compiled once per process
        measured = [_measure(task, number) for number in range(1, task.times(requests) + 1)]
        times = sorted(milliseconds for milliseconds, _count in measured)
        counts = [count for _milliseconds, count in measured]
        centiles = statistics.quantiles(times, n=100, method="inclusive")
        figures = [f"{figure:.1f}" for figure in (centiles[49], centiles[94], times[-1])]
        verdict = "ok" if centiles[94] <= task.goal else "SLOW"
        yield (task.name, len(times), *figures, task.goal, verdict, round(statistics.median(counts)), max(counts))


def _measure(task, number):
    """(milliseconds, queries), the database's checks at the end of a transaction included."""
    with _taken_back():
        run = task.prepare(number)
        counter = QueryCounter()
        with connection.execute_wrapper(counter):
            start = time.perf_counter()
            run()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return (time.perf_counter() - start) * 1000, counter.count


@contextmanager
def _taken_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- what the database does ------------------------------------------------------------------------------


class StatementTimer:
    """Adds up how long each statement takes, however often it is run."""

    def __init__(self):
        self.milliseconds, self.times = defaultdict(float), defaultdict(int)

    def __call__(self, execute, sql, params, many, context):
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.milliseconds[sql] += (time.perf_counter() - start) * 1000
            self.times[sql] += 1

    def hottest(self):
        data = [sql for sql in self.milliseconds if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
        return sorted(data, key=lambda sql: -self.milliseconds[sql])[:HOT]


class Explainer:
    """Explains each of `statements` in its place, the first time that it comes; then takes that back and goes on."""

    def __init__(self, statements):
        self.statements, self.plans = set(statements), {}

    def __call__(self, execute, sql, params, many, context):
        if sql in self.statements and sql not in self.plans:
            self.plans[sql] = ""  # the EXPLAIN itself comes this way too
            self.plans[sql] = _explain(sql, params)
        return execute(sql, params, many, context)


def _explain(sql, params):
    savepoint = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    transaction.savepoint_rollback(savepoint)
    return plan


def explain_tasks(tasks):
    """(task, statement, how often, milliseconds in all, plan) of the statements that take longest in each task."""
    for task in tasks:
        timer = StatementTimer()
        _run_with(timer, task)
        hottest = timer.hottest()
        explainer = Explainer(hottest)
        _run_with(explainer, task)
        for sql in hottest:
            yield task.name, sql, timer.times[sql], timer.milliseconds[sql], explainer.plans.get(sql, "")


def _run_with(wrapper, task):
    with _taken_back():
        run = task.prepare(1)
        with connection.execute_wrapper(wrapper):
            run()
