"""Text for a terminal, where a Chinese character is two columns wide."""

import unicodedata


def table(head, rows):
    """Lines with aligned columns."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(_pad, row, widths)).rstrip() for row in cells)


def _pad(text, width):
    return text + " " * (width - _width(text))


def _width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
