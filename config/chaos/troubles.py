"""R8: the provider is away, hangs, fails every second time, refuses all, is slow; and is left alone meanwhile."""

import math
import time
from dataclasses import dataclass, replace
from itertools import pairwise

from django.utils import timezone

from config.chaos.driver import Driver
from config.chaos.history import Verdict
from config.chaos.jobs import plan_occurrences
from config.chaos.runs import LONGEST, Result, begin, settle
from config.chaos.spec import LATENCY, Spec
from messaging.models import MessageAttempt, OutboundMessage, SenderState, Status
from messaging.rules import BREAKER_PAUSE

GOOD = {"latency": LATENCY, "reported": 0.2}
MOST_FAILURES = 10  # before the sender is left alone


@dataclass(frozen=True)
class Trouble:
    name: str
    fault: tuple | None  # (name, rate, value) at the stand-in; None: it is not there
    is_total: bool = True  # nothing gets through: the breaker must open


TROUBLES = [
    Trouble("away", None),
    Trouble("hangs", ("hang", 1, "2.5")),
    Trouble("fails half the time", ("error", 0.5, ""), is_total=False),
    Trouble("429", ("throttle", 1, "")),
    Trouble("slow", ("slow", 1, "0.5"), is_total=False),
]


def run_troubles(options):
    """A fifth of the messages for each trouble; it begins when some of them are sent."""
    start, verdicts, notes, is_right = time.monotonic(), [], [], True
    for trouble in TROUBLES:
        result, note, is_kept = _one(trouble, options)
        verdicts.append(result.verdict)
        notes.append(f"{trouble.name}: {note}")
        is_right = is_right and is_kept
    total = Verdict(
        sum(one.lost for one in verdicts),
        sum(one.duplicate for one in verdicts),
        sum(one.false for one in verdicts),
        0,
        tuple(detail for one in verdicts for detail in one.details)[:20],
    )  # fmt: skip
    result = Result("R8", total, time.monotonic() - start, len(TROUBLES) * (options.messages // len(TROUBLES)))
    return result.with_notes("; ".join(notes), is_right=is_right)


def _one(trouble, options):
    """(Result, its figures in words, whether the provider was left alone)."""
    count, seconds = options.messages // len(TROUBLES), options.outage
    spec = Spec(seed=options.seed, messages=count, slice=count, misfortune=GOOD)
    begin(spec)
    start = time.monotonic()
    with Driver(spec) as driver:
        plan_occurrences(range(count))
        driver.is_planning = False
        driver.keep_on(lambda: _accepted() >= count // 5, seconds=LONGEST)
        began_at = timezone.now()
        _change(driver, spec, trouble)
        driver.keep_on(lambda: False, seconds=seconds)
        ended_at, opened = timezone.now(), SenderState.objects.exclude(open_until=None).exists()
        _change(driver, spec, None)
        result = settle("R8", driver, start)
    before, after = _attempts(began_at, ended_at)
    probes = math.ceil(seconds / BREAKER_PAUSE.total_seconds()) + 1
    left = OutboundMessage.objects.filter(status=Status.NEEDS_REVIEW).count()
    note = f"{before} failures before it was left alone, {after} probes in {seconds:g} s, {left} left to a person"
    is_kept = not trouble.is_total or (opened and before <= MOST_FAILURES and after <= probes)
    return result, note, is_kept


def _accepted():
    return OutboundMessage.objects.filter(status__in=[Status.ACCEPTED, Status.SENT, Status.DELIVERED]).count()


def _change(driver, spec, trouble):
    """Another stand-in with the same record, or none for a while."""
    driver.twilio.stop(1)
    if trouble and trouble.fault is None:
        driver.twilio.keep_up = lambda: None
        return
    name, rate, value = trouble.fault if trouble else ("error", 0, "")
    faults = [{"name": name, "rate": rate, "value": value}]
    replace(spec, misfortune={**GOOD, "faults": faults}).write()
    driver.twilio.__dict__.pop("keep_up", None)
    driver.twilio.start()


def _attempts(began_at, ended_at):
    """(attempts until five had failed and those that were on their way then, attempts afterwards)."""
    failed = MessageAttempt.objects.filter(started_at__gt=began_at, started_at__lt=ended_at).exclude(
        outcome=MessageAttempt.Outcome.ACCEPTED, resolved_by=MessageAttempt.ResolvedBy.RESPONSE
    )
    times = list(failed.order_by("started_at").values_list("started_at", flat=True))
    pause = BREAKER_PAUSE * 0.9
    gaps = enumerate(pairwise(times), 1)
    first_probe = next((place for place, (one, after) in gaps if after - one >= pause), len(times))
    return first_probe, len(times) - first_probe
