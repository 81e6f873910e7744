"""How many segments a text is billed as: GSM-7 (160, or 153 each) or UCS-2 (70, or 67 each)."""

_GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENSION = set("\f^{}\\[~]|€")  # two septets each


def count_segments(text):
    """One character outside GSM-7, such as any Chinese one, makes the whole text UCS-2."""
    if set(text) <= _GSM_7 | _GSM_7_EXTENSION:
        return _fill([2 if char in _GSM_7_EXTENSION else 1 for char in text], alone=160, joined=153)
    return _fill([2 if ord(char) > 0xFFFF else 1 for char in text], alone=70, joined=67)


def _fill(widths, *, alone, joined):
    """Segments for characters of these widths; a character is never cut in two."""
    if sum(widths) <= alone:
        return 1
    segments, room = 1, joined
    for width in widths:
        if width > room:
            segments, room = segments + 1, joined
        room -= width
    return segments
