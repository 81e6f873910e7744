"""What happened, from both sides: the stand-in's own record against outbox, attempts and reports."""

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from config.chaos.processes import LEDGER
from config.chaos.spec import KIND
from messaging.models import WITH_PROVIDER, MessageAttempt, MessageEvent, OutboundMessage, Status

UNRESOLVED = {Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN, Status.NEEDS_REVIEW}
REPORTED = {Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED}


@dataclass(frozen=True)
class Accepted:
    """A message that the stand-in took in; `attempt` stands in the address of its reports."""

    sid: str
    phone: str
    body: str
    attempt: str
    status: str  # that it came to


@dataclass(frozen=True)
class Row:
    """A message of the outbox."""

    dedupe_key: str
    status: str
    sid: str = ""
    phone: str = ""
    body: str = ""


@dataclass
class History:
    occurrences: list  # what was to be said: see Occurrence
    accepted: list
    rows: list
    opted_out: set = field(default_factory=set)  # phones, as the stand-in knows
    attempts: set | None = field(default_factory=set)  # ids; None for a design that keeps none
    events: list = field(default_factory=list)  # (attempt, status) that were believed


@dataclass(frozen=True)
class Verdict:
    lost: int
    duplicate: int
    false: int  # the outbox says what is not so
    unresolved: int
    details: tuple = ()

    @property
    def is_clean(self):
        return not (self.lost or self.duplicate or self.false or self.unresolved)


def judge(history):
    """Count what went wrong. A family's equal texts are one pile: two were to come, and two must."""
    lost, duplicate = _compare_texts(history)
    false = [*_false_rows(history), *_false_records(history)]
    unresolved = [f"{row.dedupe_key} {row.status}" for row in history.rows if row.status in UNRESOLVED]
    details = [*lost.elements(), *duplicate.elements(), *false, *unresolved]
    return Verdict(lost.total(), duplicate.total(), len(false), len(unresolved), tuple(details[:20]))


def _compare_texts(history):
    """(lost, duplicate): Counters of what is missing, and of what came too often."""
    rows = {row.dedupe_key: row for row in history.rows}
    came = Counter((accepted.phone, accepted.body) for accepted in history.accepted)
    meant, excused = Counter(), Counter()
    lost, duplicate = Counter(), Counter()
    for occurrence in history.occurrences:
        text = (occurrence.phone, occurrence.body)
        row = rows.get(occurrence.dedupe_key)
        meant[text] += 1
        if row and row.status == Status.SUPPRESSED and occurrence.phone in history.opted_out:
            excused[text] += 1
        elif row and row.status in UNRESOLVED:
            excused[text] += 1  # counted as such
    for text, count in meant.items():
        lost[f"lost: {text}"] += max(0, count - excused[text] - came[text])
    for text, count in came.items():
        duplicate[f"duplicate: {text}"] += max(0, count - meant[text])
    planned_twice = len(history.rows) - len(rows)
    duplicate["rows with one key"] += planned_twice
    return +lost, +duplicate


def _false_rows(history):
    """Rows that claim what the stand-in does not confirm."""
    ledger = {accepted.sid: accepted for accepted in history.accepted}
    owners = Counter(row.sid for row in history.rows if row.sid)
    for row in history.rows:
        theirs = ledger.get(row.sid)
        if row.status in WITH_PROVIDER and (theirs is None or (theirs.phone, theirs.body) != (row.phone, row.body)):
            yield f"false: {row.dedupe_key} is {row.status}, the provider has no such message"
        elif row.status in REPORTED and row.status not in (theirs.status, Status.SENT):
            yield f"false: {row.dedupe_key} is {row.status}, at the provider {theirs.status}"
        elif row.sid and owners[row.sid] > 1:
            yield f"false: {row.dedupe_key} shares the provider's id"


def _false_records(history):
    if history.attempts is None:
        return
    reportable = defaultdict(set)
    for accepted in history.accepted:
        reportable[accepted.attempt] |= {"accepted", "queued", "sending", "sent", accepted.status}
        if accepted.attempt not in history.attempts:
            yield f"false: sent without a committed attempt: {accepted.sid}"
    for attempt, status in history.events:
        if status not in reportable[attempt]:
            yield f"false: believed a report “{status}” that the provider never made"


def accepted_times():
    """When the stand-in took each message in, by its own clock: seconds since 1970."""
    with closing(_ledger()) as ledger:
        return [at for (at,) in ledger.execute("SELECT created_at FROM messages ORDER BY created_at")]


def times_by_attempt():
    """[(attempt, when the stand-in took its message in)]."""
    with closing(_ledger()) as ledger:
        found = ledger.execute("SELECT callback_url, created_at FROM messages").fetchall()
    return [(url.rpartition("/")[2], at) for url, at in found]


def accepted_between(begin, end):
    return sum(begin < at <= end for at in accepted_times())


def _ledger():
    return sqlite3.connect(Path(settings.VAR_DIR) / LEDGER)


def read_history(spec):
    with closing(_ledger()) as ledger:
        messages = ledger.execute("SELECT sid, to_phone, body, callback_url, status FROM messages").fetchall()
        opted_out = {phone for (phone,) in ledger.execute("SELECT phone FROM opt_outs")}
    ours = OutboundMessage.objects.filter(kind=KIND)
    rows = ours.values_list("dedupe_key", "status", "provider_sid", "to_phone", "body")
    keeps_attempts = spec.design == "outbox"
    return History(
        occurrences=list(spec.occurrences()),
        accepted=[Accepted(sid, phone, body, url.rpartition("/")[2], status)
                  for sid, phone, body, url, status in messages],
        rows=[Row(*row) for row in rows],
        opted_out=opted_out,
        attempts=set(MessageAttempt.objects.values_list("pk", flat=True)) if keeps_attempts else None,
        events=list(MessageEvent.objects.values_list("attempt_id", "status")),
    )  # fmt: skip
