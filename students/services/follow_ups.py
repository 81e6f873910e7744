"""Writing down what was said with a family."""

from django.db import transaction

from students.models import Enquiry, FollowUp
from students.services.enquiries import lock, set_stage


@transaction.atomic
def record_follow_up(*, enquiry, outcome, by, now, token, way=FollowUp.Way.CALL, text="", next_at=None):
    """Log a contact and plan the next one (`next_at`: UTC, or none). With the same `token` it is logged once.

    Whoever was reached is contacted; who came to the school came.
    """
    known = FollowUp.objects.filter(token=token).first()
    if known:
        return known
    enquiry = lock(enquiry)
    follow_up = FollowUp.objects.create(
        branch=enquiry.branch,
        enquiry=enquiry,
        way=way,
        outcome=outcome,
        text=text,
        at=now,
        by=by,
        next_at=next_at,
        token=token,
    )
    enquiry.next_follow_up_at, enquiry.last_contact_at = next_at, now
    enquiry.save(update_fields=["next_follow_up_at", "last_contact_at"])
    if follow_up.is_contact:
        _reach(enquiry, way, by, now)
    return follow_up


def _reach(enquiry, way, by, now):
    if way == FollowUp.Way.VISIT and enquiry.stage in (Enquiry.Stage.NEW, Enquiry.Stage.CONTACTED):
        set_stage(enquiry=enquiry, stage=Enquiry.Stage.CAME, by=by, now=now)
    elif enquiry.stage == Enquiry.Stage.NEW:
        set_stage(enquiry=enquiry, stage=Enquiry.Stage.CONTACTED, by=by, now=now)
