"""R3: many planners at once on the same window."""

import multiprocessing
import random
import time

from django.db import connections

from config.chaos.history import Verdict
from config.chaos.jobs import plan_occurrences
from config.chaos.runs import Result, begin
from config.chaos.spec import Spec
from core.processes import die_with_parent
from messaging.models import OutboundMessage

PLANNERS = 8


def run_planners(options):
    """Every round eight planners and the same occurrences, each in an order of its own: one row per occurrence."""
    begin(Spec(seed=options.seed, messages=options.messages))
    start, lost, duplicate, failed, before = time.monotonic(), 0, 0, 0, 0
    for number in range(options.rounds):
        first = number * options.messages
        failed += _plan_together(range(first, first + options.messages), f"{options.seed}|{number}")
        rows = OutboundMessage.objects.count() - before
        before += rows
        lost += max(0, options.messages - rows)
        duplicate += max(0, rows - options.messages)
    result = Result("R3", Verdict(lost, duplicate, 0, 0), time.monotonic() - start, options.rounds * options.messages)
    notes = f"{options.rounds} rounds of {PLANNERS} planners and {options.messages} occurrences, {failed} failed"
    return result.with_notes(notes, is_right=failed == 0)


def _plan_together(indices, seed):
    """How many of the planners failed."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    start = context.Barrier(PLANNERS)
    planners = [
        context.Process(target=_be_planner, args=[indices, f"{seed}|{number}", start]) for number in range(PLANNERS)
    ]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    return sum(planner.exitcode != 0 for planner in planners)


def _be_planner(indices, seed, start):
    die_with_parent()
    indices = list(indices)
    random.Random(seed).shuffle(indices)  # noqa: S311
    start.wait()
    plan_occurrences(indices)
