"""In which order a branch tries its channels: how staff change it. What the order means stands in routing.py."""

import re
from dataclasses import dataclass, replace

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from messaging.channels import channel_class, channel_classes
from messaging.models import ChannelRoute, Purpose
from messaging.routing import DEFAULT


class OrderError(Exception):
    """The order cannot be like this; the sentence says why."""


@dataclass(frozen=True)
class Step:
    """One channel of an order. `sender`: the branch's own, "" for the school's."""

    channel: str
    sender: str = ""

    @property
    def kind(self):
        return channel_class(self.channel)

    @property
    def missing(self):
        return missing_settings(self.kind)


def missing_settings(kind):
    """Names of what is not set in the environment, of those that the channel needs; never what they hold."""
    return [name for name in kind.settings_needed if not getattr(settings, name, None)]


def offered(purpose):
    """{code: class} of the channels that may carry this.

    What is for colleagues never reaches a family, and goes to no number; a sign-in code waits for nobody to call.
    """
    for_staff = purpose == Purpose.STAFF
    by_hand = purpose in (Purpose.SERVICE, Purpose.MARKETING)
    return {
        code: kind
        for code, kind in channel_classes().items()
        if (not kind.needs_phone if for_staff else not kind.is_for_staff) and (by_hand or not kind.is_by_hand)
    }


def order_of(branch, purpose):
    """(steps, whether they are the branch's own, not the school's default)."""
    own = [Step(row.channel, row.sender) for row in ChannelRoute.objects.filter(branch=branch, purpose=purpose)]
    return own or [Step(route.channel, route.sender) for route in DEFAULT[purpose]], bool(own)


@transaction.atomic
def change_order(*, branch, purpose, act, channel, senders, by):
    """Do one thing to the order as it is now: "up", "down", "add", "remove" a channel, or "save" the senders.

    `senders`: {channel: the branch's own sender}, of the channels on the page. Two people wait for each other.
    """
    Branch.objects.select_for_update().get(pk=branch.pk)
    steps = [_with_sender(step, senders) for step in order_of(branch, purpose)[0]]
    _write(branch, purpose, _changed(steps, act, channel, purpose), by)


@transaction.atomic
def follow_default(*, branch, purpose, by):
    """From now on the branch does as the school does."""
    Branch.objects.select_for_update().get(pk=branch.pk)
    _write(branch, purpose, [], by)


def _changed(steps, act, channel, purpose):
    codes = [step.channel for step in steps]
    if act == "add" and channel in offered(purpose) and channel not in codes:
        return [*steps, Step(channel)]
    if act == "remove":
        if codes == [channel]:
            raise OrderError(_("One channel has to stay: add another one first."))
        return [step for step in steps if step.channel != channel]
    if act in ("up", "down") and channel in codes:
        place = codes.index(channel)
        other = place + (1 if act == "down" else -1)
        if 0 <= other < len(steps):
            steps[place], steps[other] = steps[other], steps[place]
    return steps


def _with_sender(step, senders):
    sender = senders.get(step.channel, step.sender).strip()
    pattern = step.kind.sender_pattern
    if sender != step.sender and sender and not (pattern and re.fullmatch(pattern, sender)):
        raise OrderError(
            _("“%(sender)s” cannot send by %(channel)s: write it as the provider shows it.")
            % {"sender": sender, "channel": step.kind.label}
        )
    return replace(step, sender=sender)


def _write(branch, purpose, steps, by):
    ChannelRoute.objects.filter(branch=branch, purpose=purpose).delete()
    ChannelRoute.objects.bulk_create(
        ChannelRoute(branch=branch, purpose=purpose, position=position, channel=step.channel, sender=step.sender)
        for position, step in enumerate(steps, start=1)
    )
    note_change(branch, [f"{ChannelRoute._meta.verbose_name_plural} ({purpose.label})"], by)


def note_change(branch, fields, by):
    """Write into the branch's history who changed what."""
    changed = [{"changed": {"fields": [str(name) for name in fields]}}]
    LogEntry.objects.log_actions(by.pk, [branch], CHANGE, change_message=changed, single_object=True)
