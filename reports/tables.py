"""A figure, and figures in a table: shown on a page, counted in a workbook, drawn as a chart."""

import json
from dataclasses import dataclass, field
from fractions import Fraction

from django.utils.translation import pgettext

from core.money import yuan
from core.workbook import Fen, Sheet
from renewals.rates.formulas import NO_RATE, Rate

COLOURS = ["#94a3b8", "#0d9488", "var(--color-primary-600)"]
BAR = 18  # pixels


@dataclass(frozen=True)
class Cell:
    """As people read it, as a workbook counts it; `link` opens the rows behind it, `working` is its reckoning."""

    text: str
    value: object = None
    link: str = ""
    working: str = ""


@dataclass(frozen=True)
class Column:
    title: str
    formula: str = ""
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    total: list[Cell] | None = None
    notes: list[str] = field(default_factory=list)
    name: str = "table"

    @property
    def lines(self):
        """[[(column, cell)]] of the rows, for the page."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def last_line(self):
        return list(zip(self.columns, self.total, strict=True)) if self.total else None

    @property
    def formulas(self):
        return [column for column in self.columns if column.formula]

    @property
    def sheet(self):
        rows = [*self.rows, self.total] if self.total else self.rows
        notes = [[note] + [None] * (len(self.columns) - 1) for note in self.notes]
        figures = [[cell.value for cell in row] for row in rows]
        return Sheet(self.title, [str(column.title) for column in self.columns], figures + notes)


def formula_sheet(columns):
    """What each column of the other sheets means, once."""
    told = {str(column.title): str(column.formula) for column in columns if column.formula}
    return Sheet(
        pgettext("numbers", "Formulas"),
        [pgettext("numbers", "Figure"), pgettext("numbers", "Formula")],
        [list(pair) for pair in told.items()],
    )


def number(value, link=""):
    """A whole number; nothing opens to nothing."""
    return Cell(f"{value:,}", value, link if value else "")


def text(value, link=""):
    return Cell(str(value), str(value), link)


def money(fen, link=""):
    return Cell(yuan(fen), Fen(fen), link if fen else "")


def money_each(fen, number_of):
    """Money ÷ a number, to the fen, half up; of nothing it is no number."""
    if not number_of or not fen:
        return Cell(NO_RATE)
    each = (2 * fen + number_of) // (2 * number_of)
    return Cell(yuan(each), Fen(each), working=f"{yuan(fen)} ÷ {number_of:,}")


def share(part, whole, link=""):
    """A part ÷ a whole, with its working: 6 ÷ 20 = 30.0 %. It opens to the rows of the part."""
    rate = Rate("", part, Fraction(whole), f"{whole:,}")
    if rate.share is None:
        return Cell(NO_RATE)
    return Cell(rate.percent, round(float(rate.share), 4), link if part else "", f"{part:,} ÷ {rate.terms}")


def ratio(part, whole, link=""):
    """A part ÷ a whole as a number to a tenth: 2,000 ÷ 200 = 10.0."""
    if not whole:
        return Cell(NO_RATE)
    tenths = (Fraction(part) / Fraction(whole) * 20 + 1) // 2
    value = round(float(Fraction(part) / Fraction(whole)), 2)
    return Cell(f"{tenths // 10:,}.{tenths % 10}", value, link if part else "", f"{part:,} ÷ {whole:,}")


@dataclass(frozen=True)
class Chart:
    """For the theme's Chart.js; `keys` are (number of the colour, label): numbers.css has the same colours."""

    value: str  # JSON
    keys: list[tuple[int, str]]
    kind: str = "line"


def chart(labels, series, *, kind="line", colours=(0, 1, 2), suffix=""):
    """`series`: [(label, values)]; a value may be None, where there was nothing to count. None when nothing was."""
    if not any(value for _label, values in series for value in values):
        return None
    shown = {"displayYAxis": True, "pointStyle": "circle", "pointRadius": 3, "maxBarThickness": BAR, "spanGaps": True}
    shown |= {"suffixYAxis": suffix} if suffix else {}
    keys = [(colour, str(label)) for (label, _values), colour in zip(series, colours, strict=False)]
    lines = [
        {"label": label, "data": list(values), "borderColor": COLOURS[colour], "backgroundColor": COLOURS[colour]}
        | shown
        for (colour, label), (_label, values) in zip(keys, series, strict=True)
    ]
    return Chart(json.dumps({"labels": list(labels), "datasets": lines}), keys, kind)
