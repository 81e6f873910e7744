"""A school's books, read: `read_school(folder)` is the way in.

Every row of every sheet ends in one of four ways (`School.endings`): used, duplicate, unusable (an error
says why), or skipped because it is no row of data.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from imports.books import BOOKS
from imports.branches import settle_branches
from imports.cells import ROW_OF, Cells
from imports.checks import check_school
from imports.columns import checked_mapping, text_of
from imports.files import TABLES, files_of, promises_a_book, read_sheets
from imports.identity import Child, exact_duplicates, identify_children
from imports.phones import looks_like_phone
from imports.problems import BookError, Problem, Severity, Source, problem_at
from imports.rows import StudentRow
from imports.tables import Skipped, Table, place_of, read_table
from imports.timetable import ClassBook
from imports.values import clean_text


@dataclass
class School:
    """What the books say. `rows` can be used, each once; `duplicates` are (row, the earlier, equal one)."""

    rows: dict[str, list] = field(default_factory=lambda: {key: [] for key in BOOKS})
    children: list[Child] = field(default_factory=list)
    maybe_same: list[tuple[StudentRow, StudentRow]] = field(default_factory=list)
    class_book: ClassBook = field(default_factory=lambda: ClassBook([]))
    duplicates: list[tuple] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    endings: dict[Source, str] = field(default_factory=dict)

    @property
    def staff(self):
        return self.rows["staff"]

    @property
    def classes(self):
        return self.rows["classes"]

    @property
    def students(self):
        return self.rows["students"]

    @property
    def enquiries(self):
        return self.rows["enquiries"]

    @property
    def columns(self):
        """What was understood as what, for the report."""
        return [
            {
                "file": table.file,
                "sheet": table.sheet,
                "book": table.book.title,
                "header_row": table.header.row,
                "title": column.title,
                "field": column.field,
                "label": str(table.book.fields[column.field].label) if column.field else "",
                "how": column.how,
            }
            for table in self.tables
            for column in table.columns
        ]

    def count_rows(self, book_key):
        """Rows of data in a book, the duplicate and the unusable ones included."""
        return sum(len(table.lines) for table in self.tables if table.book.key == book_key)

    def count_skipped(self):
        return dict(Counter(skipped.kind for skipped in self.skipped))

    def table_of(self, row):
        return next(table for table in self.tables if (table.file, table.sheet) == (row.source.file, row.sheet))

    def report(self, source, **values):
        self.problems.append(problem_at(source, **values))

    def problem(self, row, *, field="", severity=Severity.WARNING, **said):
        """A problem of a row; `field` names the cell that would have to change, if it is one cell."""
        column = self.table_of(row).column_of(field) if field else None
        cell = {"column": column.title, "value": text_of(row.cells.get(column.title))} if column else {}
        return problem_at(row.source, severity=severity, **cell, **said)


def read_school(folder, mapping=None):
    """Read the books in a folder, or one file; raises BookError when that cannot be done."""
    mapping = checked_mapping(mapping or {})
    school = School()
    for path in files_of(folder):
        _read_file(school, path, mapping)
    _check_books(school, folder)
    for table in school.tables:
        _read_rows(school, table)
    settle_branches(school)
    _set_duplicates_apart(school)
    school.class_book = ClassBook(school.classes)
    school.children, school.maybe_same = identify_children(school.students)
    school.problems += check_school(school)
    return school


# --- files -----------------------------------------------------------------------------------------------


def _read_file(school, path, mapping):
    """A file is a book by what is in it; where only its name promises one, anything else is an error."""
    promised = promises_a_book(path)
    if path.suffix.lower() not in TABLES and not promised:
        _report_file(school, path)
        return
    sheets = [sheet for sheet in read_sheets(path) if any(map(_has_text, sheet.rows))]
    if promised and not sheets:
        raise BookError(_("“%(file)s” is empty: no cell has anything in it.") % {"file": path.name})
    tables = [_table_or_error(sheet, mapping) for sheet in sheets]
    found = [table for table in tables if isinstance(table, Table)]
    for sheet, table in zip(sheets, tables, strict=True):
        if table not in found:
            _refuse_or_report(school, sheet, table, is_needed=promised and not found)
    school.tables += found


def _has_text(row):
    return any(clean_text(value) for value in row)


def _table_or_error(sheet, mapping):
    """The table of a sheet, the BookError that keeps it from being one, or None."""
    try:
        return None if sheet.is_hidden else read_table(sheet, mapping)
    except BookError as error:
        return error


def _refuse_or_report(school, sheet, error, *, is_needed):
    """A sheet that lists people must not be passed over; a summary beside a book may."""
    if not sheet.is_hidden and (is_needed or _lists_people(sheet)):
        raise error or _no_titles(sheet)
    hidden = _("The sheet is hidden: it was not read.")
    school.report(
        Source("", sheet.file, sheet.name),
        reason=hidden if sheet.is_hidden else _("The sheet is no book: it was not read."),
        mend=_("If it holds rows of a book, show it and give it the titles of the others."),
        severity=Severity.WARNING,
        code="sheet_unused",
    )


def _lists_people(sheet):
    return sum(any(looks_like_phone(value) for value in row) for row in sheet.rows[:200]) >= 3


def _no_titles(sheet):
    texts = ([text for text in map(clean_text, row) if text] for row in sheet.rows)
    titles = next((row for row in texts if len(row) > 1), [])
    return BookError(
        _(
            "%(place)s: no row is understood as the titles of a book; the first row is: %(titles)s. "
            "Give the columns titles such as 学员姓名, 联系电话, 班级."
        )
        % {"place": place_of(sheet), "titles": ", ".join(titles)[:300]}
    )


def _report_file(school, path):
    school.report(
        Source("", path.name),
        reason=_("The file is no .xlsx and no .csv: it was not read."),
        mend=_("If it holds a book, save it as .xlsx."),
        severity=Severity.NOTE,
        code="file_unused",
    )


def _check_books(school, folder):
    if not school.tables:
        raise BookError(
            _("“%(folder)s” holds none of the books %(books)s as .xlsx or .csv.")
            % {"folder": folder, "books": "、".join(book.title for book in BOOKS.values())}
        )
    present = {table.book.key for table in school.tables}
    for book in BOOKS.values():
        if book.key not in present:
            school.report(
                Source(book.key, ""),
                reason=_("There is no book “%(book)s”.") % {"book": book.title},
                mend=_("If the school keeps one, put it into the same folder."),
                severity=Severity.WARNING,
                code="book_missing",
            )


# --- rows ------------------------------------------------------------------------------------------------


def _read_rows(school, table):
    school.problems += table.problems
    school.skipped += table.skipped
    school.endings |= {skipped.source: f"skipped:{skipped.kind}" for skipped in table.skipped}
    for line in table.lines:
        cells = Cells(table, line)
        row = ROW_OF[table.book.key](cells)
        school.problems += cells.problems
        school.endings[line.source] = "used" if row else "unusable"
        school.rows[table.book.key] += [row] if row else []


def _set_duplicates_apart(school):
    for key, rows in school.rows.items():
        pairs = exact_duplicates(rows)
        again = {row.source for row, _earlier in pairs}
        school.rows[key] = [row for row in rows if row.source not in again]
        school.endings |= dict.fromkeys(again, "duplicate")
        school.duplicates += pairs
