"""How each sender did in the last day, and whether it is being left alone: for the pages of staff."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Q

from messaging.channels import channel_class
from messaging.models import BY_HAND, MessageAttempt, MessageEvent, SenderState
from messaging.states import words_of_code

DAY = timedelta(days=1)
LATEST = 2000  # deliveries that the median is taken of
Outcome = MessageAttempt.Outcome
_NOT_TAKEN = [Outcome.NOT_SENT, Outcome.THROTTLED, Outcome.MISCONFIGURED, Outcome.REJECTED, Outcome.OPTED_OUT]


@dataclass(frozen=True)
class SenderHealth:
    """Counts are of attempts in the last 24 hours. `seconds`: the median until a text was delivered, if any was."""

    channel: str
    sender: str
    attempts: int
    accepted: int
    failed: int
    unknown: int
    delivered: int
    seconds: float | None
    failures: int  # in a row, up to now
    failed_at: datetime | None
    open_until: datetime | None
    error_code: str

    @property
    def label(self):
        return channel_class(self.channel).label

    @property
    def delivered_percent(self):
        return round(100 * self.delivered / self.accepted) if self.accepted else None

    @property
    def is_well(self):
        return self.open_until is None and not self.failures

    @property
    def error(self):
        return words_of_code(self.error_code)


def sender_health(now):
    """One for each sender that was used in the last day, or is failing; what is not well first. Three queries."""
    counts = {(row.pop("channel"), row.pop("sender")): row for row in _counts(now)}
    states = {(state.channel, state.sender): state for state in SenderState.objects.exclude(channel__in=BY_HAND)}
    seconds = _median_seconds(now)
    failing = {key for key, state in states.items() if state.failures or _open_until(state, now)}
    found = [_health(key, counts.get(key), states.get(key), seconds.get(key), now) for key in {*counts, *failing}]
    return sorted(found, key=lambda one: (one.is_well, one.channel, one.sender))


def _health(key, counts, state, seconds, now):
    counts = counts or dict.fromkeys(["attempts", "accepted", "failed", "unknown", "delivered"], 0)
    return SenderHealth(
        *key,
        **counts,
        seconds=seconds,
        failures=state.failures if state else 0,
        failed_at=state.failed_at if state else None,
        open_until=_open_until(state, now),
        error_code=state.error_code if state else "",
    )


def _open_until(state, now):
    return state.open_until if state and state.open_until and state.open_until > now else None


def _counts(now):
    attempts = MessageAttempt.objects.filter(started_at__gt=now - DAY).exclude(channel__in=BY_HAND).order_by()
    return attempts.values("channel", "sender").annotate(
        attempts=Count("pk"),
        accepted=Count("pk", filter=Q(outcome=Outcome.ACCEPTED)),
        failed=Count("pk", filter=Q(outcome__in=_NOT_TAKEN) | Q(provider_status__in=["undelivered", "failed"])),
        unknown=Count("pk", filter=Q(outcome=Outcome.UNKNOWN)),
        delivered=Count("pk", filter=Q(outcome=Outcome.ACCEPTED, provider_status="delivered")),
    )


def _median_seconds(now):
    """{(channel, sender): seconds}, of the latest deliveries that the providers reported."""
    reported = MessageEvent.objects.filter(status="delivered", by=None, attempt__started_at__gt=now - DAY)
    rows = (
        reported.exclude(attempt__channel__in=BY_HAND)
        .order_by("-attempt__started_at")
        .values_list("attempt__channel", "attempt__sender", "attempt__started_at", "received_at")
    )
    waits = defaultdict(list)
    for channel, sender, started_at, received_at in rows[:LATEST]:
        waits[channel, sender].append((received_at - started_at).total_seconds())
    return {key: median(values) for key, values in waits.items()}
