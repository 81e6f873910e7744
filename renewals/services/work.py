"""What happens to a renewal: worked on by people here, opened and closed by the ledger in `opening`."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renewals.models import RenewalNote, RenewalOpportunity

Stage = RenewalOpportunity.Stage


class RenewalError(Exception):
    """The renewal cannot do this; the sentence says why and what to do."""


@transaction.atomic
def note_contact(*, opportunity, stage, note, next_date, by, now, next_step=""):
    """The family was spoken to: how far it has come, and when somebody asks again. A lost one is taken up again."""
    if stage in RenewalOpportunity.CLOSED:
        raise RenewalError(_("A renewal is closed by an order, or with a reason why it is lost."))
    opportunity = _lock(opportunity)
    opportunity.stage, opportunity.next_contact_date, opportunity.next_step = stage, next_date, next_step
    opportunity.closed_at, opportunity.lost_reason = None, ""
    return _record(opportunity, note=note, by=by, now=now)


@transaction.atomic
def lose_opportunity(*, opportunity, reason, note, by, now):
    """The family does not renew, and why. Its next purchase makes way for the next opportunity."""
    opportunity = _lock(opportunity)
    opportunity.stage, opportunity.lost_reason = Stage.LOST, reason
    opportunity.closed_at, opportunity.next_contact_date, opportunity.next_step = now, None, ""
    return _record(opportunity, note=note, by=by, now=now)


def _lock(opportunity):
    opportunity = RenewalOpportunity.objects.select_for_update(of=["self"], no_key=True).get(pk=opportunity.pk)
    if opportunity.stage == Stage.RENEWED:
        raise RenewalError(_("This child has renewed already: there is nothing more to do."))
    return opportunity


def _record(opportunity, *, note, by, now):
    try:
        with transaction.atomic():
            opportunity.save()
    except IntegrityError:
        raise RenewalError(_("The renewal of this child in this subject is being worked on already.")) from None
    RenewalNote.objects.create(
        opportunity=opportunity,
        stage=opportunity.stage,
        note=note[:200],
        next_contact_date=opportunity.next_contact_date,
        at=now,
        by=by,
    )
    return opportunity
