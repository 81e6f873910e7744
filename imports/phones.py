"""Phone numbers as they stand in a school's book: cleaned to E.164, with what else the cell said."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from core.phones import REGION
from imports.problems import BadValueError
from imports.values import BLANK_WORDS, bare_text, clean_text

GAP = r"[\s\-.·()]*"
# A whole number only: eleven digits inside a longer run are no phone number.
CHINA = rf"(?:(?:\+|00)?86{GAP})?"
MOBILE = rf"{CHINA}0?1[3-9](?:{GAP}\d){{9}}"
LANDLINE = rf"{CHINA}\(?0\d{{2,3}}\)?{GAP}\d{{3,4}}{GAP}\d{{4}}(?:(?:-|转|ext)\d{{1,6}})?"
SERVICE = r"400[\s\-]*\d{3,4}[\s\-]*\d{3,4}"
ABROAD = r"\+(?!86)\d[\d\s\-]{6,17}\d"
NUMBER = re.compile(rf"(?<![\d+])(?:{MOBILE}|{LANDLINE}|{SERVICE}|{ABROAD})(?!\d)", re.ASCII)
BETWEEN = re.compile(r"[/、,;|]|或者?")
# Digits that belong to no number and to no word (电话1) make the cell doubtful: 13812345678 9.
DOUBTFUL = re.compile(r"[0-9]{3}|(?<![^\W0-9])[0-9](?![^\W0-9])")
EXTENSION = re.compile(r"(?:-|转|ext)\d{1,6}$", re.ASCII)
STRAY_QUOTES = re.compile("[’‘'`´\"“”＇]")
CAN_TAKE_SMS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


@dataclass(frozen=True, slots=True)
class Phone:
    number: str  # E.164
    can_sms: bool = True
    others: tuple[str, ...] = ()  # further numbers in the same cell
    note: str = ""  # what else stood there: 妈妈


def clean_phone(value):
    """The numbers of a cell, the first one as main; raises BadValueError when none is valid."""
    text = _text(value)
    if bare_text(text).lower() in BLANK_WORDS:
        return None
    numbers, notes = [], []
    for part in BETWEEN.split(text):
        found, rest = _split(part)
        numbers += found
        notes += [rest] if rest else []
    if not numbers:
        raise BadValueError(_why(text), _mend(text), "invalid_phone")
    first, *others = dict.fromkeys(numbers)
    return Phone(first, can_take_sms(first), tuple(others), " ".join(notes))


@lru_cache(maxsize=10_000)  # brothers and sisters, and children with two courses
def can_take_sms(number):
    return phonenumbers.number_type(phonenumbers.parse(number)) in CAN_TAKE_SMS


def looks_like_phone(value):
    try:
        return clean_phone(value) is not None
    except BadValueError:
        return False


def _text(value):
    """Numbers that Excel keeps as numbers are written out; quotes that force text are dropped."""
    text = STRAY_QUOTES.sub("", clean_text(value)).strip()
    power = re.fullmatch(r"(\d\.\d+)E\+?(\d{1,2})", text, re.IGNORECASE | re.ASCII)
    if power and len(power[1]) - 2 >= int(power[2]):  # only when no digit was lost
        return f"{Decimal(text):f}".split(".")[0]
    return text


def _split(part):
    """Numbers and words of one part; a part with doubtful digits has no number, and all of it is a word."""
    numbers = [_e164(match) for match in NUMBER.findall(part)]
    rest = NUMBER.sub(" ", part)
    if not all(numbers) or DOUBTFUL.search(rest):
        return [], part.strip()
    return numbers, _note(rest)


@lru_cache(maxsize=10_000)
def _e164(text):
    try:
        number = phonenumbers.parse(EXTENSION.sub("", text) if _has_extension(text) else text, REGION)
    except phonenumbers.NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if valid else ""


def _has_extension(text):
    """024-12345678-801 has one; 024-12345678 and 138-1234-5678 have none."""
    digits = re.sub(r"\D", "", text)
    return bool(re.search("转|ext", text)) or (digits.startswith("0") and len(digits) > 12)


def _note(text):
    return " ".join(re.sub(r"[()\[\]【】:/,;、|。.\-]+", " ", text).split())


def _why(text):
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if re.search(r"\dE\+?\d", text, re.IGNORECASE):
        return _("Excel shortened the number to “%(value)s”: its last digits are lost.") % {"value": text}
    if len(digits) in (7, 8) and digits[0] != "1":
        return _("“%(value)s” is a landline without its area code.") % {"value": text}
    if not digits:
        return _("“%(value)s” is no phone number.") % {"value": text}
    if digits.startswith("1") and len(digits) != 11:
        return _("“%(value)s” has %(count)d digits; a mobile number has 11.") % {
            "value": text,
            "count": len(digits),
        }
    return _("“%(value)s” is no valid phone number.") % {"value": text}


def _mend(text):
    if re.fullmatch(r"[2-9]\d{6,7}", text, re.ASCII):
        return _("Put the area code before it, such as 024-%(value)s.") % {"value": text}
    return _("Ask the family for the number and write its 11 digits.")
