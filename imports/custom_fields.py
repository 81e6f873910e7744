"""Columns of the books that are called like a custom field of the school, and the values in them."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from imports.columns import bare_title, text_of
from imports.dates import clean_date
from imports.problems import BadValueError, Severity, problem_at
from imports.values import clean_label, clean_note, clean_number, clean_text, is_blank
from students.custom_fields import stored
from students.custom_fields import text_of as text_of_value
from students.forms import form_field
from students.models import CustomField

Kind = CustomField.Kind
TARGETS = {"students": "student", "enquiries": "enquiry"}  # whose fields a book has
IN_NOTE = ["gender", "birth_date", "school", "relation"]  # of an enquiry, unless the school has a field for it
WORDS = {
    True: frozenset(["是", "有", "对", "要", "需要", "√", "✓", "✔", "y", "yes", "true", "1"]),
    False: frozenset(["否", "无", "没有", "不", "不要", "不需要", "×", "✗", "n", "no", "false", "0"]),
}


class CustomColumns:
    """Of all books of a run; problems go to `problems`."""

    def __init__(self, tables, problems):
        self.problems = problems
        self.of_sheet = {(table.file, table.sheet): _recognise(table) for table in tables}

    def titles(self, row):
        return self.of_sheet[row.source.file, row.sheet]

    def meanings(self, row):
        """Fields of the book that a custom field of the school takes: they need no place in the note."""
        return {column.field for column, _field in self.titles(row).values() if column.field}

    def values(self, row):
        """{key: value} as a row of the database keeps it; what is no value is reported. Once per row."""
        values = {}
        for title, (_column, field) in self.titles(row).items():
            try:
                value = _clean(field, row.cells[title])
            except BadValueError as error:
                self._report(row, title, error.reason, error.mend, Severity.WARNING, error.code)
            else:
                values |= {} if value is None else {field.key: stored(field, value)}
        return values

    def complete(self, row, kept, values):
        """What is there, with what was missing; what differs is told. None if nothing was missing."""
        for title, (_column, field) in self.titles(row).items():
            if field.key in values and kept.get(field.key, values[field.key]) != values[field.key]:
                reason = _("The software has “%(kept)s” here: nothing was changed.")
                mend = _("If the book is right, change it in the software.")
                shown = text_of_value(field, kept)
                self._report(row, title, reason % {"kept": shown}, mend, Severity.NOTE, "book_differs")
        return values | kept if values.keys() - kept.keys() else None

    def _report(self, row, title, reason, mend, severity, code):
        cell = {"column": title, "value": text_of(row.cells[title])}
        self.problems.append(problem_at(row.source, reason=reason, mend=mend, severity=severity, code=code, **cell))


def _recognise(table):
    """{title: (column, field)} of a sheet; the report then says of the column that it is a custom one."""
    target = TARGETS.get(table.book.key)
    fields = {bare_title(field.label): field for field in CustomField.objects.of(target)} if target else {}
    found = {
        column.title: (column, fields[bare_title(column.title)])
        for column in table.columns
        if bare_title(column.title) in fields and (column.how == "unused" or _goes_to_note(column, target))
    }
    for column, _field in found.values():
        column.how = "custom"
    return found


def _goes_to_note(column, target):
    return target == "enquiry" and column.field in IN_NOTE


def _clean(field, value):
    """The value of a cell as a form has it; None for an empty one."""
    if field.kind == Kind.YES_NO:
        return _yes_or_no(value)
    if is_blank(value):
        return None
    if field.kind == Kind.CHOICE:
        return _choice(field, clean_label(value))
    read = {Kind.NUMBER: clean_number, Kind.DATE: clean_date}.get(field.kind, clean_note)
    try:
        return form_field(field, required=False).clean(read(value))
    except ValidationError as error:
        raise BadValueError(" ".join(error.messages), _("Write it as the form takes it."), "bad_custom") from error


def _yes_or_no(value):
    word = clean_text(value).lower()
    for answer, words in WORDS.items():
        if word in words:
            return answer
    if is_blank(value):
        return None
    raise BadValueError(_("“%(value)s” is neither yes nor no.") % {"value": word}, _("Write 是 or 否."), "bad_custom")


def _choice(field, label):
    """Also one that is not offered any more: a book may be old."""
    choices = {choice.label.lower(): choice.pk for choice in field.choices.all()}
    if label.lower() in choices:
        return choices[label.lower()]
    offered = "、".join(choice.label for choice in field.choices.all() if choice.is_active)
    raise BadValueError(
        _("“%(value)s” is none of the choices of “%(field)s”.") % {"value": label, "field": field},
        _("Write one of these: %(choices)s.") % {"choices": offered},
        "bad_custom",
    )
