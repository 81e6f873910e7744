"""The month close: figures frozen, and nothing booked into the month any more."""

import datetime
from collections import Counter

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from core.clock import last_day_of, local_date, month_after, month_of
from core.money import yuan
from enrolments.models import Books, CreditLot, MonthClose, MonthFigure, MonthReceipt
from enrolments.month import INFLOWS, OUTFLOWS, Movement, movement, net_of, prepaid_now


class BooksError(Exception):
    """The month cannot be closed; the sentence says why."""


def next_month(branch):
    """The first day of the month to close next; None while nothing was sold."""
    return next_months([branch])[branch.pk]


def next_months(branches):
    """{branch id: the first day of its month to close next}; None while nothing was sold."""
    sold = CreditLot.objects.filter(enrolment__branch__in=branches).order_by().values_list("enrolment__branch")
    first = dict(sold.annotate(day=Min("booked_date")))
    books = Books.objects.filter(branch__in=branches).values_list("branch", "closed_until")
    return {branch_id: _month_to_close(closed_until, first.get(branch_id)) for branch_id, closed_until in books}


def _month_to_close(closed_until, first_sale):
    if closed_until:
        return closed_until + datetime.timedelta(days=1)
    return month_of(first_sale) if first_sale else None


def preview_month(branch, month):
    """An unsaved close of a month as it stands now, its figures by package and its receipts."""
    before = MonthClose.objects.filter(branch=branch, month__lt=month).order_by("-month").first()
    moved = movement(branch, month, last_day_of(month))
    close = MonthClose(
        branch=branch,
        month=month,
        owing_opening_minor=before.owing_closing_minor if before else 0,
        wallet_opening_minor=before.wallet_closing_minor if before else 0,
    )
    close.owing_closing_minor = close.owing_opening_minor + moved.owing_minor
    close.wallet_closing_minor = close.wallet_opening_minor + moved.wallets_minor
    return close, _figures(before, moved), _receipts(moved)


def _figures(before, moved: Movement):
    opening = dict(before.figures.values_list("package", "closing_minor")) if before else {}
    figures = []
    for package_id in {*opening, *moved.by_package}:
        counted = moved.by_package.get(package_id, Counter())
        start = opening.get(package_id, 0)
        facts = {name: counted[name] for name in (*INFLOWS, *OUTFLOWS)}
        end = start + net_of(counted)
        if start or any(facts.values()):
            figures.append(MonthFigure(package_id=package_id, opening_minor=start, closing_minor=end, **facts))
    return figures


def _receipts(moved):
    return [MonthReceipt(method=method, amount_minor=amount) for method, amount in moved.received.items() if amount]


@transaction.atomic
def close_month(*, branch, month, by, now):
    """Close the books of a branch for a month that is over; once. Returns the close.

    Raises BooksError for a month that is not the next one, is not over yet, or does not agree with the balances.
    """
    Books.objects.select_for_update().get(branch=branch)  # who writes a row into this month has done so, or waits
    if closed := MonthClose.objects.filter(branch=branch, month=month).first():
        return closed
    _refuse(branch, month, now)
    close, figures, receipts = preview_month(branch, month)
    _refuse_disagreement(branch, month, figures)
    close.closed_at, close.closed_by = now, by
    close.save()
    for row in [*figures, *receipts]:
        row.close = close
    MonthFigure.objects.bulk_create(figures)
    MonthReceipt.objects.bulk_create(receipts)
    Books.objects.filter(branch=branch).update(closed_until=last_day_of(month))
    return close


def _refuse(branch, month, now):
    if month != next_month(branch):
        raise BooksError(_("The months are closed one after the other."))
    if local_date(now, branch.time_zone) <= last_day_of(month):
        raise BooksError(_("%s is not over yet.") % f"{month:%Y-%m}")


def _refuse_disagreement(branch, month, figures):
    """What the month leaves, and what was booked since, must be what the lots hold now."""
    since = movement(branch, month_after(month), datetime.date.max)
    difference = prepaid_now(branch) - sum(figure.closing_minor for figure in figures) - since.net_minor
    if difference:
        raise BooksError(
            _("The entries and the balances differ by %s. Have the ledger checked (manage.py check_ledger) first.")
            % yuan(difference)
        )
