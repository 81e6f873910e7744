"""The sheet of a refund (退费计算单) on A4, from the frozen figures, to be signed."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from core.clock import day_text, moment_text
from core.money import yuan
from core.pdf import BODY, FONT, SMALL, TITLE, build, paragraph
from enrolments.refund_words import columns_of

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # points: the frame pads 6 on either side
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, "#666666"),
    ("BACKGROUND", (0, 0), (-1, 0), "#eeeeee"),
    ("FONT", (0, 0), (-1, -1), FONT, 9),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("ALIGN", (-1, 0), (-1, -1), "RIGHT"),
]


def refund_pdf(refund):
    """A4 as bytes; the same refund gives the same bytes."""
    sheet, gap = refund.sheet, Spacer(0, 4 * mm)
    return build(
        [
            paragraph(_("Refund sheet No. %(number)d") % {"number": refund.pk}, TITLE),
            *(paragraph(text) for text in _heading(refund)),
            gap,
            _lots(sheet),
            gap,
            _formulas(sheet),
            gap,
            _sums(refund),
            gap,
            *(paragraph(text, SMALL) for text in _steps(refund)),
            Spacer(0, 12 * mm),
            paragraph(_("Guardian: ______________　　For the school: ______________　　Date: ______________"), BODY),
        ],
        title=_("Refund sheet No. %(number)d") % {"number": refund.pk},
        page_size=A4,
        margin=MARGIN,
    )


def _heading(refund):
    enrolment = refund.enrolment
    yield f"{enrolment.branch} · {enrolment.student} · {enrolment.course}"
    yield _("Ended on %(day)s: %(cause)s. %(reason)s") % {
        "day": day_text(refund.requested_date),
        "cause": refund.get_cause_display(),
        "reason": refund.reason,
    }


def _lots(sheet):
    head = [
        pgettext("refund", "Bought"),
        _("Package"),
        pgettext("refund", "Price"),
        _("Lessons taken"),
        pgettext("refund", "Left"),
        _("List price per lesson"),
    ]
    rows = [_lot(row) for row in sheet["lots"]]
    widths = [WIDTH * share for share in (0.14, 0.28, 0.15, 0.14, 0.12, 0.17)]
    return Table([head, *rows], colWidths=widths, style=GRID, repeatRows=1)


def _lot(row):
    facts = row["facts"]
    return [
        date.fromisoformat(row["sold"]).isoformat(),
        paragraph(row["name"], SMALL),
        yuan(facts["price_minor"]),
        _paid_and_gift(facts["used_paid"], facts["used_gift"]),
        _paid_and_gift(row["paid_left"], row["gift_left"]),
        yuan(facts["list_price_minor"]),
    ]


def _paid_and_gift(paid, gift):
    return _("%(paid)s + %(gift)s gift") % {"paid": paid, "gift": gift} if gift != "0" else paid


def _formulas(sheet):
    head = [
        pgettext("refund", "Formula"),
        pgettext("refund", "Rule"),
        pgettext("refund", "Working"),
        pgettext("refund", "Amount"),
    ]
    rows = [
        [
            paragraph(f"✓ {column.title}" if column.is_chosen else column.title, SMALL),
            paragraph(column.article, SMALL),
            [paragraph(text, SMALL) for _name, text in column.workings],
            yuan(column.amount_minor),
        ]
        for column in columns_of(sheet)
    ]
    widths = [WIDTH * share for share in (0.2, 0.22, 0.42, 0.16)]
    return Table([head, *rows], colWidths=widths, style=GRID, repeatRows=1)


def _sums(refund):
    sheet = refund.sheet
    rows = [[_("By law and contract"), yuan(sum(row["value"] for row in sheet["lots"]))]]
    if forgiven := sum(row["forgiven"] for row in sheet["lots"]):
        rows.append([_("Of it never paid"), yuan(-forgiven)])
    rows += [
        [paragraph(f"{each['name']} ({each['document']})"), yuan(-each["amount_minor"])] for each in sheet["deductions"]
    ]
    if refund.interest_minor:
        rows.append([pgettext("refund", "Interest"), yuan(refund.interest_minor)])
    last = pgettext("refund", "Paid back") if refund.status == refund.Status.PAID else _("To be paid back")
    rows.append([last, yuan(refund.payable_minor)])
    return Table(rows, colWidths=[WIDTH * 0.75, WIDTH * 0.25], style=[row for row in GRID if row[0] != "BACKGROUND"])


def _steps(refund):
    zone = refund.enrolment.branch.time_zone
    yield _("Asked for: %(who)s, %(when)s") % {
        "who": refund.requested_by,
        "when": moment_text(refund.requested_at, zone),
    }
    if refund.approved_by:
        yield _("Approved: %(who)s, %(when)s") % {
            "who": refund.approved_by,
            "when": moment_text(refund.approved_at, zone),
        }
    for payout in refund.payouts.all():
        yield f"{payout.get_method_display()} {yuan(payout.amount_minor)} {payout.reference}".strip()
