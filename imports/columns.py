"""Which column means what: by the mapping file, else by its title, else from its content (and reported)."""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from imports.books import BOOKS, PLACE
from imports.dates import clean_date
from imports.phones import looks_like_phone
from imports.problems import BadValueError, BookError
from imports.schedules import looks_like_schedule
from imports.values import bare_text, clean_label, clean_text, is_blank

BRACKETS = re.compile(r"[(\[【〔{<]([^)\]】〕}>]*)[)\]】〕}>]")
FILLER = re.compile("(基本)?(信息|资料|情况)|登记表?$")
SERIAL = frozenset(["序号", "序", "编号", "行号", "no", "#", "id", "排序"])
# The titles that the errors workbook adds, in both languages.
OURS = frozenset(["问题", "怎么改", "出处", "problem", "howtomendit", "whereitstood"])
LONGEST_TITLE = 30


@dataclass
class Column:
    """`how` it was understood: mapping, title, content; without a field: unused, serial, ours, ignored."""

    index: int
    title: str
    readings: tuple[str, ...]  # what the title may be read as, the likeliest first
    field: str = ""
    how: str = "unused"


# --- titles ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=10_000)
def bare_title(text):
    """Without blanks and punctuation, lower case: "联系 电话*" → "联系电话"."""
    text = clean_text(text).lower()
    return text if text == "#" else re.sub(r"[\W_]", "", text)


def readings_of(text):
    """What is in brackets may be a unit (元), or what makes the meaning: 姓名(家长) is no child's name."""
    text = unicodedata.normalize("NFKC", str(text))
    inner = bare_title(" ".join(BRACKETS.findall(text)))
    outer = bare_title(BRACKETS.sub(" ", text))
    readings = [inner + outer, outer + inner, outer] if inner and outer else [outer or inner]
    return tuple(dict.fromkeys(readings + [FILLER.sub("", reading) for reading in readings]))


@lru_cache(maxsize=10_000)
def meanings_of(book_key, readings):
    """{field: rank} of the first reading that means anything in this book; rank 0 is the best word for it."""
    for reading in readings:
        ranks = {
            field.key: rank
            for field in BOOKS[book_key].fields.values()
            for rank, pattern in reversed(list(enumerate(field.patterns)))
            if reading and pattern.fullmatch(reading)
        }
        if ranks:
            return ranks
    return {}


# --- the mapping file ------------------------------------------------------------------------------------


def load_mapping(path):
    """The mapping of a JSON file, checked: {"学员名单": {"家长微信电话": "phone", "内部编码": ""}}."""
    try:
        mapping = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BookError(
            _("The mapping file “%(file)s” cannot be read: %(error)s.") % {"file": path, "error": error}
        ) from error
    checked_mapping(mapping)
    return mapping


def checked_mapping(mapping):
    """{book key: {title: field key, "" to leave a column alone}}; BookError on an unknown name."""
    if not isinstance(mapping, dict) or not all(isinstance(titles, dict) for titles in mapping.values()):
        raise BookError(_('A mapping is written like {"学员名单": {"家长微信电话": "phone"}}.'))
    return {
        _book_named(name).key: {
            bare_title(title): _field_named(_book_named(name), field) for title, field in titles.items()
        }
        for name, titles in mapping.items()
    }


def _book_named(name):
    for book in BOOKS.values():
        if name in (book.key, book.title, str(book.label)):
            return book
    raise BookError(
        _("The mapping speaks of “%(name)s”; the books are: %(books)s.")
        % {"name": name, "books": ", ".join(book.title for book in BOOKS.values())}
    )


def _field_named(book, name):
    """A field by its key, or by any title that we understand."""
    if not name:
        return ""
    name = str(name)
    if name in book.fields:
        return name
    meanings = meanings_of(book.key, readings_of(name))
    if meanings:
        return min(meanings, key=meanings.get)
    raise BookError(
        _("The mapping of %(book)s speaks of “%(name)s”; it may say: %(fields)s.")
        % {"book": book.title, "name": name, "fields": ", ".join(book.fields)}
    )


# --- understanding ---------------------------------------------------------------------------------------


def understand(book, columns, values_of, mapping):
    """Give every column of a sheet its field; `values_of(column)` are the cells below its title."""
    free = []
    for column in columns:
        if not _is_settled(column, values_of, mapping):
            free.append(column)
    _assign_by_title(book, columns, free, values_of)
    _correct_guardian(columns, values_of)
    _assign_by_content(book, columns, values_of)
    return columns


def _is_settled(column, values_of, mapping):
    """By the mapping, or because the column is a count of rows or one of our own."""
    title = bare_title(column.title)
    if title in mapping:
        column.field, column.how = mapping[title], "mapping" if mapping[title] else "ignored"
    elif title in OURS:
        column.how = "ours"
    elif title in SERIAL and _counts_rows(values_of(column)):
        column.how = "serial"
    return column.how != "unused"


def _counts_rows(values):
    """1, 2, 3 …, with gaps, or beginning again at 1 under a subtotal; at the end words such as 合计."""
    texts = [text for text in map(clean_text, values) if text]
    numbers = [int(text) for text in texts if re.fullmatch(r"\d{1,6}", text, re.ASCII)]
    pairs = zip([0, *numbers], numbers, strict=False)
    return 2 * len(numbers) >= len(texts) and all(after > before or after == 1 for before, after in pairs)


# Where a second column says the same, what it is then: 妈妈电话 | 爸爸电话.
SECOND = {"phone": "other_phone"}


def _assign_by_title(book, columns, free, values_of):
    """The best word for a field wins, then the leftmost column; a field is given once."""
    taken = {column.field for column in columns if column.field}
    claims = []
    for column in free:
        field, rank = _meaning(book, column, values_of)
        if field:
            claims.append((rank, column.index, field, column))
    for _rank, _index, field, column in sorted(claims, key=lambda claim: claim[:2]):
        field = SECOND.get(field, field) if field in taken else field
        if field in book.fields and field not in taken:
            column.field, column.how = field, "title"
            taken.add(field)


def _meaning(book, column, values_of):
    """A title with two meanings (开课时间) is told by its content."""
    meanings = meanings_of(book.key, column.readings)
    if not meanings:
        return "", 0
    fitting = [field for field in meanings if field in EVIDENCE and _fits(field, values_of(column))]
    field = min(fitting if len(meanings) > 1 and fitting else meanings, key=meanings.get)
    return field, meanings[field]


def _is_date(value):
    try:
        return clean_date(value) is not None
    except BadValueError:
        return False


def _is_class_name(value):
    return clean_label(value).endswith("班")


def _is_branch(value):
    return bool(re.fullmatch(f".{{1,12}}{PLACE}", clean_label(value)))


# What most values of a column look like when it has this meaning.
EVIDENCE = {
    "phone": looks_like_phone,
    "schedule": looks_like_schedule,
    "start_date": _is_date,
    "class_name": _is_class_name,
    "branch": _is_branch,
}
FEWEST, SHARE = 2, 0.6  # of values, before content counts as evidence
LOOKED_AT = 200


def _fits(field, values):
    given = [value for value in values if not is_blank(value)][:LOOKED_AT]
    return len(given) >= FEWEST and sum(map(EVIDENCE[field], given)) >= SHARE * len(given)


def _correct_guardian(columns, values_of):
    """A column that is called 家长 or 联系人 may hold the phones."""
    guardian = next((column for column in columns if column.field == "guardian" and column.how == "title"), None)
    has_phone = any(column.field == "phone" for column in columns)
    if guardian and not has_phone and _fits("phone", values_of(guardian)):
        guardian.field, guardian.how = "phone", "content"


def _assign_by_content(book, columns, values_of):
    """A needed field without a title is the one column that looks like it; never one of two such columns."""
    for field in _lacking(book, columns):
        candidates = [column for column in columns if column.how == "unused" and _fits(field, values_of(column))]
        if len(candidates) == 1:
            candidates[0].field, candidates[0].how = field, "content"


def _lacking(book, columns):
    fields = {column.field for column in columns}
    needed = {field for group in book.required if not fields.intersection(group) for field in group}
    wanted = needed | {"branch", "class_name"}
    return [field for field in EVIDENCE if field in wanted and field in book.fields and field not in fields]


def check_required(book, columns, place):
    """Raise BookError for a needed meaning that no column has, with the titles that were seen."""
    fields = {column.field for column in columns}
    for group in book.required:
        if not fields.intersection(group):
            raise BookError(
                _(
                    "%(place)s: no column is understood as “%(field)s”. The titles are: %(titles)s. "
                    'Rename it, or say in a mapping file which one it is: {"%(book)s": {"title": "%(key)s"}}.'
                )
                % {
                    "place": place,
                    "field": " / ".join(str(book.fields[field].label) for field in group),
                    "titles": ", ".join(column.title for column in columns if column.title),
                    "book": book.title,
                    "key": group[0],
                }
            )


def text_of(value):
    """The cell as the report shows it."""
    try:
        return clean_text(value) if bare_text(value) else ""
    except BadValueError:
        return clean_text(value)
