"""The experiments of docs/reliability.md, by their names there."""

import random
from argparse import Namespace

from config.chaos.bad_input import run_bad_input
from config.chaos.calendars import run_calendars
from config.chaos.clocks import run_clock_jumps
from config.chaos.deploys import run_deploys
from config.chaos.downtimes import run_downtimes
from config.chaos.driver import FREEZE_SECONDS, Failpoints
from config.chaos.environment import has_production_times
from config.chaos.forged import run_forgeries
from config.chaos.hosts import run_hosts
from config.chaos.outages import run_outages
from config.chaos.pace import run_pace
from config.chaos.planners import run_planners
from config.chaos.quiet_hours import run_quiet_hours
from config.chaos.races import run_races
from config.chaos.redis_away import run_redis_faults
from config.chaos.reports import run_reports
from config.chaos.restores import run_restore
from config.chaos.runs import run
from config.chaos.soak import run_soak
from config.chaos.spec import Spec, hostile
from config.chaos.supervision import run_process_kills
from config.chaos.throughput import run_throughput
from config.chaos.troubles import run_troubles

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


def run_short_freezes(options):
    """R4b: workers stand still for a while that is shorter than a lease, and go on where they were."""
    longest = 60 if has_production_times() else 60 / 50  # as the lease: 300 s, or 6
    spec = Spec(
        seed=options.seed, messages=options.messages, slice=max(50, options.messages // 20), misfortune=hostile()
    )
    result = run("R4b", spec, ["freeze"] * options.freezes, freeze=lambda dice: dice.uniform(longest / 10, longest))
    times = "production's times" if has_production_times() else "a fiftieth of production's times"
    return result.with_notes(f"up to {longest:g} s each, {times}")


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
    "R4b": run_short_freezes,
    "R5": run_process_kills,
    "R6": run_outages,
    "R7": run_redis_faults,
    "R10": run_reports,
    "R12": run_calendars,
    "R13": run_quiet_hours,
    "R16": run_hosts,
    "R8": run_troubles,
    "R9": run_pace,
    "R11": run_clock_jumps,
    "R14": run_bad_input,
    "R15": run_downtimes,
    "R17": run_races,
    "R18": run_restore,
    "R19": run_deploys,
    "R20": run_soak,
    "R21": run_throughput,
    "S4": run_forgeries,
}
# The sizes that every change has to pass, in bin/test.
GATE = {
    "R1": {"messages": 2000, "kills": 10},
    "R2": {"messages": 400, "crashes": 5},
    "R3": {"messages": 500, "rounds": 3},
    "R5": {"kills": 3},
    "R10": {"messages": 200},
    "R12": {"sample": 12},
    "R13": {"messages": 3000},
    "R19": {"deploys": 1},
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
