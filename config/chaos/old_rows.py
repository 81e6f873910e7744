"""Messages of years gone by, which need nothing done: what the outbox of a school that lives looks like."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from branches.models import Branch
from config.demo.bench_sql import insert
from core.statistics import refresh_statistics
from messaging.models import MessageAttempt, OutboundMessage, Status

KIND = "chaos_old"
PER_DAY = 2000
_ROWS = (
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "  # noqa: S608
    f"{PER_DAY}) SELECT i FROM n) AS old"
)
_IS_LATE = "i %% 50 = 0"


def add_old_rows(count):
    """Each was made in one attempt; one in fifty was never sent."""
    today, branch = timezone.now(), Branch.objects.get()
    for day in range(1, count // PER_DAY + 1):
        _add_day(branch, today - timedelta(days=day), f"{day}-")
    refresh_statistics(OutboundMessage, MessageAttempt)


def _add_day(branch, at, prefix):
    key, text = f"'{prefix}' || i", "'【轻校】明天上课'"
    due_at, until = (f"'{moment:%Y-%m-%d %H:%M:%S}'" for moment in (at, at + timedelta(hours=12)))
    insert(
        OutboundMessage, _ROWS, branch_id=str(branch.pk), dedupe_key=key, kind=f"'{KIND}'", channel="'sms'",
        subject="'lesson:' || i", occurrence=key, recipient="'guardian:' || i", about="'student:' || i",
        due_at=due_at, not_before=due_at, status_at=due_at, created_at=due_at, useful_until=until,
        status=f"CASE WHEN {_IS_LATE} THEN '{Status.EXPIRED}' ELSE '{Status.DELIVERED}' END",
        provider_sid=f"CASE WHEN {_IS_LATE} THEN '' ELSE 'SM' || {key} END",
        attempt_count="1", to_phone="'+861390000' || (1000 + i)", body=text,
    )  # fmt: skip
    insert(
        MessageAttempt, f"{OutboundMessage._meta.db_table} AS m WHERE m.dedupe_key LIKE '{prefix}%%'",
        id="m.dedupe_key", message_id="m.id", number="1", worker="'old:1'", started_at="m.due_at",
        sender="'+15005550006'", to_phone="m.to_phone", body="m.body", channel="m.channel", http_status="400",
        outcome=f"'{MessageAttempt.Outcome.REJECTED}'",
    )  # fmt: skip


# --- what the jobs ask the database, and how it finds the answer ---------------------------------------------


class Listener:
    """Keeps what goes to the database."""

    def __init__(self):
        self.statements = []

    def __call__(self, execute, sql, params, many, context):
        self.statements.append((sql, params))
        return execute(sql, params, many, context)


def plans_of(job):
    """The database's plan of each statement that `job()` sends to the table of messages; what it did is taken back."""
    listener = Listener()
    with transaction.atomic(), connection.execute_wrapper(listener):
        job()
        transaction.set_rollback(True)
    about_messages = [
        (sql, params) for sql, params in listener.statements
        if OutboundMessage._meta.db_table in sql and sql.startswith(("SELECT", "UPDATE"))
    ]  # fmt: skip
    return [_plan(sql, params) for sql, params in about_messages]


def _plan(sql, params):
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def reads_whole_table(plan):
    """Whether the database would look at every message there is."""
    table = OutboundMessage._meta.db_table
    return any(line.strip(" ->").startswith((f"SCAN {table}", f"Seq Scan on {table}")) for line in plan.splitlines())
