"""Policies of sending: values in, values out. The error table is section 1.3 of the reliability notes."""

import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from messaging.models import InboundMessage, MessageAttempt, Status

Meaning = InboundMessage.Meaning
Outcome = MessageAttempt.Outcome

# All in seconds. The chaos harness has them shorter (config/chaos/settings.py); a school has no reason to.
_SECONDS = {
    "lease": 300,
    "http_timeout": 10,
    "lease_margin": 30,
    "settle": 120,
    "back_off": 30,
    "longest_back_off": 900,
    "redelivery_pause": 600,
    "job_budget": 40,
    "breaker_pause": 30,
} | getattr(settings, "MESSAGING_SECONDS", {})

LEASE = timedelta(seconds=_SECONDS["lease"])  # a worker that is silent for so long has lost its message
HTTP_TIMEOUT = _SECONDS["http_timeout"]  # seconds, to connect and again to answer
LEASE_MARGIN = _SECONDS["lease_margin"]  # seconds between the last moment to begin a request and the end of the lease
SETTLE = timedelta(seconds=_SECONDS["settle"])  # until the provider's list may be believed to be complete
MAX_UNKNOWN_ATTEMPTS = 3  # then a person looks at it
REDELIVERY_PAUSE = timedelta(seconds=_SECONDS["redelivery_pause"])  # a phone that is off may be on by then
BREAKER_FAILURES = 5  # in a row, over all workers; then a sender is left alone
BREAKER_PAUSE = timedelta(seconds=_SECONDS["breaker_pause"])  # until one attempt tries whether it goes again
PACE_SHARE = 0.915  # of a sender's limit is used: requests do not arrive as evenly as they leave
JOB_BUDGET = _SECONDS["job_budget"]  # seconds that a job goes on taking up messages; it is stopped after 60


# --- quiet hours -----------------------------------------------------------------------------------------


def next_allowed(at, *, time_zone, quiet_from, quiet_until):
    """`at`, or when it falls into the quiet hours [from, until) of the local day, their end.

    An end that the clock skips in spring moves forward by the gap.
    """
    local = at.astimezone(ZoneInfo(time_zone))
    if not _is_quiet(local.time(), quiet_from, quiet_until):
        return at
    day = local.date() + timedelta(days=local.time() >= quiet_until)
    end = datetime.combine(day, quiet_until, tzinfo=local.tzinfo)
    if end.astimezone(UTC) <= at:  # the clock was put back, and shows these hours for the second time
        end = end.replace(fold=1)
    return end.astimezone(UTC)


def _is_quiet(wall_time, quiet_from, quiet_until):
    if quiet_from <= quiet_until:
        return quiet_from <= wall_time < quiet_until
    return wall_time >= quiet_from or wall_time < quiet_until


def next_allowed_at(branch, at):
    return next_allowed(at, time_zone=branch.time_zone, quiet_from=branch.quiet_from, quiet_until=branch.quiet_until)


# --- what the provider's answers mean --------------------------------------------------------------------

_TRY_LATER = {"20429", "21611", "30610"}  # too fast; the sender's queue is full; quiet hours over there
# Account or sender: the next message would fare no better, and none of them is at fault.
_OUR_FAULT = {
    "20003", "20005", "20403", "20404", "21212", "21603", "21606", "21609", "21659", "21660", "21661",
    "21701", "21702", "21703", "21704", "21705",
}  # fmt: skip
_FIRST_PROVIDER_CODE = 10000  # a smaller one is an HTTP status: somebody in between answered


def classify(http_status, error_code):
    """What became of a request that was answered with an error. In doubt it is UNKNOWN, never lost or doubled."""
    if http_status == 429 or error_code in _TRY_LATER:
        return Outcome.THROTTLED
    if error_code == "21610":
        return Outcome.OPTED_OUT
    if http_status in (401, 403, 404) or error_code in _OUR_FAULT:
        return Outcome.MISCONFIGURED
    if not 400 <= http_status < 500 or http_status == 408:
        return Outcome.UNKNOWN
    if error_code.isdigit() and int(error_code) >= _FIRST_PROVIDER_CODE:
        return Outcome.REJECTED
    return Outcome.MISCONFIGURED


def back_off(attempt_count):
    """How long to wait before the next attempt: doubling from 30 s to 15 min, spread so that not all come at once."""
    longest = min(_SECONDS["back_off"] * 2 ** (attempt_count - 1), _SECONDS["longest_back_off"])
    return timedelta(seconds=secrets.SystemRandom().uniform(longest / 2, longest))


# --- what texts ask for ----------------------------------------------------------------------------------

# The provider acts on these by itself, and blocks the number for all we send:
# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
PROVIDER_STOP_WORDS = {"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"}
_STOP_WORDS = PROVIDER_STOP_WORDS | {"td", "t", "r", "n", "退订", "退定", "td退订", "拒收"}
_START_WORDS = {"start", "unstop", "恢复", "订阅"}  # not "yes": that answers a question of ours


def meaning_of(body):
    """Whether a text asks for no more messages, or for messages again. Only a text that is the word alone does."""
    word = normalised(body)
    if word in _STOP_WORDS:
        return Meaning.STOP
    return Meaning.START if word in _START_WORDS else Meaning.TEXT


def normalised(body):
    """ "退订。" → "退订", "Ｓｔｏｐ" → "stop"."""
    return unicodedata.normalize("NFKC", body).casefold().strip(" \t\r\n.。!！,，")


# --- delivery reports ------------------------------------------------------------------------------------

# Reports come in any order; a message never goes back to a lower rank.
RANK = {
    "scheduled": 0, "accepted": 1, "queued": 2, "sending": 3, "sent": 4, "partially_delivered": 4,
    "delivered": 5, "read": 5, "undelivered": 5, "failed": 5, "canceled": 5,
}  # fmt: skip
_STATUS = {
    "sent": Status.SENT, "partially_delivered": Status.SENT, "delivered": Status.DELIVERED,
    "read": Status.DELIVERED, "undelivered": Status.UNDELIVERED, "failed": Status.FAILED,
    "canceled": Status.FAILED,
}  # fmt: skip
RETRY_DELIVERY_ONCE = {"30003", "30008"}  # phone not reached; unknown trouble at the carrier
RETRY_DELIVERY_LATER = {"30001", "30610"}  # the sender's queue was full; quiet hours over there
REVIEW_AFTER_RETRY = {"30008"}


def status_for(provider_status):
    return _STATUS.get(provider_status, Status.ACCEPTED)
