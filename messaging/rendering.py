"""The last look before sending: is it still wanted, allowed at this hour, and what are the words?"""

import logging
import re
import traceback
from datetime import timedelta

from django.utils.translation import gettext as _

from messaging.claims import leave_claim
from messaging.models import Purpose, Status
from messaging.registry import Cancelled, Suppressed, kind_named
from messaging.rules import next_allowed_at

logger = logging.getLogger(__name__)
E164 = re.compile(r"\+[1-9]\d{6,14}")
PAUSE_AFTER_ERROR = timedelta(minutes=5)
_BRACKETS = str.maketrans("【】", "[]")  # they mark the signature and may not stand elsewhere


def prepare(message, *, now):
    """(Rendered, Kind) of a claimed message; None when it is not to be sent now, and the row says why."""
    if message.useful_until <= now:
        return _leave(message, Status.EXPIRED, now)
    try:
        kind = kind_named(message.kind)
        if kind.purpose != Purpose.CODE and (allowed_at := next_allowed_at(message.branch, now)) > now:
            return _postpone(message, allowed_at, now)
        rendered = kind.renderer(message, now)
    except Cancelled as answer:
        return _leave(message, Status.CANCELLED, now, reason=str(answer)[:100])
    except Suppressed as answer:
        return _leave(message, Status.SUPPRESSED, now, reason=str(answer)[:100])
    except Exception as error:
        return _put_aside(message, error, now)
    if not E164.fullmatch(rendered.to):
        reason = _("“%(phone)s” is not a phone number with country code.") % {"phone": rendered.to}
        return _leave(message, Status.REJECTED, now, reason=reason[:100])
    return rendered, kind


def signed(text, branch):
    """The text as it is sent: the branch's signature first."""
    return f"【{branch.sms_signature}】{text.translate(_BRACKETS).strip()}"


def place_of(error):
    """Kind and place of an error, for the log. Its own words may hold a name, a number or a text."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {place.filename}:{place.lineno}"


def _leave(message, status, now, **fields):
    leave_claim(message, status, now=now, **fields)


def _postpone(message, until, now):
    if until >= message.useful_until:
        reason = _("It would have come during the quiet hours, and too late after them.")
        return _leave(message, Status.EXPIRED, now, reason=reason)
    return _leave(message, Status.QUEUED, now, not_before=until)


def _put_aside(message, error, now):
    """A renderer that fails must stop neither the others nor its own message, which is tried again."""
    logger.error("message %s (%s) could not be rendered: %s", message.pk, message.kind, place_of(error))
    _leave(message, Status.QUEUED, now, not_before=now + PAUSE_AFTER_ERROR, error_code=type(error).__name__[:20])
