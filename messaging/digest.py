"""What waits for the staff of a branch, told to their group once a day: numbers only, no names."""

from datetime import time, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from branches.models import Branch
from core.clock import local_date, moment
from messaging.channels import Channels
from messaging.models import InboundMessage, OutboundMessage, Purpose
from messaging.registry import Cancelled, Rendered, renders
from messaging.routing import Routes
from messaging.services import NewMessage, queue_messages
from messaging.words import name_kind

STAFF_DIGEST = "staff_digest"
AT = time(8, 30)  # local; before the first family comes
USEFUL_FOR = timedelta(hours=4)

name_kind(STAFF_DIGEST, pgettext_lazy("message", "To do, to the staff's group"))


def plan_digests(*, now):
    """Queue today's digest of each branch whose staff can be reached; returns how many are new."""
    routes, channels = Routes(), Channels()
    due = [
        (branch, at)
        for branch in Branch.objects.all()
        if (at := moment(local_date(now, branch.time_zone), AT, branch.time_zone)) <= now < at + USEFUL_FOR
        and any(channels[route.channel].is_configured() for route in routes.order(branch.pk, Purpose.STAFF))
    ]
    return queue_messages(
        NewMessage(
            branch=branch,
            recipient=f"staff:{branch.pk}",
            about=f"branch:{branch.pk}",
            kind=STAFF_DIGEST,
            subject=f"branch:{branch.pk}",
            occurrence=f"day:{local_date(at, branch.time_zone)}",
            due_at=at,
            useful_until=at + USEFUL_FOR,
        )
        for branch, at in due
    )


@renders(STAFF_DIGEST, purpose=Purpose.STAFF, resend_unknown=False)
@translation.override(settings.LANGUAGE_CODE)
def staff_digest(message, now):
    here = {"branch": message.branch_id}
    failed = OutboundMessage.objects.needing_staff().filter(**here).count()
    by_hand = OutboundMessage.objects.to_tell(now).filter(**here).count()
    replies = InboundMessage.objects.open().filter(**here).count()
    lines = [
        ngettext("%(n)d message did not arrive", "%(n)d messages did not arrive", failed) % {"n": failed},
        ngettext("%(n)d family to call or to give a slip", "%(n)d families to call or to give a slip", by_hand)
        % {"n": by_hand},
        ngettext("%(n)d reply to answer", "%(n)d replies to answer", replies) % {"n": replies},
    ]
    waiting = [line for line, count in zip(lines, [failed, by_hand, replies], strict=True) if count]
    if not waiting:
        raise Cancelled(_("Nothing waits for the staff."))
    return Rendered(to="", text="\n".join([_("To do at %(branch)s:") % {"branch": message.branch}, *waiting]))
