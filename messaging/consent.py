"""Who may be written to, for what, by which branch: opt-outs, agreements, and the record of both.

A family may be told about its lessons until it says no (the contract is the reason); an offer needs a yes before (Law
on the Protection of Consumer Rights, article 29; Advertising Law, article 43). A no is a Suppression; each yes and each
no is a ConsentEntry, which stays.
"""

from itertools import batched

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.models import TO_FAMILIES, ConsentEntry, Purpose, Suppression

AT_ONCE = 2000  # numbers in one question
How = ConsentEntry.How
Reason = Suppression.Reason


class ConsentError(Exception):
    """It is not for us to change; the sentence says who can."""


def refusal(*, phone, branch, purpose):
    """Why a number may not be written to for this purpose by this branch; "" when it may."""
    if Suppression.objects.against(phone=phone, branch=branch, purpose=purpose).exists():
        return _("The recipient does not want to be written to.")
    if purpose == Purpose.MARKETING and not ConsentEntry.objects.is_agreed(phone=phone, branch=branch):
        return _("The recipient has not agreed to get offers.")
    return ""


def refusals(*, phones, branch_ids, purpose):
    """What `refusal` says of many numbers at once: ({(phone, branch id)} that opted out, those that did not agree).

    Two queries for each 2,000 numbers. For messages other than offers nobody has to agree.
    """
    opted_out, agreed = set(), set()
    for some in batched(phones, AT_ONCE):
        said_no = Suppression.objects.against_branches(branch_ids).filter(phone__in=some, purpose=purpose)
        for phone, branch_id in said_no.values_list("phone", "branch"):
            opted_out |= {(phone, one) for one in ([branch_id] if branch_id else branch_ids)}
        if purpose == Purpose.MARKETING:
            agreed |= _agreed(some, branch_ids)
    everybody = {(phone, branch_id) for phone in phones for branch_id in branch_ids}
    return opted_out, (everybody - agreed if purpose == Purpose.MARKETING else set())


def _agreed(phones, branch_ids):
    """The last word counts, whether it was said to the branch or to all."""
    said = ConsentEntry.objects.at_branches(branch_ids).filter(phone__in=phones, purpose=Purpose.MARKETING)
    holds = {}
    for phone, branch_id, allows in said.order_by("pk").values_list("phone", "branch", "allows"):
        holds |= {(phone, one): allows for one in ([branch_id] if branch_id else branch_ids)}
    return {pair for pair, allows in holds.items() if allows}


def agreement_to_offers(branch):
    """What a family agrees to, in the words that are kept with its yes."""
    return _("%(signature)s may send me offers by text. I can stop them any time by answering T.") % {
        "signature": branch.sms_signature
    }


@transaction.atomic
def opt_out(*, phone, purposes, how, now, branch=None, by=None, words=""):
    """Write to this number for these purposes no more; without a branch, from no branch. `words`: what was said."""
    reason = Reason.OPTED_OUT if how == How.PROVIDER else Reason.ASKED
    for purpose in purposes:
        Suppression.objects.get_or_create(phone=phone, purpose=purpose, branch=branch, defaults={"reason": reason})
    _record(False, phone, purposes, branch, how, by, now, words)


@transaction.atomic
def opt_in(*, phone, purposes, branch, by, now, words=""):
    """A family told the staff of a branch that they may write to this number. `words`: what it agreed to.

    What the provider blocks only the person can lift, by a text. Raises ConsentError.
    """
    blocks = Suppression.objects.against_branch(branch).filter(phone=phone, purpose__in=purposes)
    if blocks.filter(reason=Reason.OPTED_OUT).exists():
        raise ConsentError(_("The SMS provider blocks our texts to this number: the family must send us START first."))
    blocks.delete()
    _record(True, phone, purposes, branch, How.STAFF, by, now, words)


@transaction.atomic
def start_again(*, phone, now, words):
    """The person lifted every block by a text. That is no yes to offers."""
    Suppression.objects.filter(phone=phone).delete()
    _record(True, phone, [Purpose.SERVICE, Purpose.CODE], None, How.PROVIDER, None, now, words)


def opt_out_everywhere(*, phone, now, words=""):
    """The provider blocks the number: all branches and purposes, for they share one sender."""
    opt_out(phone=phone, purposes=TO_FAMILIES, how=How.PROVIDER, now=now, words=words)


def _record(allows, phone, purposes, branch, how, by, now, words):
    facts = {"phone": phone, "branch": branch, "how": how, "by": by, "at": now, "words": words[:200]}
    ConsentEntry.objects.bulk_create(ConsentEntry(allows=allows, purpose=purpose, **facts) for purpose in purposes)
