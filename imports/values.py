"""Cleaning of single cells: each function returns the value, None for an empty cell, or raises BadValueError.

Nothing is guessed: a cell that can be read in two ways is a problem for a person.
"""

import datetime
import re
import unicodedata
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from imports.problems import BadValueError

# What people write into a cell that has no value.
BLANK_WORDS = frozenset(
    ["", "-", "--", "---", "—", "——", "/", "\\", ".", "无", "暂无", "没有", "空", "未知", "不详", "待定", "未填"]
    + ["n/a", "na", "null", "none", "nan", "nil", "?", "??"]
)
EXCEL_ERRORS = frozenset(["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!"])
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
CJK = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BLANK_BESIDE_CJK = re.compile(rf"(?<=[{CJK}·]) +| +(?=[{CJK}·])")
LONGEST_NUMBER = 15  # digits; Excel itself keeps no more

# --- text ------------------------------------------------------------------------------------------------


def clean_text(value):
    """The cell as one line of text in NFKC; a whole number stored as 103.0 is "103"."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**LONGEST_NUMBER:
        value = int(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time.min:
        value = value.date()
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", str(value)))
    return " ".join(text.split())


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


def clean_name(value):
    """A person's name: no blanks inside a Chinese name, single blanks in a Latin one."""
    name = clean_label(value).strip("*'\"`’‘“” ")
    name = re.sub("[・•‧∙●]", "·", name)
    if name and not re.search(r"[^\W\d_]", name):
        raise BadValueError(
            _("“%(value)s” is no name.") % {"value": name}, _("Write the person's name."), "bad_name"
        )
    return name


def split_list(value):
    """ "银州校区、清河校区" → two labels. """
    parts = re.split(r"[、,;/|&+\n]|以及|和(?=.*校区)", unicodedata.normalize("NFKC", str(value or "")))
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
    raise BadValueError(
        _("“%(value)s” is no gender.") % {"value": text}, _("Write 男 or 女."), "bad_gender"
    )


# --- numbers ---------------------------------------------------------------------------------------------


def _decimal(text):
    """A plain number, with commas only where thousands are; anything else is None."""
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text, re.ASCII):
        text = text.replace(",", "")
    if len(text) > LONGEST_NUMBER + 5 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _number_text(value):
    """Excel's floats carry dirt in the last places (2856.0000000000005): six places are kept."""
    if isinstance(value, float) and abs(value) < 10**LONGEST_NUMBER:
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return bare_text(value)


UNIT_OF_LESSONS = re.compile(r"(个)?(课时|课次|课节|节课|次课|节次|节|次|课|讲)$")


def clean_credits(value):
    """Lesson credits: "48节", 48.0, "1.5课时" → Decimal. May be negative: lessons that are owed."""
    text = _number_text(value)
    if text.lower() in BLANK_WORDS:
        return None
    number = _decimal(UNIT_OF_LESSONS.sub("", text))
    if number is None or isinstance(value, bool):
        raise BadValueError(
            _("“%(value)s” is no number of lessons.") % {"value": text},
            _("Write one number, such as 48."),
            "bad_credits",
        )
    if abs(number) >= 100_000 or number != round(number, 2):
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
    number = _decimal(text)
    if number is None or number != number.to_integral_value() or not 0 <= number < 100_000:
        raise BadValueError(
            _("“%(value)s” is no whole number.") % {"value": text},
            _("Write one number, such as 15."),
            "bad_count",
        )
    return int(number)


MONEY_MARKS = re.compile(r"^(人民币|rmb|cny|¥|￥)|(元整|块钱|元|圆|块|rmb|cny|yuan)$", re.IGNORECASE)


def clean_money(value):
    """ "¥3,060.50", "3060元", "0.3万" → integer fen. """
    text = _number_text(value)
    if text.lower() in BLANK_WORDS:
        return None
    bare = MONEY_MARKS.sub("", text)
    times = 10_000 if bare.endswith(("万", "w", "W")) else 1
    number = _decimal(bare.rstrip("万wW") if times > 1 else bare)
    if number is None or isinstance(value, bool):
        raise BadValueError(
            _("“%(value)s” is no amount of money.") % {"value": text},
            _("Write one amount in yuan, such as 3060 or 3,060.50."),
            "bad_money",
        )
    return _fen(number * times, text)


def _fen(yuan, text):
    fen = yuan * 100
    if fen < 0 or fen != fen.to_integral_value() or fen >= 10**11:
        raise BadValueError(
            _("“%(value)s” cannot be an amount that was paid.") % {"value": text},
            _("Write the amount in yuan with at most two decimals; a refund does not belong here."),
            "bad_money",
        )
    return int(fen)


# --- dates -----------------------------------------------------------------------------------------------

EXCEL_EPOCH = datetime.date(1899, 12, 30)  # day 0 of the 1900 system, its leap-year error included
SERIALS = range(18_264, 73_051)  # 1950-01-01 to 2100-01-01: a bare number outside is no date
YEARS = range(1900, 2101)
YEAR_FIRST = re.compile(r"(\d{4})[-/.年、](\d{1,2})[-/.月、](\d{1,2})[日号]?", re.ASCII)
COMPACT = re.compile(r"((?:19|20)\d{2})([01]\d)([0-3]\d)", re.ASCII)
TAIL = re.compile(r"[T ,]*(\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?\s*([(（]?(周|星期|礼拜)[一二三四五六日天][)）]?)?$", re.ASCII)


def clean_date(value):
    """The six shapes people write, Excel's own dates, and bare serial numbers of the 1900 system."""
    if isinstance(value, datetime.datetime):
        return _date(value.year, value.month, value.day, value)
    if isinstance(value, datetime.date):
        return _date(value.year, value.month, value.day, value)
    text = clean_text(value)
    bare_text(value)  # Excel's error words
    if text.lower() in BLANK_WORDS:
        return None
    text = TAIL.sub("", text).replace(" ", "").replace("。", ".")
    match = YEAR_FIRST.fullmatch(text) or COMPACT.fullmatch(text)
    if match:
        return _date(*map(int, match.groups()), text)
    return _date_from_serial(text)


def _date(year, month, day, shown):
    try:
        date = datetime.date(year, month, day)
    except ValueError:
        date = None
    if date is None or year not in YEARS:
        raise _bad_date(_("“%(value)s” is no day of the calendar.") % {"value": shown})
    return date


def _date_from_serial(text):
    number = _decimal(text) if re.fullmatch(r"\d{5}(\.\d+)?", text, re.ASCII) else None
    if number is not None and int(number) in SERIALS:
        return EXCEL_EPOCH + datetime.timedelta(days=int(number))
    raise _bad_date(_why_no_date(text) % {"value": text})


def _why_no_date(text):
    if re.fullmatch(r"\d{1,2}[-/.月]\d{1,2}[日号]?", text, re.ASCII):
        return _("“%(value)s” has no year.")
    if re.fullmatch(r"\d{4}([-/.年]\d{0,2}月?)?", text, re.ASCII):
        return _("“%(value)s” has no day.")
    if re.fullmatch(r"'?\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}[日号]?", text, re.ASCII):
        return _("“%(value)s” has a year of two digits.")
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}", text, re.ASCII):
        return _("“%(value)s” does not say which number is the month.")
    return _("“%(value)s” is no date.")


def _bad_date(reason):
    return BadValueError(reason, _("Write year, month and day, such as 2026-08-30."), "bad_date")


FOR_EVER = frozenset(["长期", "长期有效", "永久", "永久有效", "不限", "不限期", "无限期", "无期限", "不过期", "终身"])
PERIOD = re.compile(r"(.{8,}?)(?:至|到|~|—|--|–)(.{8,})|(\d{4}[./]\d+[./]\d+)-(\d{4}[./]\d+[./]\d+)")


def clean_last_day(value):
    """The last day of validity: a date, the end of "2026.9.1-2027.8.31", or None for "长期"."""
    if isinstance(value, str):
        text = clean_text(value).replace(" ", "")
        if text in FOR_EVER:
            return None
        period = PERIOD.fullmatch(text)
        if period:
            return _end_of(*[part for part in period.groups() if part])
        return clean_date(re.sub("^[至到]|[止前]$", "", text) if text else None)
    return clean_date(value)


def _end_of(first, last):
    start, end = clean_date(first), clean_date(last)
    if start and end and start <= end:
        return end
    raise _bad_date(_("“%(value)s” is no period: it ends before it begins.") % {"value": f"{first}-{last}"})


def clean_time_text(value):
    """A cell with a time of day, as text for the schedule: 08:30, 0.354166… and time(8, 30) alike."""
    if isinstance(value, datetime.datetime):
        value = value.time()
    if isinstance(value, datetime.timedelta):
        value = (datetime.datetime.min + value).time()
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and 0 < value < 1:
        minutes = round(value * 24 * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return bare_text(value)
