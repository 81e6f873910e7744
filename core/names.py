"""Chinese names: how they are cleaned, and found by their pinyin initials."""

import re
import unicodedata

from pypinyin import Style, lazy_pinyin


def initials(name):
    """The pinyin initials of a name, lower case: 田萍 → "tp"."""
    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda text: list(text[:1]))
    return "".join(letters).lower()[:20]


def clean_name(text):
    """NFKC, and no blanks inside a Chinese name; "田　萍 " → 田萍. Latin names keep single blanks."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    return name if name.isascii() else name.replace(" ", "")


def pinyin(name):
    """The whole name in pinyin, for a code or a user name: 银州校区 → "yinzhouxiaoqu"."""
    return re.sub(r"[^a-z0-9]", "", "".join(lazy_pinyin(name)).lower()) or "x"
