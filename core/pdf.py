"""What every PDF shares: one embedded font with Chinese glyphs, and text that is never read as markup."""

from functools import cache
from io import BytesIO
from xml.sax.saxutils import escape

from django.contrib.staticfiles import finders
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate

FONT = "NotoSansSC"
FONT_FILE = "vendor/noto-sans-sc/NotoSansSC-Regular.ttf"

BODY = ParagraphStyle("body", fontName=FONT, fontSize=10, leading=14, wordWrap="CJK")
SMALL = ParagraphStyle("small", BODY, fontSize=8, leading=11)
TITLE = ParagraphStyle("title", BODY, fontSize=16, leading=22)


@cache
def register_font():
    """Reading the font takes a third of a second: once per process, at the first PDF."""
    pdfmetrics.registerFont(TTFont(FONT, finders.find(FONT_FILE)))


def paragraph(text, style=BODY):
    register_font()
    return Paragraph(escape(str(text)), style)


def build(flowables, *, title, page_size, margin):
    """The PDF as bytes; the same content gives the same bytes. Sizes in points."""
    register_font()
    buffer = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), margin)
    SimpleDocTemplate(buffer, pagesize=page_size, title=title, invariant=1, **margins).build(flowables)
    return buffer.getvalue()
