"""What waits for the staff of a branch, told to their group at the branch's hours: numbers only, no names.

Later apps add lines of their own with `adds_to_digest`.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from branches.models import Branch
from branches.models.places import times_of
from core.clock import local_date, moment
from messaging.channels import Channels
from messaging.models import InboundMessage, OutboundMessage, Purpose
from messaging.registry import Cancelled, Rendered, renders
from messaging.routing import Routes
from messaging.services import NewMessage, queue_messages
from messaging.words import name_kind

STAFF_DIGEST = "staff_digest"
USEFUL_FOR = timedelta(hours=4)
_counts = []  # in the order of the lines

name_kind(STAFF_DIGEST, pgettext_lazy("message", "To do, to the staff's group"))


def plan_digests(*, now):
    """Queue what is due of today's digests of each branch whose staff can be reached; returns how many are new."""
    routes, channels = Routes(), Channels()
    due = [
        (branch, at)
        for branch in Branch.objects.all()
        for at in _moments(branch, now)
        if at <= now < at + USEFUL_FOR
        and any(channels[route.channel].is_configured() for route in routes.order(branch.pk, Purpose.STAFF))
    ]
    return queue_messages(
        NewMessage(
            branch=branch,
            recipient=f"staff:{branch.pk}",
            about=f"branch:{branch.pk}",
            kind=STAFF_DIGEST,
            subject=f"branch:{branch.pk}",
            occurrence=f"at:{at:%Y-%m-%dT%H:%M}",
            due_at=at,
            useful_until=at + USEFUL_FOR,
        )
        for branch, at in due
    )


def _moments(branch, now):
    """Today's moments of the branch's digests, in UTC."""
    today = local_date(now, branch.time_zone)
    return [moment(today, at, branch.time_zone) for at in times_of(branch.digest_times)]


def adds_to_digest(count):
    """Registers `count(branch_id, now)`, which gives (number, sentence) pairs; a number of zero is left out."""
    _counts.append(count)
    return count


@renders(STAFF_DIGEST, purpose=Purpose.STAFF, resend_unknown=False)
@translation.override(settings.LANGUAGE_CODE)
def staff_digest(message, now):
    told = [line for count in _counts for line in count(message.branch_id, now)]
    waiting = [sentence for number, sentence in told if number]
    if not waiting:
        raise Cancelled(_("Nothing waits for the staff."))
    return Rendered(to="", text="\n".join([_("To do at %(branch)s:") % {"branch": message.branch}, *waiting]))


@adds_to_digest
def _messages(branch_id, now):
    here = {"branch": branch_id}
    failed = OutboundMessage.objects.needing_staff().filter(**here).count()
    by_hand = OutboundMessage.objects.to_tell(now).filter(**here).count()
    replies = InboundMessage.objects.open().filter(**here).count()
    to_call = ngettext("%(n)d family to call or to give a slip", "%(n)d families to call or to give a slip", by_hand)
    return [
        (failed, ngettext("%(n)d message did not arrive", "%(n)d messages did not arrive", failed) % {"n": failed}),
        (by_hand, to_call % {"n": by_hand}),
        (replies, ngettext("%(n)d reply to answer", "%(n)d replies to answer", replies) % {"n": replies}),
    ]
