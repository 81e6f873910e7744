"""统一社会信用代码 (GB 32100-2015): 18 characters, the last of which proves the others."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z, which look like digits
SHAPE = re.compile(rf"[{CHARACTERS}]{{18}}")


def check_character(first):
    """The last character that belongs to the first 17."""
    total = sum(CHARACTERS.index(character) * pow(3, place, 31) for place, character in enumerate(first))
    return CHARACTERS[-total % 31]


def clean_credit_code(text):
    """As it is written officially: capitals, no blanks or hyphens."""
    return re.sub(r"[\s-]", "", text).upper()


def validate_credit_code(code):
    if not SHAPE.fullmatch(code):
        raise ValidationError(
            _("“%(code)s” is no credit code: it has 18 digits and capital letters, without I, O, S, V and Z."),
            params={"code": code},
        )
    if code[-1] != check_character(code[:-1]):
        raise ValidationError(
            _("“%(code)s” has a slip: its last character does not fit the others. Compare it with the licence."),
            params={"code": code},
        )
