"""Money is an integer number of fen (1/100 yuan), everywhere."""


def yuan(fen):
    """Fen as people write it: 128000 → "¥1,280.00"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def share_of(total_fen, part, whole):
    """The fen due after `part` of `whole`, rounded half up.

    Differences of these cumulative shares add up to `total_fen` exactly, however the parts fall.
    """
    return int((total_fen * part * 2 + whole) // (whole * 2))
