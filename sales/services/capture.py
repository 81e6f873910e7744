"""Taking in who asks at the desk or on the phone."""

from datetime import timedelta

from django.db import transaction

from sales.services.owners import owner_for
from students.models import Enquiry, EnquiryChange
from students.services import ask_again, open_enquiry
from students.services.enquiries import lock

SAME_CLICK = timedelta(minutes=1)


@transaction.atomic
def take_in(*, branch, by, now, token, owner=None, **facts):
    """Register an enquiry; without `owner` the branch's rule says whose it is. Once per `token`."""
    known = Enquiry.objects.filter(token=token).first()
    if known:  # before the next in turn is looked for
        return known
    owner = owner or owner_for(branch=branch, by=by, now=now)
    return open_enquiry(branch=branch, by=by, now=now, token=token, owner=owner, **facts)


def same_family(*, branch, phone):
    """The enquiries of this number at a branch that are worked, or were and came to nothing; the newest first."""
    rows = Enquiry.objects.live().filter(branch=branch, phone=phone).exclude(stage=Enquiry.Stage.SIGNED)
    return rows.select_related("branch", "owner").order_by("-pk")


@transaction.atomic
def note_asking_again(*, enquiry, channel, by, now):
    """A family that is in the books asked again. The same person's second click within a minute changes nothing."""
    touches = lock(enquiry).changes.filter(kind=EnquiryChange.Kind.TOUCH, by=by, channel=channel)
    if touches.filter(at__gt=now - SAME_CLICK).exists():
        return enquiry
    return ask_again(enquiry=enquiry, channel=channel, by=by, now=now)
