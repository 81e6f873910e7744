"""Files of a folder as plain sheets of cells; whatever is no book gets one clear sentence.

Only what a file *is* counts, not what its name says: a photo called 学员名单.xlsx is a photo.
"""

import csv
import io
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils import range_boundaries

from imports.books import BOOKS
from imports.problems import BookError

# A school's book has a few hundred kilobytes. More than this is no book, or one made to fill the memory.
LARGEST_FILE = 20 * 2**20
LARGEST_UNPACKED = 50 * 2**20
MOST_ENTRIES = 1_000
# XML of tables packs 10 to 50 times; small parts, such as an empty style sheet, may pack better.
HIGHEST_RATIO, RATIO_COUNTS_FROM = 200, 2**20
MOST_ROWS, MOST_COLUMNS = 100_000, 200

MAGIC = {
    b"%PDF": "PDF",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
    b"SQLite format": "SQLite",
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass
class RawSheet:
    """The cells of one sheet. Excel's row n is `rows[n - 1]`; merges are (left, top, right, bottom)."""

    file: str
    name: str
    rows: list[tuple]
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    is_hidden: bool = False


def read_sheets(path):
    """All sheets of a workbook, or the one sheet of a text file."""
    try:
        head = _head(path)
        return _read_workbook(path) if head.startswith(b"PK") else [_read_text(path, head)]
    except BookError:
        raise
    except OSError as error:
        raise BookError(
            _("“%(file)s” cannot be read: %(error)s.") % {"file": path.name, "error": error.strerror or error}
        ) from error
    except Exception as error:  # openpyxl has no error class of its own: a damaged part raises anything
        raise broken(path) from error


def broken(path):
    return BookError(
        _("“%(file)s” is damaged: open it in Excel or WPS, save it as a new .xlsx, and try again.")
        % {"file": path.name}
    )


def _head(path):
    size = path.stat().st_size
    if size == 0:
        raise BookError(_("“%(file)s” is empty (0 bytes): get it again from whoever sent it.") % {"file": path.name})
    if size > LARGEST_FILE:
        raise _too_large(path)
    with path.open("rb") as stream:
        head = stream.read(16)
    _refuse_other_kinds(path, head)
    return head


def _refuse_other_kinds(path, head):
    if head.startswith(OLE):
        raise _ole_error(path)
    kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)
    if kind:
        raise _not_a_book(path, kind)


def _ole_error(path):
    """The container of old .xls files is also what Excel wraps an encrypted .xlsx in."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        return BookError(
            _("“%(file)s” is protected by a password: open it, remove the password, save it, and try again.")
            % {"file": path.name}
        )
    if "WordDocument".encode("utf-16-le") in content:
        return _not_a_book(path, "Word")
    return BookError(
        _("“%(file)s” is an old Excel file (.xls): open it, save it as .xlsx, and try again.") % {"file": path.name}
    )


def _not_a_book(path, kind):
    return BookError(
        _("“%(file)s” is no table but a %(kind)s file: put the .xlsx or .csv book in its place.")
        % {"file": path.name, "kind": kind}
    )


def _too_large(path):
    return BookError(
        _("“%(file)s” is far too large for a school's book: copy the rows into a new .xlsx, and try again.")
        % {"file": path.name}
    )


# --- workbooks -------------------------------------------------------------------------------------------


def _read_workbook(path):
    # The stream is ours, so that it is closed also when openpyxl gives up half-way.
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        _check_archive(path, archive)
        # openpyxl warns of extensions that it drops, such as drop-down lists: no concern of a reader.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            return [_read_worksheet(path, archive, worksheet) for worksheet in workbook.worksheets]


def _check_archive(path, archive):
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    bombs = (
        entry.file_size > RATIO_COUNTS_FROM and entry.file_size > HIGHEST_RATIO * entry.compress_size
        for entry in entries
    )
    if len(entries) > MOST_ENTRIES or unpacked > LARGEST_UNPACKED or any(bombs):
        raise _too_large(path)
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise _not_a_book(path, "xlsb")
    if "xl/workbook.xml" not in names:
        raise _not_a_book(path, _kind_of_archive(names))


def _kind_of_archive(names):
    if any(name.startswith("word/") for name in names):
        return "Word"
    if any(name.startswith("ppt/") for name in names):
        return "PowerPoint"
    return "OpenDocument" if "content.xml" in names else "ZIP"


def _read_worksheet(path, archive, worksheet):
    worksheet.reset_dimensions()  # what the file says about its size is often wrong
    cells = worksheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)
    rows = _rows(path, cells)
    return RawSheet(
        file=path.name,
        name=worksheet.title,
        rows=rows,
        merges=_merges(archive, worksheet._worksheet_path) if rows else [],
        is_hidden=worksheet.sheet_state != "visible",
    )


def _rows(path, cells):
    """Without the empty cells and rows at the end, which Excel keeps for their colour."""
    rows = [_trimmed(row) for row in islice(cells, MOST_ROWS + 1)]
    if len(rows) > MOST_ROWS:
        raise _too_large(path)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _trimmed(row):
    length = min(len(row), MOST_COLUMNS)
    while length and (row[length - 1] is None or (isinstance(row[length - 1], str) and not row[length - 1].strip())):
        length -= 1
    return tuple(row[:length])


MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+\d+:[A-Z]+\d+)"')


def _merges(archive, part):
    """openpyxl drops merged ranges when it streams; they stand after the cells, at the end of the part."""
    content = archive.read(part)
    tail = content[content.rfind(b"sheetData>") :]
    return [range_boundaries(match.decode()) for match in MERGE.findall(tail)]


# --- text files ------------------------------------------------------------------------------------------


def _read_text(path, head):
    text = _decoded(path.read_bytes(), path)
    if re.match(r"\s*<(!doctype|html|table|\?xml)", text, re.IGNORECASE):
        raise _not_a_book(path, "HTML/XML")
    try:
        rows = _rows(path, csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise broken(path) from error
    return RawSheet(file=path.name, name=path.stem, rows=rows)


def _decoded(content, path):
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search("[\x00-\x08\x0e-\x1a]", text):  # no text has these
            return text
    raise BookError(
        _("“%(file)s” is neither a workbook nor a text: save it as .xlsx, or as .csv in UTF-8.") % {"file": path.name}
    )


def _encodings(content):
    """A byte-order mark decides; without one UTF-8 is tried first, since GB18030 accepts nearly anything."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if content.startswith(b"\xef\xbb\xbf"):
        return ["utf-8-sig"]
    if content[1:200:2].count(0) > 20 or content[0:200:2].count(0) > 20:
        return ["utf-16-le", "utf-16-be"]
    return ["utf-8", "gb18030"]


DELIMITERS = [",", "\t", ";", "，"]


def _delimiter(text):
    """The one that stands in most of the first lines."""
    lines = [line for line in islice(io.StringIO(text), 50) if line.strip()]
    return max(DELIMITERS, key=lambda mark: sum(mark in line for line in lines))


# --- a folder --------------------------------------------------------------------------------------------

TABLES = {".xlsx", ".xlsm", ".csv", ".tsv"}
OTHER_TABLES = {".xls", ".xlsb", ".et", ".ods", ".numbers"}


def promises_a_book(path):
    """By its name: 学员名单.docx is meant as one; of other kinds of tables 学生花名册.xls is, too."""
    stem = path.stem
    by_title = any(book.title in stem or (len(stem) > 1 and stem in book.title) for book in BOOKS.values())
    is_table = path.suffix.lower() in OTHER_TABLES
    return by_title or (is_table and any(book.hint.search(stem.lower()) for book in BOOKS.values()))


def files_of(folder):
    """The files of a folder in the order of their names, without Excel's lock files and hidden ones."""
    path = Path(folder)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BookError(
            _("There is no folder “%(folder)s”: give the folder in which the books are.") % {"folder": folder}
        )
    try:
        found = sorted(path.iterdir())
    except OSError as error:
        raise BookError(
            _("“%(file)s” cannot be read: %(error)s.") % {"file": path.name, "error": error.strerror}
        ) from error
    return [file for file in found if file.is_file() and not file.name.startswith((".", "~$"))]
