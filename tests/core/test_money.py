from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import share_of, yuan


@pytest.mark.parametrize(("fen", "text"), [(0, "¥0.00"), (5, "¥0.05"), (1280_00, "¥1,280.00"), (-150_50, "-¥150.50")])
def test_yuan_is_written_as_people_write_it(fen, text):
    assert yuan(fen) == text


@given(
    total_fen=st.integers(0, 10**9),
    halves=st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
def test_shares_add_up_however_the_parts_fall(total_fen, halves):
    whole = Decimal(sum(halves)) / 2
    parts = [Decimal(sum(halves[:count])) / 2 for count in range(len(halves) + 1)]

    due = [share_of(total_fen, part, whole) for part in parts]

    assert due == sorted(due)
    assert (due[0], due[-1]) == (0, total_fen)


def test_share_of_rounds_half_up():
    assert share_of(1, Decimal("0.5"), Decimal(1)) == 1
    assert share_of(1, Decimal("0.4"), Decimal(1)) == 0
