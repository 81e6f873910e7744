"""Custom fields: how a value is kept, shown and searched. Definitions and rows in, values out.

Kept is what JSON has on both databases alike: a number as text, for JSON's own numbers are floats on SQLite;
a date as ISO text, whose order is that of the days; a choice as its id; yes and no as true and false. What is
not given is not there.
"""

from datetime import date
from decimal import Decimal

from django.db.models import DecimalField, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import pgettext

from students.models import CustomField

Kind = CustomField.Kind
PREFIX = "custom_"
LONGEST_TEXT = 200
MOST_COLUMNS = 4
DIGITS, DECIMALS = 15, 4  # of a number: so many are exact in the comparisons of SQLite too


def name_of(field):
    """What its input is called, in forms and in addresses."""
    return f"{PREFIX}{field.key}"


# --- kept and read ---------------------------------------------------------------------------------------


def stored(field, value):
    """The value of a form (Decimal, date, id of a choice, bool, text) as it is kept."""
    if field.kind == Kind.NUMBER:
        return f"{value.normalize() + 0:f}"  # 1.50 is 1.5, and -0 is 0
    return value.isoformat() if field.kind == Kind.DATE else value


def value_of(field, values):
    """The value among the `custom_values` of a row as a form gives it; None if it is not there."""
    value = values.get(field.key)
    if value is None:
        return None
    read = {Kind.NUMBER: Decimal, Kind.DATE: date.fromisoformat}.get(field.kind)
    return read(value) if read else value


def merged(kept, fields, values):
    """`kept` with the values of a form, by the key of the field; what is kept of other fields stays."""
    result = dict(kept)
    for field in fields:
        value = values.get(field.key)
        if value is None or value == "":
            result.pop(field.key, None)
        else:
            result[field.key] = stored(field, value)
    return result


# --- shown -----------------------------------------------------------------------------------------------


def text_of(field, values):
    """The value in words, "" without one. A choice that is no longer offered is still called by its name."""
    value = values.get(field.key)
    if value is None:
        return ""
    if field.kind == Kind.CHOICE:
        return next((choice.label for choice in field.choices.all() if choice.pk == value), "")
    if field.kind == Kind.YES_NO:
        return pgettext("custom field", "Yes") if value else pgettext("custom field", "No")
    return str(value)


def shown_values(row, fields):
    """[(field, text)] of what the row has."""
    return [(field, text) for field in fields if (text := text_of(field, row.custom_values))]


def columns_of(fields):
    """As many as fit beside the others; the rest stands on the page of the row, and in the workbook."""
    return [field for field in fields if field.in_list][:MOST_COLUMNS]


def put_cells(rows, fields):
    """Each row gets `custom_cells`, [(field, text)] of the columns, empty ones too; returns the columns."""
    columns = columns_of(fields)
    for row in rows:
        row.custom_cells = [(field, text_of(field, row.custom_values)) for field in columns]
    return columns


def sheet_cells(row, fields):
    """For a workbook: numbers and dates as such, so that they can be counted with."""
    values, plain = row.custom_values, {Kind.NUMBER, Kind.DATE}
    return [value_of(field, values) if field.kind in plain else text_of(field, values) for field in fields]


# --- searched --------------------------------------------------------------------------------------------


def filter_by_custom(rows, field, value):
    """The rows with this value: a part of a text, an id of a choice, a bool, or (from, to) of numbers or dates.

    One end of a span may be None. Rows without a value are in no filter.
    """
    path = f"custom_values__{field.key}"
    if field.kind == Kind.TEXT:
        return rows.filter(**{f"{path}__icontains": value})
    if field.kind in (Kind.CHOICE, Kind.YES_NO):
        return rows.filter(**{path: value})
    return _in_span(rows, field, KT(path), *value)


def _in_span(rows, field, text, first, last):
    if field.kind == Kind.NUMBER:
        text = Cast(text, DecimalField(max_digits=DIGITS + DECIMALS, decimal_places=DECIMALS))
    else:
        text = Cast(text, TextField())
        first, last = first and first.isoformat(), last and last.isoformat()
    name = f"value_{field.key}"
    ends = {f"{name}__gte": first, f"{name}__lte": last}
    return rows.alias(**{name: text}).filter(**{end: value for end, value in ends.items() if value is not None})
