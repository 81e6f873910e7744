"""Single cells of a statement: titles, moments, money, numbers, names."""

import datetime
import re
import unicodedata
from decimal import Decimal, InvalidOperation

BLANKS = {"", "/", "-", "--", "—", "nan", "none"}
DAY = r"(20\d\d)(?:[-/.年]([01]?\d)[-/.月]([0-3]?\d)日?|([01]\d)([0-3]\d))"
TIME = r"([0-2]?\d)[:：时]?([0-5]\d)(?:[:：分]?([0-5]\d)(?:\.\d+)?)?秒?"
MOMENT = re.compile(rf"{DAY}(?:[T\s]*{TIME})?", re.ASCII)
EXCEL_EPOCH, EXCEL_DAYS = datetime.datetime(1899, 12, 30), (36_526, 73_051)  # 2000 to 2100  # noqa: DTZ001 wall clock
CLOCK = re.compile(TIME, re.ASCII)
MONEY = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
LARGEST = 2**31  # fen that the database holds


def text_of(value):
    """A cell as text, without what spreadsheets are kept from guessing with: WeChat's ` before, Alipay's tab after."""
    text = "" if value is None else str(value)
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    text = text.strip().lstrip("`'")
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return " ".join(text.split())


def title_of(value):
    """A title to compare by: half-width brackets, no spaces."""
    return unicodedata.normalize("NFKC", text_of(value)).replace(" ", "").lower()


def is_blank(value):
    return text_of(value).lower() in BLANKS


def moment_of(value):
    """(day, time of day or None) of a cell, or None where it holds no day."""
    if isinstance(value, float) and EXCEL_DAYS[0] <= value < EXCEL_DAYS[1]:  # a date that lost its format
        value = EXCEL_EPOCH + datetime.timedelta(seconds=round(value * 86_400))
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time.min
        return value.date(), None if midnight else value.time().replace(microsecond=0)
    if isinstance(value, datetime.date):
        return value, None
    match = MOMENT.fullmatch(text_of(value))
    return _moment(*match.groups()) if match else None


def _moment(year, month, day, bare_month, bare_day, *clock):
    try:
        told = None if clock[0] is None else datetime.time(*(int(part or 0) for part in clock))
        return datetime.date(int(year), int(month or bare_month), int(day or bare_day)), told
    except ValueError:
        return None


def clock_of(value):
    """The time of day of a cell; None where it holds none."""
    if isinstance(value, datetime.datetime):
        return value.time().replace(microsecond=0)
    if isinstance(value, datetime.time):
        return value.replace(microsecond=0)
    match = CLOCK.fullmatch(text_of(value).rpartition(" ")[2])
    try:
        return datetime.time(*(int(part or 0) for part in match.groups())) if match else None
    except ValueError:
        return None


def fen_of(value):
    """Money in fen; 0 of an empty cell, None where it holds no amount with at most two decimals."""
    if is_blank(value):
        return 0
    if isinstance(value, float) and abs(value - round(value, 2)) < 1e-6:  # a spreadsheet's 0.1 + 0.2
        value = round(value, 2)
    text = re.sub(r"[¥￥元,，\s]", "", unicodedata.normalize("NFKC", text_of(value))).replace("−", "-")
    if not MONEY.fullmatch(text):
        return None
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        return None
    return int(fen) if fen == fen.to_integral_value() and abs(fen) < LARGEST else None


def masked(name):
    """王小明 → 王**: enough to tell candidates apart, and no name."""
    name = "" if is_blank(name) else text_of(name)
    return name[0] + "**" if name else ""
