"""A signed day on A4, from its frozen figures: a reprint is what was signed."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from core.clock import day_text, moment_text
from core.money import yuan
from core.pdf import BODY, SMALL, TITLE, build, draw_mark, paragraph
from day_close.figures import Figures

MARGIN = 18 * mm
PADDING = 12  # points: of the frame, left and right together
WIDTH = A4[0] - 2 * MARGIN - PADDING
NUMBER = ParagraphStyle("day close number", BODY, alignment=2)
GRID = [("GRID", (0, 0), (-1, -1), 0.5, "#666666"), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
HEAD = [("BACKGROUND", (0, 0), (-1, 0), "#f2f2f2")]


def day_close_pdf(close):
    """Returns bytes; one that was taken back says so across the page."""
    figures = Figures(**close.figures)
    title = _("Close of the day")
    content = [
        paragraph(f"{title} · {close.branch}", TITLE),
        paragraph(f"{close.day:%Y-%m-%d} {day_text(close.day).split()[-1]}"),
        Spacer(0, 4 * mm),
        _money(figures),
        Spacer(0, 4 * mm),
        _cash(close),
        Spacer(0, 4 * mm),
        _open(figures),
        Spacer(0, 4 * mm),
        *_words(close),
    ]
    mark = pgettext("sign-off", "Taken back") if close.withdrawn_at else ""
    return build(
        content,
        title=title,
        page_size=A4,
        margin=MARGIN,
        on_page=lambda canvas, _document: draw_mark(canvas, mark, *A4),
    )


def _money(figures):
    columns = ("received_minor", "taken_back_minor", "paid_out_minor", "net_minor")
    head = [
        _("Money of the day"),
        pgettext("money", "Received"),
        pgettext("money", "Taken back"),
        pgettext("money", "Paid out"),
        _("Total"),
    ]
    rows = [[row["name"], *(yuan(row[column]) for column in columns)] for row in figures.money]
    total = [_("Total without wallets"), *(yuan(figures.totals[column]) for column in columns)]
    rest = (WIDTH - 46 * mm) / 4
    return _table([head, *rows, total], [46 * mm, rest, rest, rest, rest], HEAD)


def _cash(close):
    rows = [
        [_("Change in the drawer this morning"), yuan(close.opening_cash_minor)],
        [_("Cash there should be"), yuan(close.expected_cash_minor)],
        [_("Cash counted"), yuan(close.counted_cash_minor)],
        [pgettext("cash", "Difference"), yuan(close.difference_minor)],
    ]
    return _table(rows, [WIDTH - 40 * mm, 40 * mm])


def _open(figures):
    rows = [[str(line.verb), str(line.number)] for line in figures.lines if line.number]
    return _table([[_("Still open"), str(figures.open_items)], *rows], [WIDTH - 40 * mm, 40 * mm], HEAD)


def _table(rows, widths, style=()):
    cells = [[paragraph(first), *(paragraph(text, NUMBER) for text in rest)] for first, *rest in rows]
    return Table(cells, colWidths=widths, style=[*GRID, *style])


def _words(close):
    zone = close.branch.time_zone
    if close.note:
        yield paragraph(_("Note: %(note)s") % {"note": close.note})
    signed = {"who": close.signed_by, "when": moment_text(close.signed_at, zone)}
    yield paragraph(_("Signed by %(who)s, %(when)s") % signed)
    if close.withdrawn_at:
        taken = {"who": close.withdrawn_by, "when": moment_text(close.withdrawn_at, zone)}
        yield paragraph(_("Taken back by %(who)s, %(when)s") % taken)
        yield paragraph(close.withdrawn_reason, SMALL)
    yield Spacer(0, 14 * mm)
    yield paragraph(_("Signature: ____________________"))
