"""The service contract (合同) on A4, from frozen facts, in Chinese whatever the reader's language: it is law."""

from itertools import batched

from django.utils.translation import override, pgettext
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Spacer, Table

from core.pdf import BODY, FONT, SMALL, TITLE, build, draw_mark, paragraph
from enrolments.contract_facts import CHARGE_FIELDS, COURSE_FIELDS, FAMILY_FIELDS, SCHOOL_FIELDS, UNKEPT
from enrolments.contract_text import terms
from enrolments.pdf.qr import QrFlowable

MARGIN = 14 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # points: the frame's padding, left and right together
LABEL_WIDTH = 32 * mm
VALUE_WIDTH = WIDTH / 2 - LABEL_WIDTH
CENTRE = ParagraphStyle("contract title", TITLE, alignment=1, spaceAfter=3 * mm)
HEAD = ParagraphStyle("contract head", BODY, fontSize=11, leading=15, spaceBefore=2 * mm, spaceAfter=1 * mm)
TEXT = ParagraphStyle("contract text", BODY, leading=13, firstLineIndent=20, spaceAfter=0.5 * mm)
RIGHT = ParagraphStyle("contract right", SMALL, alignment=2)
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, "#666666"),
    ("BACKGROUND", (0, 0), (0, -1), "#f2f2f2"),
    ("BACKGROUND", (2, 0), (2, -1), "#f2f2f2"),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
]


def contract_pdf(data, *, verify_url, unkept=None, copy=0, is_void=False):
    """`unkept` are the identity numbers typed for this print; the frozen data have none."""
    facts = data["facts"] | (unkept or {})
    with override("zh-hans"):
        pages = _Pages(data["number"], pgettext("document", "Void") if is_void else "", copy)
        for _pass in range(2):  # the first one counts the pages
            pages.begin()
            pdf = build(
                _content(data, facts, verify_url),
                title=terms()["title"],
                page_size=A4,
                margin=MARGIN,
                on_page=pages.draw,
            )
    return pdf


class _Pages:
    """What stands on every page: which contract it is, and that none is missing."""

    def __init__(self, number, mark, copy):
        self.number, self.mark, self.copy = number, mark, copy
        self.total = self.page = 0

    def begin(self):
        self.total, self.page = self.page, 0

    def draw(self, canvas, _document):
        self.page += 1
        facts = {"number": self.number, "page": self.page, "pages": self.total}
        text = pgettext("contract", "%(number)s   page %(page)d of %(pages)d") % facts
        if self.copy:
            text += "   " + pgettext("contract", "reprint no. %(copy)d") % {"copy": self.copy}
        canvas.setFont(FONT, 8)
        canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, text)
        draw_mark(canvas, self.mark, *A4)


def _content(data, facts, verify_url):
    by_hand = set(data["by_hand"])
    return [
        paragraph(data["number"], RIGHT),
        paragraph(terms()["title"], CENTRE),
        *_party(terms()["party_a"], SCHOOL_FIELDS, facts, by_hand),
        *_party(terms()["party_b"], FAMILY_FIELDS, facts, by_hand),
        Spacer(0, 3 * mm),
        paragraph(terms()["preamble"], TEXT),
        *(part for article in terms()["articles"] for part in _article(article, facts, by_hand)),
        *(paragraph(line, TEXT) for line in data["own_terms"]),
        _signatures(data, verify_url),
    ]


def _party(title, fields, facts, by_hand):
    return [paragraph(title, HEAD), _table([(field, field.name) for field in fields], facts, by_hand)]


def _article(article, facts, by_hand):
    yield paragraph(article["title"], HEAD)
    match article.get("table"):
        case "courses":
            for number, course in enumerate(facts["courses"]):
                keyed = {f"{name}.{number}": text for name, text in course.items()}
                yield _table([(field, f"{field.name}.{number}") for field in COURSE_FIELDS], keyed, by_hand)
                yield Spacer(0, 2 * mm)
        case "charges":
            yield _table([(field, field.name) for field in CHARGE_FIELDS], facts, by_hand)
            yield Spacer(0, 2 * mm)
    for text in article["paragraphs"]:
        yield paragraph(_filled(text, facts), TEXT)


def _filled(text, facts):
    """Days that are filled in by hand leave room to write."""
    days = ["refund_days_before", "refund_days_after"]
    return text.format(**{name: facts.get(name) or "＿＿＿" for name in days})


def _table(keyed_fields, facts, by_hand):
    """Label and value, two fields a row; what somebody writes by hand says so."""
    cells = [[paragraph(field.label, SMALL), _value(key, facts, by_hand)] for field, key in keyed_fields]
    if len(cells) % 2:
        cells.append(["", ""])
    rows = [left + right for left, right in batched(cells, 2)]
    return Table(rows, colWidths=[LABEL_WIDTH, VALUE_WIDTH] * 2, style=GRID)


def _value(key, facts, by_hand):
    text = facts.get(key, "")
    if not text:
        return paragraph(terms()["not_kept" if key in UNKEPT and key not in by_hand else "by_hand"], RIGHT)
    return paragraph(text)


def _signatures(data, verify_url):
    first, second, third, fourth = (paragraph(text) for text in terms()["signatures"])
    height = 14 * mm
    table = Table([[first, second], [third, fourth]], colWidths=[WIDTH / 2] * 2, rowHeights=[height, height])
    check = f"{terms()['check']}：{data['verify_code']}"
    code = QrFlowable(verify_url, 26 * mm)
    code.hAlign = "RIGHT"
    return KeepTogether([Spacer(0, 6 * mm), table, code, paragraph(check, RIGHT)])
