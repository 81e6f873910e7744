"""How a branch is known again: 清河 on a sheet is 清河校区 in a column."""

import re

from imports.books import PLACE


def branch_key(name):
    """银州校区 and 银州 are the same; 校区 alone stays as it is."""
    return re.sub(f"(?<=.){PLACE}$", "", name).casefold()
