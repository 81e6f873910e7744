"""How many parts an SMS is billed as (3GPP TS 23.038 and 23.040).

A text whose characters all stand in the GSM 7-bit alphabet has 160 septets in one part, or 153 in each of several; the
header that joins them takes the rest. Characters of the extension table take two septets. A single other character,
such as any Chinese one, makes the whole text UCS-2: 70 units in one part, or 67 in each of several; what lies outside
the basic plane (rare characters of names, emoji) is a surrogate pair, two units. No part ends inside a sign: neither
between the halves of a pair or an escape, nor between a letter and its accent or the parts of an emoji.
"""

import regex

_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_SEPTETS = dict.fromkeys(_ALPHABET, 1) | dict.fromkeys(_EXTENSION, 2)
_SIGNS = regex.compile(r"[\r\n]|\X")  # grapheme clusters; the end of a line may be cut


def is_gsm(text):
    """Whether all of its characters stand in the GSM alphabet, which makes parts of 160 and not of 70."""
    return all(char in _SEPTETS for char in text)


def count_parts(text):
    """At least one, also of an empty text."""
    if is_gsm(text):
        return _parts([_SEPTETS[char] for char in text], single=160, joined=153)
    return _parts([len(sign.encode("utf-16-le")) // 2 for sign in _SIGNS.findall(text)], single=70, joined=67)


def _parts(units, *, single, joined):
    if sum(units) <= single:
        return 1
    parts = used = 0
    for unit in units:
        if parts == 0 or used + unit > joined:
            parts, used = parts + 1, 0
        used += unit
    return parts
