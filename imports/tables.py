"""A sheet as a table: its columns, its lines of data, and the rows that are none (titles, subtotals …)."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from imports.books import Book
from imports.columns import Column, check_required, understand
from imports.headers import Header, branch_in, find_header, is_repeated
from imports.problems import Problem, Severity, Source, problem_at
from imports.values import clean_label, clean_text

# Merged cells say the same of several rows, but a number in them stands for all of these rows together.
NUMBERS = frozenset(["bought", "gift", "used", "left", "paid", "capacity", "lessons", "unit_price"])
TOTAL = re.compile(
    r"(.{0,15}?)(合计|小计|总计|共计|累计|汇总|总数|总人数|平均值?)(.{0,15})|共?计?\d+(人|名|位|条|个|班|个班)|(sub)?total.{0,15}",
    re.IGNORECASE,
)
NO_KEY = re.compile(r"\d*(\.\d+)?(人|名|位|条|个|个班|班)?", re.ASCII)
FOOTER = re.compile("(制表|审核|填表|打印|制单|统计|复核|负责|更新|备注|说明|注)(人|者|日期|时间)?:.*|注意事项.*")


@dataclass(frozen=True)
class Line:
    """One row of data: the cells by title, and the branch that a heading above it names."""

    source: Source
    cells: dict[str, object]
    branch: str


@dataclass(frozen=True)
class Skipped:
    """A row that is no data: title, header, repeated_header, subtotal, footer, note or blank."""

    source: Source
    kind: str
    text: str


@dataclass
class Table:
    book: Book
    file: str
    sheet: str
    header: Header
    columns: list[Column]
    branch: str = ""  # of the whole sheet, where no column says it
    lines: list[Line] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def column_of(self, key):
        return next((column for column in self.columns if column.field == key), None)

    def source(self, row=0):
        return Source(self.book.key, self.file, self.sheet, row)


def read_table(sheet, mapping):
    """The table of a sheet, or None where no row looks like the titles of a book."""
    header = find_header(sheet, mapping)
    if header is None:
        return None
    columns = _all_columns(sheet, header)
    table = Table(header.book, sheet.file, sheet.name, header, columns)
    body = sheet.rows[header.row :]
    understand(
        header.book,
        columns,
        lambda column: [row[column.index] if column.index < len(row) else None for row in body],
        mapping.get(header.book.key, {}),
    )
    check_required(header.book, columns, place_of(sheet))
    _sort_rows(table, sheet)
    _report_columns(table)
    return table


def place_of(sheet):
    """ "学员名单.xlsx", with the sheet where its name says more."""
    return sheet.file if sheet.file.startswith(sheet.name) else f"{sheet.file} › {sheet.name}"


def _all_columns(sheet, header):
    """Also columns without a title, called by their letter; of equal titles the later ones are numbered."""
    width = max(map(len, sheet.rows), default=0)
    columns = header.columns[:width]
    columns += [Column(index, "", ("",)) for index in range(len(columns), width)]
    seen = {}
    for column in columns:
        title = column.title or get_column_letter(column.index + 1)
        seen[title] = seen.get(title, 0) + 1
        column.title = title if seen[title] == 1 else f"{title} ({seen[title]})"
    return columns


# --- rows ------------------------------------------------------------------------------------------------


def _sort_rows(table, sheet):
    """Every row becomes a line or is skipped, with its kind."""
    merged = _merged_values(table, sheet)
    branch = table.branch = _branch_above(table, sheet)
    for index, row in enumerate(sheet.rows):
        number = index + 1
        filled = _filled(table, row, merged.get(number, {}))
        kind = _kind_above(table, number) or _kind(table, row, filled)
        if kind:
            branch = _branch_of_section(kind, filled) or branch
            table.skipped.append(Skipped(table.source(number), kind, _shown(row)))
        else:
            table.lines.append(_line(table, number, filled, branch))


def _kind_above(table, number):
    first = table.header.row - table.header.height + 1
    if number < first:
        return "title"
    return "header" if number <= table.header.row else ""


def _kind(table, row, filled):
    texts = [text for text in map(clean_text, row) if text]
    if not texts:
        return "blank"
    if is_repeated(table.header, row):
        return "repeated_header"
    if _is_total(table, filled, texts):
        return "subtotal"
    if FOOTER.fullmatch(texts[0]) and not _has_number_field(table, filled):
        return "footer"
    given = [text for text in map(clean_text, filled) if text]
    return "note" if len(given) == 1 and not _is_bare_name(table, filled) else ""


def _is_total(table, filled, texts):
    """合计 stands where a name would be, or beside an empty one: a child's note may speak of sums, too."""
    if _has_weekly_times(table, filled):  # 3班 may be a sum, or the third class
        return False
    key = table.column_of(table.book.key_field)
    name = clean_text(filled[key.index]).replace(" ", "") if key else ""
    if TOTAL.fullmatch(name):
        return True
    bare = [text.replace(" ", "") for text in texts[:3]]
    return bool(NO_KEY.fullmatch(name)) and any(TOTAL.fullmatch(text) for text in bare)


def _has_weekly_times(table, filled):
    columns = [column for column in table.columns if column.field in ("schedule", "weekday")]
    return any(clean_text(filled[column.index]) for column in columns)


def _has_number_field(table, filled):
    return any(column.field in NUMBERS and clean_text(filled[column.index]) for column in table.columns)


def _is_bare_name(table, filled):
    """A child of whom only the name is written down; not a heading such as 银州校区 or 以下为新生."""
    key = table.column_of(table.book.key_field)
    name = clean_label(filled[key.index]) if key else ""
    return bool(re.fullmatch("[\u4e00-\u9fff·]{2,4}", name)) and not branch_in(name) and not name.startswith("以")


def _shown(row):
    return " | ".join(text for text in map(clean_text, row) if text)[:200]


def _filled(table, row, merged):
    values = [row[column.index] if column.index < len(row) else None for column in table.columns]
    for index, value in merged.items():
        if index < len(values) and not clean_text(values[index]):
            values[index] = value
    return values


def _merged_values(table, sheet):
    """{row number: {column index: value}} for the rows below the first one of a vertical merge."""
    merged = {}
    for left, top, right, bottom in sheet.merges:
        if bottom == top or top <= table.header.row or top > len(sheet.rows):
            continue
        for index in range(left - 1, min(right, len(table.columns))):
            row = sheet.rows[top - 1]
            value = row[left - 1] if left <= len(row) else None
            if table.columns[index].field in NUMBERS:
                _report_merged_number(table, index, value, top, bottom)
                continue
            for number in range(top + 1, min(bottom, len(sheet.rows)) + 1):
                merged.setdefault(number, {})[index] = value
    return merged


def _line(table, number, filled, branch):
    cells = {column.title: value for column, value in zip(table.columns, filled, strict=True)}
    return Line(table.source(number), cells, branch)


# --- the branch where no column says it ------------------------------------------------------------------


def _branch_above(table, sheet):
    """From the name of the sheet, a title row, or the name of the file."""
    first = table.header.row - table.header.height
    above = [value for row in sheet.rows[:first] for value in row if value is not None]
    names = (branch_in(text) for text in [sheet.name, *above, sheet.file.rsplit(".", 1)[0]])
    return next((name for name in names if name), "")


def _branch_of_section(kind, filled):
    """A row that is nothing but 清河校区 stands for the rows below it."""
    text = next((text for text in map(clean_label, filled) if text), "")
    return text if kind == "note" and text == branch_in(text) else ""


# --- what is reported ------------------------------------------------------------------------------------


def _report_columns(table):
    for column in table.columns:
        if column.how == "content":
            _note(
                table,
                column.title,
                _("The column “%(title)s” is taken as “%(field)s”, from what stands in it."),
                {"title": column.title, "field": table.book.fields[column.field].label},
                "column_by_content",
            )
    present = {column.field for column in table.columns}
    for key in table.book.expected:
        if key not in present:
            _note(
                table,
                "",
                _("No column is understood as “%(field)s”."),
                {"field": table.book.fields[key].label},
                "column_missing",
            )


def _note(table, column, reason, values, code):
    mend = _("If another column is meant, say so in a mapping file.")
    problem = problem_at(
        table.source(), column=column, reason=reason % values, mend=mend, severity=Severity.NOTE, code=code
    )
    table.problems.append(problem)


def _report_merged_number(table, index, value, top, bottom):
    if not clean_text(value):
        return
    table.problems.append(
        problem_at(
            table.source(top),
            column=table.columns[index].title,
            value=clean_text(value),
            reason=_("One number stands for the rows %(first)d to %(last)d together.") % {"first": top, "last": bottom},
            mend=_("It was taken for the first row only: write a number into each row."),
            severity=Severity.WARNING,
            code="merged_number",
        )
    )
