"""What every PDF shares: embedded fonts with Chinese glyphs, and text that is never read as markup."""

import re
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import escape

from django.contrib.staticfiles import finders
from reportlab import rl_config
from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, Paragraph, SimpleDocTemplate
from reportlab.platypus.doctemplate import LayoutError

FONT = "NotoSansSC"
FONT_FILE = "vendor/noto-sans-sc/NotoSansSC-Regular.ttf"
RARE_FONT = "QingxiaoRareHan"  # characters of names that the first font lacks
RARE_FONT_FILE = "vendor/hanazono-rare/QingxiaoRareHan-Regular.ttf"

rl_config.useA85 = 0  # text for old mail gateways: a fifth more bytes and time

MARK_COLOUR = Color(0.8, 0.1, 0.1, alpha=0.3)
ENDLESS = 1e6  # points: higher than any roll
NO_PADDING = (0, 0, 0, 0)
MOST_PAGES = 100  # of one sheet; what does not end by then cannot be laid out

BODY = ParagraphStyle("body", fontName=FONT, fontSize=10, leading=14, wordWrap="CJK")
SMALL = ParagraphStyle("small", BODY, fontSize=8, leading=11)
TITLE = ParagraphStyle("title", BODY, fontSize=16, leading=22)


class NameFont(TTFont):
    """A font whose text can be copied and searched, characters beyond U+FFFF included.

    reportlab writes those with five digits where PDF wants UTF-16, and readers then lose the name.
    """

    BEYOND_FFFF = re.compile("<([0-9A-F]{5,6})>")

    def addObjects(self, doc):  # noqa: N802 (reportlab's name)
        super().addObjects(doc)
        for name, stream in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:"):
                stream.content = self.BEYOND_FFFF.sub(_utf_16, stream.content)


def _utf_16(match):
    return f"<{chr(int(match[1], 16)).encode('utf-16-be').hex().upper()}>"


@cache
def register_font():
    """Reading the font takes a third of a second: once per process, at the first PDF. Returns what it can show."""
    return _register(FONT, FONT_FILE)


@cache
def register_rare_font():
    """Read only when somebody's name needs it. Returns what it can show."""
    return _register(RARE_FONT, RARE_FONT_FILE)


def _register(name, path):
    font = NameFont(name, finders.find(path))
    pdfmetrics.registerFont(font)
    return font.face.charToGlyph


@cache
def font_of(character):
    """The first font that has it; None if none has. Lines and tabs are no glyphs, and any font's."""
    code = ord(character)
    if code in register_font() or character in "\n\t\r":
        return FONT
    return RARE_FONT if code in register_rare_font() else None


def runs(text):
    """[(font, piece)] of a text. What no font has is shown by its code, 〔U+2A6D7〕, not as an empty box."""
    pieces = []
    for font, characters in groupby(text, key=font_of):
        piece = "".join(characters)
        pieces.append((font, piece) if font else (FONT, "".join(f"〔U+{ord(c):04X}〕" for c in piece)))
    return pieces


def markup(text):
    """Text for a Paragraph: nothing in it is read as markup, and each run has a font that can show it."""
    return "".join(
        escape(piece) if font == FONT else f'<font name="{font}">{escape(piece)}</font>' for font, piece in runs(text)
    )


def paragraph(text, style=BODY):
    register_font()
    return Paragraph(markup(str(text)), style)


def build(flowables, *, title, page_size, margin, on_page=None):
    """The PDF as bytes; the same content gives the same bytes. Sizes in points.

    `on_page` draws what stands on every page beside the content: a mark, a page number.
    """
    register_font()
    buffer = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), margin)
    document = SimpleDocTemplate(buffer, pagesize=page_size, title=title, invariant=1, **margins)
    decorate = {"onFirstPage": on_page, "onLaterPages": on_page} if on_page else {}
    document.build(flowables, **decorate)
    return buffer.getvalue()


@dataclass(frozen=True)
class Sheet:
    """One paper among many of a PDF, sizes in points. A height of None is a roll: as long as what is on it."""

    flowables: list
    width: float
    height: float | None
    margin: float
    mark: str = ""  # large and pale across each page: "Void"

    def draw(self, canvas):
        if self.height is None:
            self._draw_roll(canvas)
        else:
            self._draw_pages(canvas)

    def _draw_roll(self, canvas):
        width = self.width - 2 * self.margin
        sizes = [item.wrap(width, ENDLESS) for item in self.flowables]
        between = sum(item.getSpaceBefore() + item.getSpaceAfter() for item in self.flowables)
        height = sum(high for _wide, high in sizes) + between + 2 * self.margin
        y = height - self.margin
        canvas.setPageSize((self.width, height))
        for item, (wide, high) in zip(self.flowables, sizes, strict=True):
            y -= high + item.getSpaceBefore()
            item.drawOn(canvas, self.margin, y, _sW=width - wide)
            y -= item.getSpaceAfter()
        self._end_page(canvas, height)

    def _draw_pages(self, canvas):
        rest, margin = list(self.flowables), self.margin
        size = (self.width - 2 * margin, self.height - 2 * margin)
        for _page in range(MOST_PAGES):
            canvas.setPageSize((self.width, self.height))
            Frame(margin, margin, *size, *NO_PADDING).addFromList(rest, canvas)
            self._end_page(canvas, self.height)
            if not rest:
                return
        raise LayoutError(f"more than {MOST_PAGES} pages: {self.flowables[0]}")

    def _end_page(self, canvas, height):
        draw_mark(canvas, self.mark, self.width, height)
        canvas.showPage()


def draw_mark(canvas, text, width, height):
    """A word across the page, over what it must not let pass: the paper is no longer good."""
    if not text:
        return
    canvas.saveState()
    canvas.translate(width / 2, height / 2)
    canvas.rotate(30)
    canvas.setFillColor(MARK_COLOUR)
    size = min(width, height) / 3
    canvas.setFont(FONT, size)
    canvas.drawCentredString(0, -size / 3, text)
    canvas.restoreState()


def build_sheets(sheets, *, title):
    """Many papers in one PDF, each beginning on a page of its own; the same content gives the same bytes."""
    register_font()
    buffer = BytesIO()
    canvas = Canvas(buffer, invariant=1)
    canvas.setTitle(title)
    for sheet in sheets:
        sheet.draw(canvas)
    canvas.save()
    return buffer.getvalue()
