"""A family's wallet: money with the school that is not for a course yet."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.models import Books, WalletEntry
from parents.models import Guardian


class WalletError(Exception):
    """The wallet does not hold so much; the sentence says what it holds."""


@transaction.atomic
def move_wallet(*, guardian, branch, kind, amount_minor, reference, reason, by, now, method="", token=None):
    """Put fen into a family's wallet, or take them out (a negative amount), once per token. Returns the entry.

    Raises WalletError when it holds less.
    """
    guardian = Guardian.objects.select_for_update(no_key=True).get(pk=guardian.pk)  # one writer per wallet
    if token and (entry := WalletEntry.objects.filter(token=token).first()):
        return entry
    last = guardian.wallet_entries.order_by("-sequence").first()
    balance = last.balance_after_minor if last else 0
    if balance + amount_minor < 0:
        raise WalletError(_("The wallet holds %s only.") % yuan(balance))
    return WalletEntry.objects.create(
        guardian=guardian,
        branch=branch,
        sequence=last.sequence + 1 if last else 1,
        kind=kind,
        amount_minor=amount_minor,
        balance_after_minor=balance + amount_minor,
        method=method,
        token=token,
        reference=reference,
        reason=reason,
        occurred_at=now,
        booked_date=Books.objects.select_related("branch").get(branch=branch).booked_on(now),
        recorded_by=by,
    )


def top_up_wallet(*, amount_minor, **facts):
    """Take money from a family for later, by a method, once per token; `facts` as of move_wallet. Returns the entry."""
    return move_wallet(kind=WalletEntry.Kind.TOP_UP, amount_minor=_positive(amount_minor), **facts)


def pay_out_wallet(*, amount_minor, **facts):
    """Give money of the wallet back to the family, by a method, once per token. Returns the entry."""
    return move_wallet(kind=WalletEntry.Kind.PAID_OUT, amount_minor=-_positive(amount_minor), **facts)


def _positive(amount_minor):
    if amount_minor <= 0:
        raise WalletError(_("Write an amount above zero."))
    return amount_minor


def wallet_balance(guardian):
    """What the wallet holds, in fen."""
    last = guardian.wallet_entries.order_by("-sequence").first()
    return last.balance_after_minor if last else 0
