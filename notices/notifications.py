"""The last look when a message of a notice is sent: is it still wanted, and to whom does it go?

This is how a notice is held: while it is paused or stopped every message that comes up is told that it is not wanted.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Purpose
from messaging.registry import Cancelled, Rendered, Suppressed, renders
from messaging.words import name_kind
from notices.models import Notice, NoticeRecipient
from notices.words import Wording
from students.models import Guardianship

NOTICE, OFFER = "bulk_notice", "bulk_offer"
KINDS = {Purpose.SERVICE: NOTICE, Purpose.MARKETING: OFFER}

name_kind(NOTICE, gettext_lazy("Bulk notice"))
name_kind(OFFER, gettext_lazy("Bulk offer"))


@renders(NOTICE)
def notice(message, now):
    return _rendered(message)


@renders(OFFER, purpose=Purpose.MARKETING)
def offer(message, now):
    return _rendered(message)


def _rendered(message):
    recipient = NoticeRecipient.objects.select_related("notice", "guardian").get(message=message)
    state = recipient.notice.state
    if state == Notice.State.PAUSED:
        raise Cancelled(_("The notice was paused: this goes out when it goes on."))
    if state == Notice.State.STOPPED:
        raise Cancelled(_("The notice was stopped."))
    told = Guardianship.objects.filter(guardian=recipient.guardian, is_told=True, student__in=recipient.students.all())
    names = list(told.order_by("student__name", "student").values_list("student__name", flat=True))
    if not names:
        raise Suppressed(_("This guardian is not told about the child any more."))
    if not recipient.guardian.phone:
        raise Suppressed(_("This guardian has no valid phone any more."))
    return Rendered(to=recipient.guardian.phone, text=Wording(recipient.notice).text(names, message.branch))
