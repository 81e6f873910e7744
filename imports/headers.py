"""Which row of a sheet holds the titles, and whose book the sheet is."""

import re
from dataclasses import dataclass

from imports.books import BOOKS, Book
from imports.columns import LONGEST_TITLE, Column, bare_title, meanings_of, readings_of
from imports.values import clean_text

LOOKED_AT = 40  # rows; titles stand near the top
FEWEST_FIELDS = 3
HINT = 1.5  # what the name of the sheet or file is worth, in fields


@dataclass
class Header:
    """The titles of a sheet: `height` rows that end with row number `row` (1 is the first)."""

    book: Book
    row: int
    height: int
    columns: list[Column]


def find_header(sheet, mapping):
    """The best row, or pair of rows, for the best book; None where no row looks like titles."""
    best, best_score = None, (0, 0)
    for index in range(min(LOOKED_AT, len(sheet.rows))):
        for height in (1, 2):
            columns = _columns(sheet, index, height)
            for book in BOOKS.values():
                score = (_score(book, columns, sheet, mapping), -height)
                if score[0] and score > best_score:  # of equals one row rather than two, then the upper one
                    best, best_score = Header(book, index + height, height, columns), score
    return best


def _score(book, columns, sheet, mapping):
    fields = _fields(book, columns, mapping.get(book.key, {}))
    hinted = bool(book.hint.search(sheet.name.lower()) or book.hint.search(sheet.file.lower()))
    enough = len(fields) >= FEWEST_FIELDS - hinted
    has_key = not {book.key_field, "phone"}.isdisjoint(fields)
    return len(fields) + HINT * hinted if enough and has_key else 0


def _fields(book, columns, mapping):
    fields = set()
    for column in columns:
        mapped = mapping.get(bare_title(column.title))
        fields.update([mapped] if mapped else list(meanings_of(book.key, column.readings))[:1])
    return fields


def _columns(sheet, index, height):
    """The columns as titled by one row, or by two where the upper one groups the lower."""
    lower = sheet.rows[index + height - 1] if index + height <= len(sheet.rows) else ()
    upper = _spread(sheet, index, len(lower)) if height == 2 else ()
    width = max(len(lower), len(upper))
    return [_column(column, _cell(upper, column), _cell(lower, column)) for column in range(width)]


def _cell(row, column):
    value = row[column] if column < len(row) else None
    text = clean_text(value) if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_TITLE else ""


def _column(index, upper, lower):
    texts = [f"{upper}{lower}", lower] if upper and lower else [lower or upper]
    readings = tuple(dict.fromkeys(reading for text in texts for reading in readings_of(text)))
    return Column(index=index, title=_title(upper, lower), readings=readings)


def _title(upper, lower):
    return f"{upper} {lower}" if upper and lower and upper != lower else lower or upper


def _spread(sheet, index, width):
    """A title merged over several columns belongs to each of them."""
    row = list(sheet.rows[index]) + [None] * max(0, width - len(sheet.rows[index]))
    for left, top, right, _bottom in sheet.merges:
        if top == index + 1 and right > left:
            row[left - 1 : right] = [row[left - 1] if left <= len(row) else None] * (min(right, len(row)) - left + 1)
    return row


def is_repeated(header, row):
    """The titles again, in the middle of a sheet that was printed page by page."""
    titles = [(bare_title(column.title), bare_title(_cell(row, column.index))) for column in header.columns]
    given = [(title, text) for title, text in titles if text]
    same = sum(title == text or (len(text) > 1 and title.endswith(text)) for title, text in given)
    return len(given) >= 2 and same >= 0.6 * len(given)


def branch_in(text):
    """ "银州校区2026年学员名单" → 银州校区."""
    match = re.match(r"(.{1,10}?(?:校区|分校|教学点|校部|门店|分店|分部|校点))", re.sub(r"\s", "", clean_text(text)))
    return match[1] if match else ""
