"""What the page of a month's reconciliation shows: rows with what a person may do with them, and the workbook."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import last_day_of, local_date
from core.workbook import Fen, Sheet, workbook_bytes
from enrolments.bank_statements.matching import Item, rank
from enrolments.models import OrderItem, Payment, StatementLine, StatementMatch
from enrolments.reconciliation import (
    PAYMENT,
    PAYOUT,
    WALLET_ENTRY,
    line_of,
    methods_of,
    month_lines,
    open_items,
)
from enrolments.services.reconciliation import AFTER, BEFORE

ABOUT = {PAYMENT: "order", PAYOUT: "refund", WALLET_ENTRY: "wallet"}  # names of the pages


@dataclass
class ShownItem:
    """Money of our books, with the children it is about and the page that tells more."""

    item: Item
    children: list[str] = field(default_factory=list)

    @property
    def url(self):
        return reverse(ABOUT[self.item.key[0]], args=[self.item.about])

    @property
    def key(self):
        return "-".join(map(str, self.item.key))

    @property
    def method(self):
        return Payment.Method(self.item.method).label

    @property
    def what(self):
        if self.item.key[0] == PAYMENT:
            return _("Order %s") % self.item.about
        return _("Refund") if self.item.key[0] == PAYOUT else _("Wallet")


def shown(items):
    orders = {item.about for item in items if item.key[0] == PAYMENT}
    names = {}
    for order, name in OrderItem.objects.filter(order__in=orders).order_by("pk").values_list("order", "student__name"):
        names.setdefault(order, {})[name] = None
    return {item: ShownItem(item, list(names.get(item.about, {})) if item.key[0] == PAYMENT else []) for item in items}


@dataclass
class LineRow:
    line: StatementLine
    candidates: list[ShownItem]
    is_focused: bool = False  # Enter matches it


def line_rows(lines, branch, kinds, month):
    """Open lines with what they may be, the likeliest first."""
    items = open_items(branch, methods_of(kinds), month - BEFORE, last_day_of(month) + AFTER)
    found = {line: _ranked(line, items) for line in lines}
    known = shown([item for items in found.values() for item in items])
    return [LineRow(line, [known[item] for item in items]) for line, items in found.items()]


def _ranked(line, items):
    of_account = [item for item in items if item.method in line.account.methods]
    return rank(line_of(line, line.account.kind), of_account)


def month_items(branch, kinds, month):
    """What is in our books of a month and in no statement; what was taken back is no money."""
    items = open_items(branch, methods_of(kinds), month, last_day_of(month))
    return [item for item in items if item.cancels is None]


def open_lines(branch, kinds, month):
    return month_lines(branch, kinds, month).open().select_related("account").order_by("occurred_at", "pk")


def month_matches(branch, kinds, month):
    """What is matched or set aside, the latest first."""
    matches = StatementMatch.objects.standing().filter(line__in=month_lines(branch, kinds, month))
    matches = matches.select_related("line__account", "matched_by", "payment__order__guardian")
    matches = matches.select_related("payout__refund__enrolment__student", "wallet_entry__guardian")
    return matches.order_by("-matched_at", "-pk")


# --- the workbook ------------------------------------------------------------------------------------------


def open_workbook(branch, kinds, month):
    """What is open on both sides, for whoever looks into it outside of this program."""
    lines = [_line_cells(line) for line in open_lines(branch, kinds, month)]
    known = shown(month_items(branch, kinds, month))
    items = [_item_cells(found, branch) for found in known.values()]
    return workbook_bytes(
        [
            Sheet(_("In the statement only"), _line_titles(), lines),
            Sheet(_("In our books only"), _item_titles(), items),
        ]
    )


def _line_titles():
    names = [
        pgettext("statement", "Account"),
        _("Day"),
        pgettext("statement", "Amount"),
        _("Number of the transaction"),
    ]
    return [*names, _("Other numbers"), _("Who paid"), pgettext("statement", "Note")]


def _line_cells(line):
    told = [str(line.account), line.day, Fen(line.amount_minor), line.reference]
    return [*told, line.other_references, line.payer, line.note]


def _item_titles():
    names = [_("Day"), pgettext("statement", "Amount"), _("Paid by"), pgettext("order", "Reference")]
    return [*names, pgettext("statement", "About"), _("Child"), _("Guardian")]


def _item_cells(found, branch):
    item = found.item
    told = [local_date(item.at, branch.time_zone), Fen(item.amount_minor), str(found.method), item.reference]
    return [*told, found.what, "、".join(found.children), item.payer]
