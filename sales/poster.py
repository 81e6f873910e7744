"""The poster of a public form: one A4 page with a QR code that a phone reads from two metres away."""

from django.utils.translation import gettext as _
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepInFrame, Spacer

from core.pdf import BODY, build, paragraph
from core.phones import national

CENTRED = ParagraphStyle("centred", BODY, alignment=TA_CENTER)
HEADLINE = ParagraphStyle("headline", CENTRED, fontSize=44, leading=56)
BRANCH = ParagraphStyle("branch", CENTRED, fontSize=22, leading=30)
LINE = ParagraphStyle("line", CENTRED, fontSize=16, leading=24)
LINK = ParagraphStyle("link", LINE, textColor=HexColor("#374151"))
SMALL_PRINT = ParagraphStyle("small print", CENTRED, fontSize=10, leading=15, textColor=HexColor("#4b5563"))
QR_SIZE = 115 * mm
MARGIN = 18 * mm
FRAME_PADDING = 6  # points: reportlab's own
WIDTH, HEIGHT = (size - 2 * (MARGIN + FRAME_PADDING) for size in A4)


def poster_pdf(form, link):
    """The PDF as bytes; the same form gives the same bytes."""
    branch = form.branch
    flowables = [
        Spacer(1, 14 * mm),
        paragraph(branch, BRANCH),
        Spacer(1, 6 * mm),
        paragraph(form.headline, HEADLINE),
        Spacer(1, 14 * mm),
        _qr_code(link),
        Spacer(1, 6 * mm),
        paragraph(_("Scan with WeChat or the camera: four lines, half a minute"), LINE),
        paragraph(link.partition("://")[2].rstrip("/"), LINK),
        Spacer(1, 12 * mm),
        *_where(branch),
        paragraph(
            _("What you write is used only to call you back. The form says how, and how to take your consent back."),
            SMALL_PRINT,
        ),
    ]
    return build([_on_one_page(flowables)], title=f"{branch} {form.headline}", page_size=A4, margin=MARGIN)


def _on_one_page(flowables):
    """Smaller, where a long name or address needs it."""
    return KeepInFrame(WIDTH, HEIGHT, flowables, mode="shrink", hAlign="CENTER")


def _qr_code(link):
    """Level M: a fifth of it may be torn or in the sun."""
    code = QrCodeWidget(link, barLevel="M", barWidth=QR_SIZE, barHeight=QR_SIZE)
    code.x = (WIDTH - QR_SIZE) / 2
    drawing = Drawing(WIDTH, QR_SIZE)
    drawing.add(code)
    return drawing


def _where(branch):
    phone = national(branch.phone) if branch.phone.startswith("+") else branch.phone
    lines = [line for line in (branch.address, phone) if line]
    return [paragraph(line, LINE) for line in lines] + ([Spacer(1, 8 * mm)] if lines else [])
