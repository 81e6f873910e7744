"""A manager corrects what the books say is left: an entry of its own, with its reason."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.templatetags.qingxiao import credits as credits_text
from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot
from enrolments.services.credits import lock


class CorrectionError(Exception):
    """The lot cannot be corrected so; the sentence says why."""


@transaction.atomic
def correct_credits(*, lot, difference, reason, by, now, token):
    """Add credits to a lot, or take some away (a negative difference), once per token. Money stays as it is.

    What is left of the price is spread over the credits that are left; where none is left, it is income now.
    """
    enrolment = lock(lot.enrolment)
    reference = f"correction:{token}"
    if CreditEntry.objects.filter(enrolment=enrolment, reference=reference).exists():
        return
    lot = CreditLot.objects.get(pk=lot.pk)
    if not difference:
        raise CorrectionError(_("Write how many credits are to be added or taken away."))
    if lot.credits_left + difference < 0:
        raise CorrectionError(
            _("Only %(credits)s credits are left of these lessons.") % {"credits": credits_text(lot.credits_left)}
        )
    ledger = Ledger.of(enrolment)
    ledger.adjust(lot, difference, reference=reference, reason=reason, occurred_at=now, by=by)
    ledger.settle_owed(by=by)
