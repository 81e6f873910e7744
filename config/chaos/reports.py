"""R10: delivery reports that come shuffled, again, too early, forged, and of attempts that nobody made."""

import statistics

from config.chaos import web
from config.chaos.runs import run
from config.chaos.spec import Spec
from messaging.models import MessageAttempt, OutboundMessage, Status

SLOWEST = 50  # milliseconds of the processor, for 99 of 100 reports: what a busy machine adds is not ours
REPORTS = {
    "reported": 1.0, "undelivered": 0.1, "shuffled": 1.0, "early": 0.5, "most_repeats": 3,
    "forged": 0.03, "unknown": 0.03,
}  # fmt: skip


def run_reports(options):
    """Every message ends where the last report says, and no forged one changes anything."""
    spec = Spec(seed=options.seed, messages=options.messages, slice=max(50, options.messages // 10), misfortune=REPORTS)
    result = run("R10", spec, until_reported=True)
    times = web.times()
    took, worked = (statistics.quantiles(figures, n=100)[98] for figures in list(zip(*times, strict=True))[1:])
    refused = sum(status == 403 for status, *_times in times)
    unsettled = OutboundMessage.objects.exclude(status__in=[Status.DELIVERED, Status.UNDELIVERED]).count()
    believed = MessageAttempt.objects.filter(events__error_code="30099").count()
    notes = (
        f"{len(times)} reports, {refused} forged and refused, {believed} forged and believed, "
        f"{unsettled} messages without their end, 99 of 100 within {took:.1f} ms, {worked:.1f} ms of them work"
    )
    return result.with_notes(notes, is_right=not unsettled and not believed and worked <= SLOWEST)
