"""Chinese names: how they are cleaned, and found by their pinyin initials."""

import re
import unicodedata

INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
CJK = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BLANK_BESIDE_CJK = re.compile(rf"(?<=[{CJK}·]) +| +(?=[{CJK}·])")


def initials(name):
    """The pinyin initials of a name, lower case: 田萍 → "tp"."""
    from pypinyin import Style, lazy_pinyin  # a third of a second, which most processes need not spend

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda text: list(text[:1]))
    return "".join(letters).lower()[:20]


def clean_name(text):
    """NFKC, no blanks beside a Chinese character, one kind of middle dot: "田　萍 " → 田萍.

    Latin names keep single blanks.
    """
    name = " ".join(INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split())
    return re.sub("[・•‧∙●]", "·", BLANK_BESIDE_CJK.sub("", name)).strip("*'\"`’‘“” ")


def pinyin(name):
    """The whole name in pinyin, for a code or a user name: 银州校区 → "yinzhouxiaoqu"."""
    from pypinyin import lazy_pinyin

    return re.sub(r"[^a-z0-9]", "", "".join(lazy_pinyin(name)).lower()) or "x"
