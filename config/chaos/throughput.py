"""R21: how many reminders are planned and sent in a second, on a day without misfortune, beside many old ones."""

import time
from functools import partial

from django.utils import timezone

from config.chaos.driver import UNDER_WAY, Driver
from config.chaos.history import judge, read_history
from config.chaos.jobs import plan_occurrences
from config.chaos.old_rows import add_old_rows, plans_of, reads_whole_table
from config.chaos.runs import LONGEST, Result, begin
from config.chaos.spec import KIND, LATENCY, Spec
from messaging.claims import claim_due, expire_stale, release_expired_leases
from messaging.models import OutboundMessage

PLAN_SHARE = 5  # times as many are planned as are sent
PLAN_RATE = 50_000 / 30  # a second: what is asked
SEND_RATE = 120


def run_throughput(options):
    """Plan five times as many as are sent; then send, with all workers of the job queue under its supervisor."""
    spec = Spec(seed=options.seed, messages=options.messages, misfortune={"latency": LATENCY, "reported": 0.0})
    begin(spec)
    add_old_rows(options.old)
    planned = PLAN_SHARE * options.messages
    plan_seconds = _time(partial(plan_occurrences, range(options.messages, options.messages + planned)))
    OutboundMessage.objects.filter(kind=KIND).delete()
    plan_occurrences(range(options.messages))
    whole = jobs_that_read_all()
    send_seconds = _send_all(spec)
    plan_rate, send_rate = planned / plan_seconds, options.messages / send_seconds
    notes = (
        f"{planned} planned in {plan_seconds:.1f} s; {options.messages} sent at {send_rate:.0f}/s, beside "
        f"{options.old} old ones; jobs that read all of them: {', '.join(whole) or 'none'}"
    )
    result = Result("R21", judge(read_history(spec)), send_seconds, options.messages)
    return result.with_notes(notes, is_right=not whole and plan_rate >= PLAN_RATE and send_rate >= SEND_RATE)


def _time(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def _send_all(spec):
    """Seconds from the first message that is handed over to the last answer."""
    under_way = OutboundMessage.objects.filter(kind=KIND, status__in=UNDER_WAY)
    first = OutboundMessage.objects.filter(kind=KIND, attempt_count__gt=0)
    with Driver(spec) as driver:
        driver.is_planning = False
        driver.keep_on(first.exists, seconds=LONGEST)
        return _time(lambda: driver.keep_on(lambda: not under_way.exists(), seconds=LONGEST))


def jobs_that_read_all():
    """Names of the jobs that would read every old message, too."""
    now = timezone.now()
    jobs = {
        "claim": lambda: claim_due(now=now, limit=1),
        "expire": lambda: expire_stale(now=now),
        "leases": lambda: release_expired_leases(now=now),
        "reconcile": lambda: list(OutboundMessage.objects.unresolved()[:100]),
    }
    return [name for name, job in jobs.items() if any(map(reads_whole_table, plans_of(job)))]
