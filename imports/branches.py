"""Which branch a row is of: its column, what stands above, the sheet, the class or the only branch say it."""

from collections import Counter, defaultdict
from dataclasses import replace

from django.utils.translation import gettext as _

from imports.books import BOOKS, BRANCH
from imports.branch_names import branch_key
from imports.problems import Severity
from imports.rows import StaffRow
from imports.timetable import ClassBook
from imports.values import clean_label

GENERIC = ("sheet", "工作表", "表")  # what a program calls a sheet that nobody named


def settle_branches(school):
    """Give every row its branch, in one way of writing; report the rows for which nothing says it."""
    for key in school.rows:
        school.rows[key] = _filled_down(school, school.rows[key])
    names = _full_names(school)
    for key, rows in school.rows.items():
        school.rows[key] = [_named(row, names) for row in rows]
    _take_from_class(school)
    _take_the_only_one(school, set(names.values()))
    _report_missing(school)


def branches_of(row):
    """A teacher may work at several."""
    return row.branches if isinstance(row, StaffRow) else tuple(filter(None, [row.branch]))


def _with(row, branches):
    if isinstance(row, StaffRow):
        return replace(row, branches=tuple(branches))
    return replace(row, branch=next(iter(branches), ""))


# --- as above --------------------------------------------------------------------------------------------


def _filled_down(school, rows):
    """Where each branch is written once, at the head of its rows, an empty cell means "as above"."""
    by_sheet = defaultdict(list)
    for row in rows:
        by_sheet[row.source.file, row.sheet].append(row)
    result = []
    for same in by_sheet.values():
        given = [branches_of(row) for row in same if branches_of(row)]
        is_head = len(given) == len(set(given)) < len(same) and bool(branches_of(same[0]))
        if is_head:
            _note_fill(school, same[0])
        result += _as_above(same) if is_head else same
    return result


def _as_above(rows):
    above, filled = (), []
    for row in rows:
        above = branches_of(row) or above
        filled.append(_with(row, above))
    return filled


def _note_fill(school, row):
    school.report(
        replace(row.source, row=0),
        reason=_("Each branch is written once, above its rows: empty cells were read as “as above”."),
        mend=_("Write the branch into every row if that is not meant."),
        severity=Severity.NOTE,
        code="branch_as_above",
    )


# --- names -----------------------------------------------------------------------------------------------


def _full_names(school):
    """{key: the name that stands most often; of equals the longest}"""
    counts = Counter(name for rows in school.rows.values() for row in rows for name in branches_of(row))
    ordered = sorted(counts, key=lambda name: (counts[name], len(name), name))
    names = _sheets_of_two_books(school) | {branch_key(name): name for name in ordered}
    return names | _without_the_school(school, counts)


def _without_the_school(school, names):
    """A title row that says 阳光艺术东湖校区 means the branch 东湖校区, when another book has it."""
    implied = {table.branch for table in school.tables if table.branch}
    return {
        branch_key(long): short
        for long in implied
        for short in names
        if long != short and short not in implied and long.endswith(short)
    }


def _sheets_of_two_books(school):
    """Sheets of one name in two books, without a column for the branch, can only be the branches."""
    books = defaultdict(set)
    for table in school.tables:
        if not table.column_of("branch") and not table.sheet.lower().startswith(GENERIC):
            books[table.sheet].add(table.book.key)
    titles = [book.title for book in BOOKS.values()]
    return {
        branch_key(name): name
        for name, keys in books.items()
        if len(keys) > 1 and not any(title in name for title in titles)
    }


def _named(row, names):
    """With the full name; without any, the sheet's, when the school has a branch of that name."""
    of_sheet = names.get(branch_key(clean_label(row.sheet)))
    given = branches_of(row) or tuple(filter(None, [of_sheet]))
    return _with(row, dict.fromkeys(names.get(branch_key(name), name) for name in given))


# --- the last resorts ------------------------------------------------------------------------------------


def _take_from_class(school):
    """A student is where the class is, when only one branch has a class of this name."""
    book = ClassBook(school.classes)
    for number, row in enumerate(school.students):
        group = None if row.branch else book.find(row)
        if group:
            school.students[number] = replace(row, branch=group.branch)


def _take_the_only_one(school, names):
    if len(names) == 1:
        for key, rows in school.rows.items():
            school.rows[key] = [row if branches_of(row) else _with(row, names) for row in rows]


def _report_missing(school):
    """Once for a sheet that has no column for it; of single rows those tell who need the branch."""
    tables = {(table.file, table.sheet): table for table in school.tables}
    rows = (row for rows in school.rows.values() for row in rows if not branches_of(row))
    for place in dict.fromkeys((row.source.file, row.sheet) for row in rows):
        if not tables[place].column_of("branch"):
            school.report(
                tables[place].source(),
                reason=_("Nothing in the sheet says which branch it is of."),
                mend=_("Name the sheet after the branch, or add a column “%(title)s”.") % {"title": BRANCH.title},
                severity=Severity.WARNING,
                code="missing_branch",
            )
