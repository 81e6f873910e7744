"""The month close: figures frozen, and nothing booked into the month any more."""

import datetime
from collections import Counter

from django.db import transaction
from django.db.models import Min, OuterRef, Subquery
from django.utils.translation import gettext as _

from core.clock import last_day_of, local_date, month_after, month_of
from core.money import yuan
from enrolments.models import Books, CreditLot, MonthClose, MonthFigure, MonthReceipt
from enrolments.month import INFLOWS, OUTFLOWS, Movement, movements, net_of, prepaid_of


class BooksError(Exception):
    """The month cannot be closed; the sentence says why."""


def next_month(branch):
    """The first day of the month to close next; None while nothing was sold."""
    return next_months([branch])[branch.pk]


def next_months(branches):
    """{branch id: the first day of its month to close next}; None while nothing was sold."""
    books = dict(Books.objects.filter(branch__in=branches).values_list("branch", "closed_until"))
    never_closed = [branch_id for branch_id, closed_until in books.items() if closed_until is None]
    sold = CreditLot.objects.filter(enrolment__branch__in=never_closed).order_by().values_list("enrolment__branch")
    first = dict(sold.annotate(day=Min("booked_date")))
    return {branch_id: _month_to_close(closed_until, first.get(branch_id)) for branch_id, closed_until in books.items()}


def _month_to_close(closed_until, first_sale):
    if closed_until:
        return closed_until + datetime.timedelta(days=1)
    return month_of(first_sale) if first_sale else None


def preview_month(branch, month):
    """An unsaved close of a month as it stands now, its figures by package and its receipts."""
    [preview] = _previews([branch], month)
    return preview


def _previews(branches, month):
    """A preview of each branch: as many queries for all as for one."""
    before = _closes_before(branches, month)
    opening = {branch.pk: {} for branch in branches}
    figures = MonthFigure.objects.filter(close__in=before.values()).order_by()
    for branch_id, package_id, closing in figures.values_list("close__branch", "package", "closing_minor"):
        opening[branch_id][package_id] = closing
    moved = movements(branches, month, last_day_of(month))
    return [
        (_close(branch, month, before.get(branch.pk), its), _figures(opening[branch.pk], its), _receipts(its))
        for branch, its in ((branch, moved[branch.pk]) for branch in branches)
    ]


def _closes_before(branches, month):
    """{branch id: its last close before the month}."""
    closes = MonthClose.objects.filter(branch__in=branches)
    last = closes.filter(branch=OuterRef("branch"), month__lt=month).order_by("-month").values("month")[:1]
    return {close.branch_id: close for close in closes.filter(month=Subquery(last))}


def _close(branch, month, before, moved: Movement):
    owing, wallet = (before.owing_closing_minor, before.wallet_closing_minor) if before else (0, 0)
    return MonthClose(
        branch=branch,
        month=month,
        owing_opening_minor=owing,
        owing_closing_minor=owing + moved.owing_minor,
        wallet_opening_minor=wallet,
        wallet_closing_minor=wallet + moved.wallets_minor,
    )


def _figures(opening, moved: Movement):
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


def close_month(*, branch, month, by, now):
    """Close the books of a branch for a month that is over; once. Returns the close.

    Raises BooksError for a month that is not the next one, is not over yet, or does not agree with the balances.
    """
    [outcome] = close_months(branches=[branch], month=month, by=by, now=now)
    if isinstance(outcome, BooksError):
        raise outcome
    return outcome


@transaction.atomic
def close_months(*, branches, month, by, now):
    """Close the books of many branches for a month, reading them all at once.

    Returns for each its close, or the BooksError that stands in its way; the others are closed all the same.
    """
    locked = Books.objects.select_for_update().filter(branch__in=branches).order_by("branch")
    list(locked)  # who writes a row into this month has done so, or waits
    closed = {close.branch_id: close for close in MonthClose.objects.filter(branch__in=branches, month=month)}
    outcomes = _refused([branch for branch in branches if branch.pk not in closed], month, now)
    open_branches = [branch for branch in branches if branch.pk not in closed | outcomes]
    previews = _previews(open_branches, month)
    outcomes |= _disagreeing(open_branches, month, previews)
    agreed = [preview for preview in previews if preview[0].branch_id not in outcomes]
    outcomes |= _save(agreed, by=by, now=now)
    return [(closed | outcomes)[branch.pk] for branch in branches]


def _save(previews, *, by, now):
    """{branch id: its close}, of one month."""
    for close, figures, receipts in previews:
        close.closed_at, close.closed_by = now, by
        for row in [*figures, *receipts]:
            row.close = close
    closes = MonthClose.objects.bulk_create(close for close, _figures, _receipts in previews)
    MonthFigure.objects.bulk_create(row for _close, figures, _receipts in previews for row in figures)
    MonthReceipt.objects.bulk_create(row for _close, _figures, receipts in previews for row in receipts)
    for close in closes[:1]:
        ids = [close.branch_id for close in closes]
        Books.objects.filter(branch__in=ids).update(closed_until=last_day_of(close.month))
    return {close.branch_id: close for close in closes}


def _refused(branches, month, now):
    """{branch id: why its month cannot be closed yet}."""
    refusals, to_close = {}, next_months(branches)
    for branch in branches:
        if month != to_close[branch.pk]:
            refusals[branch.pk] = BooksError(_("The months are closed one after the other."))
        elif local_date(now, branch.time_zone) <= last_day_of(month):
            refusals[branch.pk] = BooksError(_("%s is not over yet.") % f"{month:%Y-%m}")
    return refusals


def _disagreeing(branches, month, previews):
    """What the month leaves, and what was booked since, must be what the lots hold now: {branch id: BooksError}."""
    since, prepaid = movements(branches, month_after(month), datetime.date.max), prepaid_of(branches)
    refusals = {}
    for close, figures, _receipts in previews:
        closing = sum(figure.closing_minor for figure in figures)
        difference = prepaid.get(close.branch_id, 0) - closing - since[close.branch_id].net_minor
        if difference:
            sentence = _(
                "The entries and the balances differ by %s. Have the ledger checked (manage.py check_ledger) first."
            )
            refusals[close.branch_id] = BooksError(sentence % yuan(difference))
    return refusals
