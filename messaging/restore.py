"""After a backup was put back: each message that was due by then is looked up with the provider before it may go out.

The school's database remembers less than the provider does. What the provider's list shows and we do not know was sent
after the backup: a message with the same words is that one, and is marked as sent; one with other words to the same
phone may be it, and a person decides. Only what the list does not show goes out.
"""

import logging
from datetime import timedelta
from types import SimpleNamespace

from django.db import transaction
from django.utils.translation import gettext as _

from core.processes import is_stopping
from messaging.channels import Channels
from messaging.channels.base import ListingError
from messaging.clock import Clock
from messaging.holds import Reason, end_hold, held_after_restore
from messaging.models import Hold, MessageAttempt, OutboundMessage, Status
from messaging.outcomes import ResolvedBy, advance
from messaging.reconcile import CLOCK_SKEW
from messaging.registry import Cancelled, Suppressed, kind_named
from messaging.rendering import E164, place_of, signed
from messaging.routing import Routes
from messaging.rules import JOB_BUDGET, SETTLE

logger = logging.getLogger(__name__)
LONGEST = timedelta(days=1)  # by then every planner has planned again what the backup had not got yet
AT_ONCE = 500


class _CannotBeLookedUpError(Exception):
    pass


def settle_restored(*, now):
    """Look up what restore mode holds back; end the mode after a day."""
    hold = Hold.objects.open(Reason.RESTORE).first()
    if hold is None or now < hold.began_at + SETTLE:  # until then the list may lack the last ones, and so may our plan
        return
    held = list(held_after_restore(now)[:AT_ONCE])
    if not held and now >= hold.began_at + LONGEST:
        end_hold(Reason.RESTORE, now=now)
    lookup = _Lookup(Clock(now))
    unseen = [message for message in held if not lookup.is_over() and not lookup.settle(message)]
    for message in unseen:  # after those whose words are on the list: what is left there may be one of these
        if not lookup.is_over():
            lookup.settle(message, is_last_look=True)


class _Lookup:
    """One run of the job."""

    def __init__(self, clock):
        self.clock = clock
        self.routes, self.channels = Routes(), Channels()
        self.is_list_silent = False

    def is_over(self):
        return self.is_list_silent or self.clock.elapsed() > JOB_BUDGET or is_stopping()

    def settle(self, message, *, is_last_look=False):
        """Whether it is settled. One that breaks the software must not keep the others waiting."""
        try:
            return self._settle(message, is_last_look)
        except (Cancelled, Suppressed):  # the next look before sending says why
            return _release(message, self.clock.now())
        except _CannotBeLookedUpError:
            return _give_to_staff(message, self.clock.now())
        except ListingError as error:
            logger.warning("the list of the provider cannot be read: %s", error)
            self.is_list_silent = True
        except Exception as error:
            logger.error("message %s could not be looked up: %s", message.pk, place_of(error))
        return True

    def _settle(self, message, is_last_look):
        kind = kind_named(message.kind)
        rendered = kind.renderer(message, self.clock.now())
        channels = self._texts(message, kind)
        if not channels or not E164.fullmatch(rendered.to):  # nothing that could have been sent
            return _release(message, self.clock.now())
        words = {signed(rendered.text, message.branch), *message.attempts.values_list("body", flat=True)}
        listed = [(channel, found) for channel in channels for found in _unknown_to_us(channel, rendered.to, message)]
        for channel, found in listed:
            if found.body in words:
                return _accept(message, channel, found, rendered.to, self.clock.now())
        if not is_last_look:
            return False
        settle = _give_to_staff if listed else _release
        return settle(message, self.clock.now())

    def _texts(self, message, kind):
        """The channels that would have carried it as a text. Raises _CannotBeLookedUpError."""
        order = self.routes.from_(message.channel, message.branch_id, kind.purpose)
        channels = [self.channels[route.channel] for route in order]
        texts = [channel for channel in channels if not channel.is_by_hand and channel.is_configured()]
        if not all(channel.can_list for channel in texts):
            raise _CannotBeLookedUpError
        return texts


def _unknown_to_us(channel, phone, message):
    """What the provider sent to this phone since the message was due, and we know nothing of."""
    earliest = message.due_at - CLOCK_SKEW
    listed = [
        found for found in channel.listed(SimpleNamespace(to_phone=phone))
        if found.created_at is not None and found.created_at >= earliest
    ]  # fmt: skip
    sids = [found.sid for found in listed]
    known = set(MessageAttempt.objects.filter(provider_sid__in=sids).values_list("provider_sid", flat=True))
    return [found for found in listed if found.sid not in known]


def _locked(message):
    """The message, should it still be held."""
    held = OutboundMessage.objects.select_for_update().filter(status=Status.QUEUED, not_before=message.not_before)
    return held.filter(pk=message.pk).first()


@transaction.atomic
def _accept(message, channel, found, phone, now):
    """It went out before the restore."""
    if message := _locked(message):
        number = message.attempt_count + 1
        facts = {"channel": channel.code, "to_phone": phone, "body": found.body, "provider_sid": found.sid}
        attempt = MessageAttempt.objects.create(
            message=message, number=number, worker="restore", started_at=found.created_at,
            sender=found.service or found.sender, outcome=MessageAttempt.Outcome.ACCEPTED,
            resolved_by=ResolvedBy.RECONCILE, **facts,
        )  # fmt: skip
        message.move_to(Status.ACCEPTED, now=now, attempt_count=number, error_code="", **facts)
        advance(message, attempt, status=found.status, error_code=found.error_code, now=now)
    return True


@transaction.atomic
def _release(message, now):
    """It was not sent: from now on it waits like any other."""
    if message := _locked(message):
        message.move_to(Status.QUEUED, now=now, not_before=now)
    return True


@transaction.atomic
def _give_to_staff(message, now):
    if message := _locked(message):
        reason = _("A backup was put back; it may have gone out before.")
        message.move_to(Status.NEEDS_REVIEW, now=now, reason=reason[:100])
    return True
