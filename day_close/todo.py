"""What is still open at a branch in the evening: each a number with a verb, and the list that makes it zero."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from enrolments.models import Order
from messaging.models import InboundMessage, OutboundMessage
from scheduling.models import Lesson
from students.models import Enquiry

VERBS = {
    "to_call": _("lessons to call"),
    "nobodys": _("enquiries without an owner"),
    "no_date": _("enquiries without a next date"),
    "overdue": _("follow-ups overdue"),
    "failed": _("messages that failed"),
    "to_tell": _("families to tell by hand"),
    "replies": _("replies to answer"),
    "due": _("orders due and not paid in full"),
}
LISTS = {
    "to_call": ("to_call", ""),
    "nobodys": ("enquiry_list", "whose=nobodys"),
    "no_date": ("enquiry_list", "whose=all&due=none"),
    "overdue": ("enquiry_list", "whose=all&due=overdue"),
    "failed": ("messages", "state=todo"),
    "to_tell": ("by_hand", ""),
    "replies": ("replies", ""),
    "due": ("order_list", "state=owing"),
}


@dataclass(frozen=True)
class OpenLine:
    name: str
    number: int

    @property
    def verb(self):
        return VERBS[self.name]

    def url(self, branch_id):
        url_name, query = LISTS[self.name]
        return f"{reverse(url_name)}?{query}{'&' if query else ''}branch={branch_id}"


def open_lines(branch, day, *, now):
    """In the order of urgency, those that are zero too: they are what was looked at."""
    here = [branch.pk]
    enquiries = Enquiry.objects.in_branches(here).live()
    outbound = OutboundMessage.objects.in_branches(here)
    rows = {
        "to_call": Lesson.objects.in_branches(here).to_be_called(now).on_days([day]),
        "nobodys": enquiries.unassigned(),
        "no_date": enquiries.without_date(),
        "overdue": enquiries.due(now),
        "failed": outbound.needing_staff(),
        "to_tell": outbound.to_tell(now),
        "replies": InboundMessage.objects.in_branches(here).open(),
        "due": Order.objects.in_branches(here).owing().filter(due_date__lte=day),
    }
    return [OpenLine(name, rows[name].count()) for name in VERBS]
