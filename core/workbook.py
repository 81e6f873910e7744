"""Tables as an Excel workbook."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

YUAN = "#,##0.00"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST = 60  # characters
MOST_SIGNS = 32_000  # in a cell; Excel keeps 32,767
KEPT_TYPES = (datetime, date, time, timedelta, bool, int, float, Decimal)


@dataclass(frozen=True)
class Fen:
    """Money in a cell, in fen: shown and counted in yuan."""

    fen: int


@dataclass(frozen=True)
class Sheet:
    """One table: its name, what stands above each column, and its rows."""

    name: str
    titles: list
    rows: list


def workbook_bytes(sheets):
    """The sheets as the content of an .xlsx file."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for sheet in sheets:
        _write(workbook.create_sheet(str(sheet.name)[:31]), sheet)  # Excel allows no longer name
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


def workbook_response(content, name):
    """A download; `name` tells no person, for it stays in the browser's list of downloads."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=XLSX, headers=disposition)


def _write(worksheet, sheet):
    rows = [sheet.titles, *sheet.rows]
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            write_cell(worksheet.cell(number, column), value)
    for cell in worksheet[1]:
        cell.font = Font(bold=True)
    for column, values in enumerate(zip(*rows, strict=True), start=1):
        worksheet.column_dimensions[get_column_letter(column)].width = _width(values)
    worksheet.freeze_panes = "A2"


def _width(values):
    """Wide enough for the longest text: a Chinese character takes the room of two."""
    return min(WIDEST, 4 + max(sum(1 + (ord(sign) > 0xFF) for sign in _text(value)) for value in values))


def _text(value):
    return f"{value.fen / 100:,.2f}" if isinstance(value, Fen) else "" if value is None else str(value)


def write_cell(cell, value):
    """Text stays text, whatever it begins with: a class called "=1+1" must not become a formula."""
    if isinstance(value, Fen):
        cell.value, cell.number_format = value.fen / 100, YUAN
    elif value is None or (isinstance(value, KEPT_TYPES) and str(value).lower() not in {"inf", "-inf", "nan"}):
        cell.value = value
    else:
        text = str(value)
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)[:MOST_SIGNS]
        cell.data_type = "s"
        cell.quotePrefix = text.lstrip().startswith(("=", "+", "-", "@")) or text[:1] in {"\t", "\r", "\n"}
