"""Receipts (收据) on a roll of 80 mm and on A5, from frozen facts alone."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.pagesizes import A5, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import HRFlowable, Spacer, Table

from core.money import yuan
from core.pdf import BODY, FONT, SMALL, TITLE, Sheet, build_sheets, paragraph
from enrolments.models import Payment
from enrolments.pdf.capitals import capital_amount
from enrolments.pdf.qr import QrFlowable

ROLL_WIDTH, ROLL_MARGIN = 80 * mm, 4 * mm  # printers print 72 mm of it
A5_PAGE, A5_MARGIN = landscape(A5), 10 * mm
HEAD_SHARES = (0.34, 0.28, 0.18, 0.2)  # number, moment, branch, payer
CENTRE = ParagraphStyle("centre", BODY, alignment=1)
CENTRE_TITLE = ParagraphStyle("centre title", TITLE, alignment=1)
CENTRE_SMALL = ParagraphStyle("centre small", SMALL, alignment=1)
RIGHT = ParagraphStyle("right", BODY, alignment=2)
STRONG = ParagraphStyle("strong", BODY, fontSize=13, leading=18)
STRONG_RIGHT = ParagraphStyle("strong right", STRONG, alignment=2)
TIGHT = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
TIGHT += [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, "#666666"),
    ("FONT", (0, 0), (-1, -1), FONT, 9),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
]


@dataclass(frozen=True)
class Receipt:
    """What is printed: `data` as frozen when it was issued (services.documents), and what came after.

    `copy` counts the prints before this one; `reprinted` is today on such a copy.
    """

    data: dict
    verify_url: str
    copy: int = 0
    reprinted: date | None = None
    is_void: bool = False


def receipts_pdf(receipts, *, size):
    """`size` is "80mm" or "a5"."""
    sheet = {"80mm": _roll, "a5": _a5}[size]
    return build_sheets((sheet(receipt) for receipt in receipts), title=pgettext("document", "Receipt"))


def _roll(receipt):
    data = receipt.data
    line = HRFlowable(width="100%", thickness=0.5, color="#000000", spaceBefore=1.5 * mm, spaceAfter=1.5 * mm)
    width = ROLL_WIDTH - 2 * ROLL_MARGIN
    flowables = [
        paragraph(data["school"]["name"], CENTRE),
        paragraph(pgettext("document", "Receipt"), CENTRE_TITLE),
        *_copy_mark(receipt),
        *(paragraph(text) for text in _head(data)),
        line,
        *(part for item in data["items"] for part in _roll_item(item, width)),
        line,
        *(_pair(label, amount, width, is_strong) for label, amount, is_strong in _sums(data)),
        paragraph(capital_amount(data["amount_minor"])),
        line,
        *(paragraph(text) for text in _facts(data)),
        Spacer(0, 2 * mm),
        QrFlowable(receipt.verify_url, 32 * mm),
        *(paragraph(text, CENTRE_SMALL) for text in _foot(receipt)),
    ]
    return Sheet(flowables, ROLL_WIDTH, None, ROLL_MARGIN, _void_mark(receipt))


def _roll_item(item, width):
    yield _pair(f"{item['student']}  {item['course']}", yuan(item["amount_minor"]), width)
    for text in _item_details(item):
        yield paragraph(text, SMALL)


def _pair(label, amount, width, is_strong=False):
    left, right = (STRONG, STRONG_RIGHT) if is_strong else (BODY, RIGHT)
    return Table(
        [[paragraph(label, left), paragraph(amount, right)]], colWidths=[width - 26 * mm, 26 * mm], style=TIGHT
    )


def _a5(receipt):
    data = receipt.data
    width = A5_PAGE[0] - 2 * A5_MARGIN
    texts = [paragraph(text) for text in [capital_amount(data["amount_minor"]), *_facts(data)]]
    codes = [QrFlowable(receipt.verify_url, 30 * mm), *(paragraph(text, CENTRE_SMALL) for text in _foot(receipt))]
    sums = Table([_pair_row(*row) for row in _sums(data)], colWidths=[34 * mm, 34 * mm], style=TIGHT, hAlign="LEFT")
    head = [paragraph(text, SMALL) for text in _head(data)]
    flowables = [
        paragraph(data["school"]["name"], CENTRE),
        paragraph(pgettext("document", "Receipt"), CENTRE_TITLE),
        *_copy_mark(receipt),
        Table([head], colWidths=[width * share for share in HEAD_SHARES], style=TIGHT),
        Spacer(0, 1 * mm),
        _a5_items(data, width),
        Spacer(0, 2 * mm),
        Table([[[sums, *texts], codes]], colWidths=[width - 60 * mm, 60 * mm], style=TIGHT),
    ]
    return Sheet(flowables, *A5_PAGE, A5_MARGIN, _void_mark(receipt))


def _a5_items(data, width):
    head = [_("Child"), _("Course"), pgettext("receipt", "What was bought"), pgettext("receipt", "Amount")]
    rows = [
        [item["student"], item["course"], "　".join(_item_details(item)), yuan(item["amount_minor"])]
        for item in data["items"]
    ]
    cells = [[paragraph(text, SMALL) for text in row] for row in [head, *rows]]
    return Table(cells, colWidths=[28 * mm, 38 * mm, width - 94 * mm, 28 * mm], style=GRID, repeatRows=1)


def _pair_row(label, amount, is_strong):
    left, right = (STRONG, STRONG_RIGHT) if is_strong else (BODY, RIGHT)
    return [paragraph(label, left), paragraph(amount, right)]


def _head(data):
    return [
        _("No. %(number)s") % {"number": data["number"]},
        _("Received %(moment)s") % {"moment": data["received"]},
        _("Branch: %(branch)s") % {"branch": data["school"]["branch"]},
        _("From: %(payer)s") % {"payer": data["payer"]},
    ]


def _item_details(item):
    """What a family compares with what it was promised; only what there is."""
    yield _lessons(item)
    if item["discount_minor"]:
        yield _("%(before)s less %(discount)s") % {
            "before": yuan(item["amount_minor"] + item["discount_minor"]),
            "discount": yuan(item["discount_minor"]),
        }
    if item["valid_until"]:
        yield _("valid until %(day)s") % {"day": item["valid_until"]}


def _lessons(item):
    facts = {"credits": item["paid_credits"], "gift": item["gift_credits"]}
    if item["gift_credits"] == "0":
        return _("%(credits)s lessons") % facts
    return _("%(credits)s lessons and %(gift)s as a gift") % facts


def _sums(data):
    """(label, amount, is it what the paper is about)."""
    order = data["order"]
    yield pgettext("receipt", "Due in all"), yuan(order["total_minor"]), False
    yield pgettext("receipt", "Received now"), yuan(data["amount_minor"]), True
    yield pgettext("receipt", "Received so far"), yuan(order["paid_minor"]), False
    if order["paid_minor"] < order["total_minor"]:
        yield pgettext("receipt", "Still due"), yuan(order["total_minor"] - order["paid_minor"]), False


def _facts(data):
    yield _("Paid by: %(method)s") % {"method": Payment.Method(data["method"]).label}
    if data["reference"]:
        yield _("Payment no.: %(reference)s") % {"reference": data["reference"]}
    if data["school"]["supervised_account"]:
        yield _("Supervised account: %(account)s") % {"account": data["school"]["supervised_account"]}
    if data["replaces"]:
        yield _("In place of receipt %(number)s") % {"number": data["replaces"]}
    yield _("Cashier: %(name)s　　(stamp)") % {"name": data["received_by"]}


def _foot(receipt):
    yield _("Scan to check this receipt: %(code)s") % {"code": receipt.data["verify_code"]}
    yield _("This is not a tax invoice. Ask the front desk for one.")


def _copy_mark(receipt):
    if not receipt.copy:
        return
    facts = {"number": receipt.copy, "day": f"{receipt.reprinted:%Y-%m-%d}"}
    yield paragraph(_("Reprint no. %(number)d, %(day)s") % facts, CENTRE)


def _void_mark(receipt):
    return pgettext("document", "Void") if receipt.is_void else ""
