"""The experiments of docs/reliability.md, by their names there."""

import random
from argparse import Namespace

from config.chaos.calendars import run_calendars
from config.chaos.driver import FREEZE_SECONDS, Failpoints
from config.chaos.planners import run_planners
from config.chaos.quiet_hours import run_quiet_hours
from config.chaos.reports import run_reports
from config.chaos.runs import run
from config.chaos.spec import Spec, hostile

# Where a process may die: before and after each commit on a message's way, and in the middle of the request.
POINTS = [
    "plan.batch",
    "plan.committed",
    "claim.committed",
    "sending.before_commit",
    "sending.committed",
    "post.written",
    "answer.received",
    "answer.recorded",
    "report.before_commit",
    "report.committed",
    "reconcile.before_commit",
    "reconcile.committed",
]
VICTIMS = {"worker": 70, "idle": 10, "sentinel": 4, "cluster": 4, "supervisor": 4, "site": 4, "twilio": 4}


def run_kills(options):
    """R1: random kill -9 under a hostile provider."""
    spec = Spec(
        seed=options.seed, messages=options.messages, slice=max(50, options.messages // 20), design=options.design,
        misfortune=hostile(),
    )  # fmt: skip
    return run("R1", spec, _strokes(options.seed, options.kills))


def run_freezes(options):
    """R4a: workers stand still for two leases, and wake when others have taken over.

    Half of them anywhere, half where it would hurt most: between the commit of SENDING and the request.
    """
    spec = Spec(
        seed=options.seed, messages=options.messages, slice=max(50, options.messages // 20), design=options.design,
        misfortune=hostile(),
    )  # fmt: skip
    failpoints = Failpoints(["sending.committed"], options.freezes // 2, f"sleep {FREEZE_SECONDS}")
    result = run("R4a", spec, ["freeze"] * (options.freezes - options.freezes // 2), failpoints=failpoints)
    return result.with_notes(f"{failpoints.done('sending.committed')} held up before the request")


def _strokes(seed, kills):
    """Mostly workers that are sending, and some of everybody else."""
    dice = random.Random(f"strokes|{seed}")  # noqa: S311
    return dice.choices(list(VICTIMS), weights=VICTIMS.values(), k=kills)


def run_failpoints(options):
    """R2: a crash at every named point."""
    messages = max(options.messages, 40 * options.crashes)
    spec = Spec(seed=options.seed, messages=messages, slice=max(10, messages // 5), misfortune=hostile(reported=1.0))
    failpoints = Failpoints(POINTS, options.crashes)
    result = run("R2", spec, failpoints=failpoints)
    done = [failpoints.done(name) for name in POINTS]
    return result.with_notes(
        f"{sum(done)} crashes at {len(POINTS)} failpoints", is_right=set(done) == {options.crashes}
    )


EXPERIMENTS = {
    "R1": run_kills,
    "R2": run_failpoints,
    "R3": run_planners,
    "R4a": run_freezes,
    "R10": run_reports,
    "R12": run_calendars,
    "R13": run_quiet_hours,
}
# The sizes that every change has to pass, in bin/test.
GATE = {
    "R1": {"messages": 2000, "kills": 10},
    "R2": {"messages": 400, "crashes": 5},
    "R3": {"messages": 500, "rounds": 3},
    "R10": {"messages": 200},
    "R12": {"sample": 12},
    "R13": {"messages": 3000},
}


def named(names, options):
    """(function, its options) of each experiment; "gate" stands for all of the gate's, in its sizes."""
    for name in names:
        if name == "gate":
            yield from ((EXPERIMENTS[one], _with(options, **sizes)) for one, sizes in GATE.items())
        else:
            yield EXPERIMENTS[name], options


def _with(options, **sizes):
    return Namespace(**{**vars(options), **sizes})
