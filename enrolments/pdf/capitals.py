"""Amounts in words, as Chinese receipts and contracts carry them (大写金额), so that no digit can be added."""

DIGITS = "零壹贰叁肆伍陆柒捌玖"
UNITS = ["", "拾", "佰", "仟"]
GROUPS = ["", "万", "亿", "万亿"]


def capital_amount(fen):
    """240050 → 人民币贰仟肆佰元伍角整; the form that banks ask for: every digit a word, 整 after 元 or 角."""
    sign = "负" if fen < 0 else ""
    yuan, (jiao, cents) = abs(fen) // 100, divmod(abs(fen) % 100, 10)
    whole = f"{_words(yuan)}元" if yuan else ""
    return f"人民币{sign}{whole}{_fraction(jiao, cents, has_yuan=bool(yuan))}"


def _fraction(jiao, cents, *, has_yuan):
    if not jiao and not cents:
        return "整" if has_yuan else "零元整"
    zero = "零" if has_yuan and not jiao else ""
    return zero + (f"{DIGITS[jiao]}角" if jiao else "") + (f"{DIGITS[cents]}分" if cents else "整")


def _words(number):
    """A positive whole number; one 零 for any row of zeros between digits, none at the end."""
    digits = str(number)
    words, is_zero_open, group_has_digit = "", False, False
    for place, digit in zip(range(len(digits) - 1, -1, -1), map(int, digits), strict=True):
        if digit:
            words += ("零" if is_zero_open else "") + DIGITS[digit] + UNITS[place % 4]
            group_has_digit = True
        is_zero_open = not digit
        if place % 4 == 0:
            words += GROUPS[place // 4] if group_has_digit else ""
            group_has_digit = False
    return words
