"""The statement of an account on A4, for a parent to take home and recompute."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from core.clock import day_text
from core.money import yuan
from core.pdf import BODY, FONT, SMALL, TITLE, build, paragraph
from core.templatetags.qingxiao import credits as credits_text

MARGIN = 15 * mm
PADDING = 12  # points: of the frame that holds the tables, left and right together
WIDTH = A4[0] - 2 * MARGIN - PADDING
RIGHT = ParagraphStyle("statement number", SMALL, alignment=2)
SUM = ParagraphStyle("statement sum", BODY, fontSize=11, leading=16)
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, "#666666"),
    ("BACKGROUND", (0, 0), (-1, 0), "#f2f2f2"),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


def statement_pdf(data):
    """`data` as dashboard.statement.frozen gives it. Returns bytes."""
    title = _("Statement of lessons: %(student)s") % {"student": data["student"]}
    heading = [data["course"], data["branch"], _("As of %(day)s") % {"day": _date(data["day"])}]
    content = [
        paragraph(title, TITLE),
        paragraph("　·　".join(heading)),
        Spacer(0, 3 * mm),
        paragraph(_sum(data), SUM),
        Spacer(0, 3 * mm),
        _lots(data["lots"]),
        Spacer(0, 4 * mm),
        _rows(data["rows"]),
    ]
    return build(content, title=title, page_size=A4, margin=MARGIN, on_page=_page_number)


def _page_number(canvas, document):
    canvas.setFont(FONT, 8)
    canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, str(document.page))


def _sum(data):
    """20 bought + 2 gift − 5 lessons taken = 17 left."""
    terms = [f"{_signed(credits)} {label}" for label, credits in data["parts"]]
    return " ".join([*terms, "=", credits_text(data["balance"]), pgettext("statement", "left")])


def _signed(credits):
    text = credits_text(credits)
    return text if credits < 0 else f"+{text}"


def _lots(lots):
    head = [
        _("Bought"),
        _("Package"),
        pgettext("statement", "Paid"),
        _("Credits"),
        pgettext("statement", "Gift"),
        _("What is left"),
        _("Value left"),
        _("Valid until"),
    ]
    rows = [
        [
            paragraph(_date(lot["sold"]), SMALL),
            paragraph(lot["name"], SMALL),
            paragraph(yuan(lot["paid_minor"]), RIGHT),
            paragraph(credits_text(lot["paid_credits"]), RIGHT),
            paragraph(credits_text(lot["gift_credits"]), RIGHT),
            paragraph(credits_text(lot["left"]), RIGHT),
            paragraph(yuan(lot["value_left_minor"]), RIGHT),
            paragraph(_date(lot["expires"]) if lot["expires"] else "—", SMALL),
        ]
        for lot in lots
    ]
    widths = [20 * mm, None, 24 * mm, 14 * mm, 14 * mm, 16 * mm, 24 * mm, 20 * mm]
    return _table(head, rows, widths)


def _rows(rows):
    head = [_("Day"), _("What"), _("Lesson and reason"), _("Credits"), _("Balance")]
    cells = [
        [
            paragraph(f"{_date(row['day'])} {day_text(row['day']).split()[-1]}", SMALL),
            paragraph(row["kind"], SMALL),
            paragraph(row["about"], SMALL),
            paragraph(_signed(row["credits"]), RIGHT),
            paragraph(credits_text(row["balance_after"]), RIGHT),
        ]
        for row in rows
    ]
    return _table(head, cells, [28 * mm, 24 * mm, None, 16 * mm, 16 * mm])


def _table(head, rows, widths):
    rest = WIDTH - sum(width for width in widths if width)
    widths = [width or rest for width in widths]
    return Table([[paragraph(text, SMALL) for text in head], *rows], colWidths=widths, repeatRows=1, style=GRID)


def _date(day):
    return f"{day:%Y-%m-%d}"
