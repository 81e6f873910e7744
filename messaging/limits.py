"""How many messages one number gets: so that a family is not worn out, whatever the software would have to say."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from core.clock import day_bounds, local_date
from messaging.models import OutboundMessage, Purpose
from messaging.registry import kinds_of
from messaging.rules import next_allowed_at

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Over:
    """A limit that is reached. `until`: when the message may go after all; None is never."""

    reason: str
    until: datetime | None = None


def limit_of(message, purpose, phone, now):
    """The Over of a message to this number (E.164); None when it may go. What was begun is finished."""
    branch = message.branch
    if not phone or message.attempt_count:
        return None
    if purpose == Purpose.SERVICE and branch.most_service_a_day is not None:
        start, end = day_bounds(local_date(now, branch.time_zone), branch.time_zone)
        reason = _("This number has had as many messages today as the branch allows.")
        return _over(purpose, phone, start, branch.most_service_a_day, reason, until=next_allowed_at(branch, end))
    if purpose == Purpose.MARKETING and branch.most_offers_a_week is not None:
        reason = _("This number has had as many offers this week as the branch allows.")
        return _over(purpose, phone, now - WEEK, branch.most_offers_a_week, reason)
    return None


def _over(purpose, phone, since, most, reason, until=None):
    said = OutboundMessage.objects.said_to(phone).filter(status_at__gte=since, kind__in=kinds_of(purpose))
    return Over(reason, until) if said.count() >= most else None
