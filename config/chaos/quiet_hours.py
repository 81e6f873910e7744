"""R13: nothing is sent in the quiet hours of its recipient's zone, and nothing waits longer than it must."""

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from datetime import time as wall_clock
from zoneinfo import ZoneInfo, available_timezones

from branches.models import Branch
from config.chaos.history import Verdict
from config.chaos.runs import Result, begin
from config.chaos.spec import KIND, Spec
from messaging.channels import Channels
from messaging.models import OutboundMessage, Status
from messaging.rendering import prepare
from messaging.routing import Routes
from messaging.rules import next_allowed

MINUTE = timedelta(minutes=1)
PREPARED = 10  # of so many messages one goes through the database, too


def run_quiet_hours(options):
    begin(Spec(seed=options.seed))
    start, dice = time.monotonic(), random.Random(options.seed)  # noqa: S311
    zones, seen = sorted(available_timezones()), Counter()
    for number in range(options.messages):
        due = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(730 * 24 * 60))
        hours = {"time_zone": dice.choice(zones), **_hours(dice)}
        _look_at(due, hours, seen)
        if number % PREPARED == 0:
            _prepare(due, hours, timedelta(minutes=dice.randint(1, 24 * 60)), seen)
    verdict = Verdict(0, 0, seen["quiet"] + seen["longer"] + seen["earlier"] + seen["too late"], 0)
    notes = ", ".join(f"{count} {word}" for word, count in sorted(seen.items()))
    return Result("R13", verdict, time.monotonic() - start, options.messages).with_notes(notes)


def _hours(dice):
    if dice.random() < 0.2:  # a rest at noon, which does not span midnight
        return {"quiet_from": wall_clock(12), "quiet_until": wall_clock(14, 30)}
    return {"quiet_from": wall_clock(dice.randint(18, 23), 30), "quiet_until": wall_clock(dice.randint(5, 10))}


def _look_at(due, hours, seen):
    at = next_allowed(due, **hours)
    seen["shifted"] += at > due
    seen["earlier"] += at < due
    seen["quiet"] += is_quiet(at, **hours)
    seen["longer"] += at > due and not all(is_quiet(step, **hours) for step in _steps(due, at))


def _prepare(due, hours, useful, seen):
    """A message that a worker claims when it is due: sent, put off to an allowed minute, or dropped as too late."""
    branch = Branch(pk=Branch.objects.values_list("pk", flat=True).get(), **hours)
    message = OutboundMessage.objects.create(
        branch_id=branch.pk, dedupe_key=f"quiet|{seen['prepared']}", kind=KIND, subject="lesson:1", occurrence="24h",
        recipient="guardian:1", about="student:1", due_at=due, not_before=due, useful_until=due + useful,
        status=Status.CLAIMED, token="quiet", lease_until=due + MINUTE,  # noqa: S106
    )  # fmt: skip
    message.branch = branch
    is_sent = prepare(message, routes=Routes(), channels=Channels(), now=due) is not None
    message.refresh_from_db(fields=["status", "not_before"])
    seen["prepared"] += 1
    seen["quiet"] += is_sent and is_quiet(due, **hours)
    seen["quiet"] += message.status == Status.QUEUED and is_quiet(message.not_before, **hours)
    seen["too late"] += message.status == Status.QUEUED and message.not_before >= due + useful
    seen["expired"] += message.status == Status.EXPIRED


def _steps(begin, end):
    """Moments of [begin, end), the last one just before the end."""
    yield end - timedelta(seconds=1)
    while begin < end:
        yield begin
        begin += 7 * MINUTE


def is_quiet(at, *, time_zone, quiet_from, quiet_until):
    """By a look at the clock on the wall, without a look at the code that is tested."""
    minute = at.astimezone(ZoneInfo(time_zone)).strftime("%H:%M")
    begin, end = quiet_from.strftime("%H:%M"), quiet_until.strftime("%H:%M")
    return begin <= minute < end if begin < end else not end <= minute < begin
