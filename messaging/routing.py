"""Which channel carries a message: the first of its branch's order that can."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from messaging.channels import channel_classes
from messaging.models import ChannelRoute, Purpose


@dataclass(frozen=True)
class Route:
    """One step of the order. `sender`: the branch's own; "" is the school's."""

    channel: str
    sender: str = ""
    branch_code: str = ""


# For a branch that has decided nothing.
DEFAULT = {
    Purpose.SERVICE: (Route("sms"),),
    Purpose.MARKETING: (Route("sms"),),
    Purpose.CODE: (Route("sms"),),
    Purpose.STAFF: (Route("wecom"),),
}


class Routes:
    """The orders of all branches, as they are when a run begins: one query."""

    def __init__(self):
        self._steps = defaultdict(list)
        for row in ChannelRoute.objects.select_related("branch"):
            self._steps[row.branch_id, row.purpose].append(Route(row.channel, row.sender, row.branch.code))

    def codes(self):
        """Every channel that something may be carried by."""
        steps = [*DEFAULT.values(), *self._steps.values()]
        return {route.channel for order in steps for route in order}

    def order(self, branch_id, purpose):
        return self._steps.get((branch_id, purpose)) or DEFAULT[purpose]

    def from_(self, channel, branch_id, purpose):
        """The order from this channel on; the whole of it for a message that has no channel yet."""
        order = list(self.order(branch_id, purpose))
        places = [place for place, route in enumerate(order) if route.channel == channel]
        return order[places[0] :] if places else order

    def after(self, channel, branch_id, purpose):
        """What is left to try when this channel could not; nothing for a channel that is not in the order."""
        order = list(self.order(branch_id, purpose))
        places = [place for place, route in enumerate(order) if route.channel == channel]
        return order[places[0] + 1 :] if places else []


def branches_telling_everybody(purpose=Purpose.SERVICE):
    """Ids of the branches that tell a family without a usable phone, too: a slip is in their order."""
    without_phone = [code for code, found in channel_classes().items() if not found.needs_phone]
    steps = ChannelRoute.objects.filter(purpose=purpose, channel__in=without_phone)
    return set(steps.values_list("branch", flat=True))


def branches_with_templates_alone(purpose):
    """Ids of the branches whose first channel sends nothing but sentences that its provider has approved."""
    steps = ChannelRoute.objects.filter(purpose=purpose).order_by("branch", "-position")
    first = dict(steps.values_list("branch", "channel"))  # of several the last one is kept
    classes = channel_classes()
    return {branch_id for branch_id, channel in first.items() if not classes[channel].takes_free_text}


class NobodyCanError(Exception):
    """No channel of the order can carry it; the sentence says why. `is_for_now`: one that could is not set up."""

    def __init__(self, sentence, *, is_for_now=False):
        super().__init__(sentence)
        self.is_for_now = is_for_now


def choose(order, channels, *, phone, has_phone, can_be_templated):
    """(Route, Channel): the first that is set up and has what it needs. Raises NobodyCanError."""
    reasons = []
    for route in order:
        channel = channels[route.channel]
        reason = _obstacle(channel, phone, has_phone, can_be_templated(channel))
        if reason is None and channel.is_configured():
            return route, channel
        reasons.append(reason)
    if None in reasons:
        raise NobodyCanError(_("No channel that could carry it is set up."), is_for_now=True)
    raise NobodyCanError(reasons[0])


def _obstacle(channel, phone, has_phone, is_approved):
    if channel.needs_phone and not phone:
        return _("This guardian has no valid phone any more.")
    if channel.needs_phone and not has_phone:
        return _("“%(phone)s” is not a phone number with country code.") % {"phone": phone}
    if not channel.takes_free_text and not is_approved:
        return _("The provider has not approved a template for these words.")
    return None
