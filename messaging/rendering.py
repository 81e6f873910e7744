"""The last look before sending: is it still wanted, allowed at this hour, and what are the words?"""

import logging
import re
import traceback
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from messaging.channels import Channel
from messaging.claims import Outgoing, leave_claim
from messaging.limits import limit_of
from messaging.models import Purpose, Status
from messaging.registry import Cancelled, Kind, Rendered, Suppressed, kind_named
from messaging.routing import NobodyCanError, Route, choose
from messaging.rules import next_allowed_at
from messaging.segments import count_parts
from messaging.wording import approved_code

logger = logging.getLogger(__name__)
E164 = re.compile(r"\+[1-9]\d{6,14}")
PAUSE_AFTER_ERROR = timedelta(minutes=5)
_BRACKETS = str.maketrans("【】", "[]")  # they mark the signature and may not stand elsewhere


@dataclass(frozen=True)
class Prepared:
    """What a message says now, to whom, and who carries it."""

    rendered: Rendered
    kind: Kind
    route: Route
    channel: Channel


def prepare(message, *, routes, channels, now):
    """The Prepared of a claimed message; None when it is not to be sent now, and the row says why."""
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
    if over := limit_of(message, kind.purpose, rendered.to, now):
        return _hold_back(message, over, now)
    order = routes.from_(message.channel, message.branch_id, kind.purpose)
    try:
        chosen = choose(
            order,
            channels,
            phone=rendered.to,
            has_phone=bool(E164.fullmatch(rendered.to)),
            can_be_templated=lambda channel: bool(template_of(message, rendered, channel)),
        )
    except NobodyCanError as answer:
        return _nobody_can(message, answer, now)
    return Prepared(rendered, kind, *chosen)


def outgoing(message, prepared):
    """What is handed over: the words as they are sent, by whom, and what they cost."""
    rendered, channel = prepared.rendered, prepared.channel
    body = signed(rendered.text, message.branch)
    return Outgoing(
        purpose=prepared.kind.purpose,
        channel=channel.code,
        sender=channel.sender_for(prepared.route),
        to_phone=rendered.to if E164.fullmatch(rendered.to) else "",
        body=body,
        is_text=channel.is_text,
        template=template_of(message, rendered, channel),
        parameters=rendered.facts if not channel.takes_free_text else {},
        parts=count_parts(body) if channel.is_text else 0,
        part_price_fen=message.branch.sms_part_price_fen if channel.is_text else 0,
    )


def signed(text, branch):
    """The text as it is sent: the branch's signature first."""
    return f"【{branch.sms_signature}】{text.translate(_BRACKETS).strip()}"


def place_of(error):
    """Kind and place of an error, for the log. Its own words may hold a name, a number or a text."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {place.filename}:{place.lineno}"


def _leave(message, status, now, **fields):
    leave_claim(message, status, now=now, **fields)


def template_of(message, rendered, channel):
    """The provider's code of the approved template with these words; "" when there is none, or none is needed."""
    if channel.takes_free_text or not rendered.template:
        return ""
    words = {"text": rendered.text, "facts": rendered.facts}
    return approved_code(rendered.template, branch=message.branch, provider=channel.code, **words)


def _nobody_can(message, answer, now):
    if answer.is_for_now:
        return _leave(message, Status.QUEUED, now, not_before=now + PAUSE_AFTER_ERROR, reason=str(answer)[:100])
    return _leave(message, Status.REJECTED, now, reason=str(answer)[:100])


def _hold_back(message, over, now):
    if over.until is None:
        return _leave(message, Status.SUPPRESSED, now, reason=over.reason[:100])
    if over.until >= message.useful_until:
        return _leave(message, Status.EXPIRED, now, reason=over.reason[:100])
    return _leave(message, Status.QUEUED, now, not_before=over.until)


def _postpone(message, until, now):
    if until >= message.useful_until:
        reason = _("It would have come during the quiet hours, and too late after them.")
        return _leave(message, Status.EXPIRED, now, reason=reason)
    return _leave(message, Status.QUEUED, now, not_before=until)


def _put_aside(message, error, now):
    """A renderer that fails must stop neither the others nor its own message, which is tried again."""
    logger.error("message %s (%s) could not be rendered: %s", message.pk, message.kind, place_of(error))
    _leave(message, Status.QUEUED, now, not_before=now + PAUSE_AFTER_ERROR, error_code=type(error).__name__[:20])
