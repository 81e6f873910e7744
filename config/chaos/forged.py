"""S4: delivery reports that nobody at the provider made, and reports that come again. None changes anything."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from django.conf import settings
from django.utils import timezone

from config.chaos import processes, web
from config.chaos.forgeries import Forger, genuine
from config.chaos.history import Verdict
from config.chaos.jobs import plan_occurrences
from config.chaos.processes import Role, wait_until
from config.chaos.runs import Result, begin
from config.chaos.spec import Spec
from messaging.gateways import status_callback_url
from messaging.models import ConsentEntry, MessageAttempt, MessageEvent, OutboundMessage, Status, Suppression
from messaging.services import drain_outbox

CALLERS = 4  # that forge at once
SLOWEST = 50  # milliseconds, for 99 of 100 genuine reports
REFUSED = (403, 400)  # by us, by the web server: a header with characters that no header may have
STEPS = ["sending", "sent", "delivered"]  # of a message, all reported


def run_forgeries(options):
    """`messages` lies; a tenth as many genuine reports, which are then all sent again."""
    start = time.monotonic()
    attempts = _send(options.seed, max(options.messages // 30, 2))
    site = Role("site", processes.run_site)
    try:
        wait_until(_answers, 20)
        reports = [_report(attempt, status) for attempt in attempts for status in STEPS]
        wrong, changed = _lie(reports[0], attempts, options)
        valid = _post_all(reports, callers=1)
        took, worked = (statistics.quantiles(figures, n=100)[98] for figures in _times(len(reports)))
        undelivered = OutboundMessage.objects.exclude(status=Status.DELIVERED).count()
        again, changed_again = _unchanged(lambda: _post_all(reports, callers=CALLERS))
    finally:
        site.stop(1)
    refused = sum(status != 200 for status in valid + again) + undelivered
    verdict = Verdict(refused, 0, wrong + changed + changed_again, 0)
    notes = (
        f"{options.messages} forged: {wrong} believed; {len(reports)} genuine, 99 of 100 answered in {took:.1f} ms, "
        f"{worked:.1f} ms of them work; the same {len(reports)} again; rows changed by either: "
        f"{'some' if changed or changed_again else 'none'}"
    )
    result = Result("S4", verdict, time.monotonic() - start, options.messages)
    return result.with_notes(notes, is_right=took <= SLOWEST)


def _send(seed, count):
    """The attempts of so many messages that were handed over."""
    begin(Spec(seed=seed, messages=count, misfortune={"reported": 0.0}))
    plan_occurrences(range(count))
    provider = Role("twilio", processes.run_stand_in)
    wait_until(lambda: drain_outbox(now=timezone.now()) == 0 and not OutboundMessage.objects.filter(
        status=Status.QUEUED).exists(), 120, pause=0.3)  # fmt: skip
    provider.stop(1)
    return list(MessageAttempt.objects.filter(outcome=MessageAttempt.Outcome.ACCEPTED).order_by("message_id"))


def _report(attempt, status):
    account = settings.TWILIO_AUTH_TOKEN, settings.TWILIO_ACCOUNT_SID
    return genuine(status_callback_url(attempt), attempt.provider_sid, status, *account, attempt.to_phone)


def _lie(overheard, attempts, options):
    """(how many forged reports were not refused, whether anything changed)."""
    _post_all([overheard], callers=1)
    urls = [status_callback_url(attempt) for attempt in attempts]
    lies = Forger(settings.TWILIO_AUTH_TOKEN, urls, overheard).forge(options.messages, options.seed)
    answers, is_changed = _unchanged(lambda: _post_all(lies, callers=CALLERS))
    return sum(status not in REFUSED for status in answers), is_changed


def _post_all(posts, *, callers):
    """The HTTP status of each, in their order."""
    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(_post, posts))


def _post(post):
    headers = {} if post.signature is None else {"X-Twilio-Signature": post.signature.encode("latin-1")}
    return requests.post(post.url, data=post.parameters, headers=headers, timeout=30).status_code


def _unchanged(work):
    """(what `work` returns, whether any row is another one afterwards)."""
    before = _all_rows()
    answer = work()
    return answer, _all_rows() != before


def _all_rows():
    models = (OutboundMessage, MessageAttempt, MessageEvent, Suppression, ConsentEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


def _times(count):
    """([milliseconds], [milliseconds of the processor]) of the last so many requests, which one caller made."""
    return list(zip(*web.times()[-count:], strict=True))[1:]


def _answers():
    try:
        return requests.get(settings.PUBLIC_BASE_URL, timeout=2).status_code
    except requests.RequestException:
        return False
