"""Cleaning of single cells: each function returns the value, None for an empty cell, or raises BadValueError.

Nothing is guessed: a cell that can be read in two ways is a problem for a person.
"""

import datetime
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from django.utils.translation import gettext as _

from core import names
from core.names import BLANK_BESIDE_CJK, INVISIBLE
from imports.problems import BadValueError

# What people write into a cell that has no value.
BLANK_WORDS = frozenset(
    {"", "-", "--", "---", "—", "——", "/", "\\", ".", "?", "??", "无", "暂无", "没有", "空", "未知"}
)
BLANK_WORDS |= {"不详", "待定", "未填", "n/a", "na", "null", "none", "nan", "nil"}
EXCEL_ERRORS = frozenset(["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!"])
LONGEST_NUMBER = 15  # digits; Excel itself keeps no more
LONGEST_WORD = 50  # characters of a name, a class, a course, a school …

# --- text ------------------------------------------------------------------------------------------------


def clean_text(value):
    """The cell as one line of text in NFKC; a whole number stored as 103.0 is "103"."""
    if isinstance(value, str):
        return _one_line(value)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**LONGEST_NUMBER:
        value = int(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time.min:
        value = value.date()
    return _one_line(str(value))


@lru_cache(maxsize=20_000)  # a book says the same few things again and again
def _one_line(text):
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split())


def is_blank(value):
    return clean_text(value).lower() in BLANK_WORDS


def bare_text(value):
    """Text without any blank, for cells whose blanks mean nothing; raises on Excel's error words."""
    text = clean_text(value).replace(" ", "")
    if text.upper() in EXCEL_ERRORS:
        raise BadValueError(
            _("Excel could not work out this cell."),
            _("Mend the formula, or write the value itself."),
            "excel_error",
        )
    return text


def clean_note(value):
    """Free text, such as a remark: kept as it stands, but for blanks and Excel's error words."""
    text = clean_text(value)
    return "" if text.upper() in EXCEL_ERRORS or text in {"-", "/", "—"} else text


def clean_label(value):
    """A word from a list, such as a course, a room or a channel."""
    return "" if is_blank(value) else BLANK_BESIDE_CJK.sub("", clean_note(value))


def clean_word(value):
    """Like clean_label, for a cell whose loss must be told: raises on Excel's error words and on whole stories."""
    bare_text(value)
    word = clean_label(value)
    if len(word) > LONGEST_WORD:
        raise BadValueError(
            _("“%(value)s” is too long.") % {"value": word},
            _("Write at most %(number)d characters.") % {"number": LONGEST_WORD},
            "too_long",
        )
    return word


def clean_name(value):
    """A person's name, cleaned as the pages clean it; raises where a cell holds none."""
    name = names.clean_name(clean_word(value))
    if name and not re.search(r"[^\W\d_]", name):
        raise BadValueError(_("“%(value)s” is no name.") % {"value": name}, _("Write the person's name."), "bad_name")
    return name


def split_list(value):
    """ "银州校区、清河校区" → two labels."""
    parts = re.split(r"[、,;/|&+\n]|以及|(?<=[区店部校心])和", unicodedata.normalize("NFKC", str(value or "")))
    return tuple(dict.fromkeys(label for label in map(clean_label, parts) if label))


GENDERS = {
    "boy": {"男", "男孩", "男生", "男性", "男宝", "m", "male", "boy"},
    "girl": {"女", "女孩", "女生", "女性", "女宝", "f", "female", "girl"},
}


def clean_gender(value):
    text = bare_text(value).lower()
    if text in BLANK_WORDS:
        return ""
    for gender, words in GENDERS.items():
        if text in words:
            return gender
    raise BadValueError(_("“%(value)s” is no gender.") % {"value": text}, _("Write 男 or 女."), "bad_gender")


# --- numbers ---------------------------------------------------------------------------------------------


def as_number(text):
    """A plain number, with commas only where thousands are; anything else is None."""
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text, re.ASCII):
        text = text.replace(",", "")
    if len(text) > LONGEST_NUMBER + 5 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


BLANK_OF_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))", re.ASCII)
BLANK_IN_NUMBER = re.compile(r"\d \d", re.ASCII)  # "30 60" may be two numbers


def _number_text(value):
    """Excel's floats carry dirt in the last places (2856.0000000000005): six places are kept."""
    if isinstance(value, float) and abs(value) < 10**LONGEST_NUMBER:
        return f"{value:.6f}".rstrip("0").rstrip(".")
    bare_text(value)  # Excel's error words
    text = BLANK_OF_THOUSANDS.sub("", clean_text(value))
    return text if BLANK_IN_NUMBER.search(text) else text.replace(" ", "")


def clean_number(value):
    """Any plain number: "1,280.5", 103.0 → Decimal."""
    text = _number_text(value)
    if text.lower() in BLANK_WORDS:
        return None
    number = as_number(text)
    if number is None:
        raise BadValueError(
            _("“%(value)s” is no number.") % {"value": text}, _("Write one number, such as 15."), "bad_number"
        )
    return number


UNIT_OF_LESSONS = re.compile(r"(个)?(课时|课次|课节|节课|次课|节次|节|次|课|讲)$")


def clean_credits(value):
    """Lesson credits: "48节", 48.0, "1.5课时" → Decimal. May be negative: lessons that are owed."""
    text = _number_text(value)
    if text.lower() in BLANK_WORDS:
        return None
    number = as_number(UNIT_OF_LESSONS.sub("", text))
    if number is None:
        raise BadValueError(
            _("“%(value)s” is no number of lessons.") % {"value": text},
            _("Write one number, such as 48."),
            "bad_credits",
        )
    if abs(number) >= 100_000 or number != round(number, 1):
        raise BadValueError(
            _("“%(value)s” cannot be a number of lessons.") % {"value": text},
            _("Write one number, such as 48 or 1.5."),
            "bad_credits",
        )
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def clean_count(value):
    """A whole number of seats, lessons or minutes: "15人", "90分钟" → int."""
    text = re.sub(r"(个)?(人|名|位|座|分钟|课时|课次|节课|次课|节|次|讲)$", "", _number_text(value))
    if text.lower() in BLANK_WORDS:
        return None
    number = as_number(text)
    if number is None or number != number.to_integral_value() or not 0 <= number < 1_000:
        raise BadValueError(
            _("“%(value)s” is no whole number.") % {"value": text},
            _("Write one number, such as 15."),
            "bad_count",
        )
    return int(number)


MONEY_MARKS = re.compile(r"^(人民币|rmb|cny|¥|￥)|(元整|块钱|元|圆|块|rmb|cny|yuan)$", re.IGNORECASE)


def clean_money(value):
    """ "¥3,060.50", "3060元", "0.3万" → integer fen."""
    text = _number_text(value)
    if text.lower() in BLANK_WORDS:
        return None
    bare = MONEY_MARKS.sub("", text)
    times = 10_000 if bare.endswith(("万", "w", "W")) else 1
    number = as_number(bare.rstrip("万wW") if times > 1 else bare)
    if number is None:
        raise BadValueError(
            _("“%(value)s” is no amount of money.") % {"value": text},
            _("Write one amount in yuan, such as 3060 or 3,060.50."),
            "bad_money",
        )
    return _fen(number * times, text)


def _fen(yuan, text):
    fen = yuan * 100
    if fen < 0 or fen != fen.to_integral_value() or fen >= 2**31:
        raise BadValueError(
            _("“%(value)s” cannot be an amount that was paid.") % {"value": text},
            _("Write the amount in yuan with at most two decimals; a refund does not belong here."),
            "bad_money",
        )
    return int(fen)
