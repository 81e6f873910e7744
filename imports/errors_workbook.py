"""The rows with problems as a workbook: mended, it goes in again like any other book.

Each sheet has the columns of its book with the cells as they were, and what is wrong with them beside it.
"""

from collections import defaultdict
from io import BytesIO

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

from core.workbook import write_cell
from imports.books import BRANCH
from imports.branches import branches_of
from imports.columns import meanings_of, readings_of
from imports.problems import BookError, Severity, Source

MARKED = PatternFill("solid", fgColor="FFF2CC")
SHEET_NAME_LENGTH = 31  # Excel's limit
WIDTH = {"note": 60, "cell": 14}


def write_errors_workbook(school, path):
    """Write the rows that could not be used, or not wholly; the number of rows written."""
    problems = _by_row(school)
    workbook = Workbook()
    workbook.remove(workbook.active)
    for table in school.tables:
        lines = [line for line in table.lines if line.source in problems]
        if lines:
            _write_sheet(workbook, school, table, lines, problems)
    if not workbook.worksheets:
        workbook.create_sheet(_("No problems"))
    content = BytesIO()  # openpyxl leaves an open file behind where a disk is full
    workbook.save(content)
    try:
        path.write_bytes(content.getvalue())
    except OSError as error:
        raise BookError(
            _("“%(file)s” cannot be written: %(error)s.") % {"file": path, "error": error.strerror or error}
        ) from error
    return len(problems)


def our_titles():
    """The reader leaves these alone when the workbook comes back (`columns.OURS`)."""
    return [_("Problem"), _("How to mend it"), _("Where it stood")]


def _by_row(school):
    """Problems that a changed cell would mend, or that keep a row out; clashes are for the report alone."""
    by_row = defaultdict(list)
    for problem in school.problems:
        mendable = problem.severity is Severity.ERROR or (problem.severity is Severity.WARNING and problem.column)
        if problem.row and mendable:
            by_row[Source(problem.book, problem.file, problem.sheet, problem.row)].append(problem)
    return by_row


def _write_sheet(workbook, school, table, lines, problems):
    worksheet = workbook.create_sheet(_sheet_name(school, table))
    branches = {row.source: "、".join(branches_of(row)) for row in school.rows[table.book.key]}
    adds_branch = not table.column_of("branch")
    titles = [_title(table, column) for column in table.columns]
    _write_row(worksheet, 1, [*titles, *([BRANCH.title] if adds_branch else []), *our_titles()])
    for number, line in enumerate(lines, start=2):
        found = problems[line.source]
        branch = [branches.get(line.source, line.branch)] if adds_branch else []
        _write_row(worksheet, number, [*line.cells.values(), *branch, *_told(found, line)])
        _mark(worksheet, number, table, found)
    _lay_out(worksheet, len(titles) + adds_branch)


def _sheet_name(school, table):
    """The book's name, so that the reader knows the book again; with a number where it has several sheets."""
    same = [other for other in school.tables if other.book is table.book]
    number = f" {same.index(table) + 1}" if len(same) > 1 else ""
    return f"{table.book.title}{number}"[:SHEET_NAME_LENGTH]


def _title(table, column):
    """A title that was not understood by itself gets the usual words: next time it needs no help."""
    if not column.field or _is_understood(table, column):
        return column.title
    return table.book.fields[column.field].title


def _is_understood(table, column):
    return column.how == "title" and column.field in meanings_of(table.book.key, readings_of(column.title))


def _told(problems, line):
    reasons = [f"{problem.column}: {problem.reason}" if problem.column else problem.reason for problem in problems]
    mends = dict.fromkeys(problem.mend for problem in problems)
    place = f"{line.source.file} › {line.source.sheet} › {line.source.row}"
    return ["\n".join(reasons), "\n".join(mends), place]


def _write_row(worksheet, number, values):
    for index, value in enumerate(values, start=1):
        write_cell(worksheet.cell(number, index), value)


def _mark(worksheet, number, table, problems):
    faulty = {problem.column for problem in problems}
    for column in table.columns:
        if column.title in faulty:
            worksheet.cell(number, column.index + 1).fill = MARKED


def _lay_out(worksheet, width):
    for cell in worksheet[1]:
        cell.font = Font(bold=True)
        length = WIDTH["cell"] if cell.column <= width else WIDTH["note"]
        worksheet.column_dimensions[cell.column_letter].width = length
    for row in worksheet.iter_rows(min_row=2, min_col=width + 1):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    worksheet.freeze_panes = "A2"
