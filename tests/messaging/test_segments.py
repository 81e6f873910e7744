"""How many parts an SMS is billed as: by hand, and as another counter says."""

import json
import sys
from pathlib import Path
from random import Random

import pytest

from messaging.segments import count_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" * 5, 2),  # the sign does not fit into the last septet of the first part
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("课" * 70, 1),
        ("课" * 71, 2),
        ("课" * 134, 2),
        ("课" * 135, 3),
        ("课" * 66 + "𠮷" + "课" * 65, 2),
        ("课" * 66 + "𠮷" + "课" * 66, 3),
        ("a" * 69 + "课", 1),
    ],
)
def test_parts_of_a_text(text, parts):
    assert count_parts(text) == parts


# --- against another counter -----------------------------------------------------------------------------

POOLS = {
    "basic": [*"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà"],
    "extension": [*"\f^{}\\[~]|€"],
    "chinese": [*"轻校提醒您的孩子明天八点半上课，地点：一号教室。（围棋）【】￥１２", "𠮷", "𡃁", "㐂"],
    "emoji": [
        "😀",
        "🎉",
        "👍🏽",
        "👨\u200d👩\u200d👧\u200d👦",
        "🇨🇳",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "🏳\ufe0f\u200d🌈",
        "☎",
    ],
    "combining": [
        *["e\u0301", "n\u0303", "a\u0308\u0301", "Z\u0351\u036b\u0343\u036a", "가", "\u1100\u1161\u11a8", "ก\u0e47"],
        *["\u200b", "\u00a0", "\r\n"],
    ],
}
MIXES = [
    *[["basic"], ["basic", "extension"], ["chinese"], ["basic", "chinese"], ["basic", "emoji"], ["chinese", "emoji"]],
    *[["basic", "combining"], list(POOLS)],
]
LENGTHS = [
    *[*range(1, 12), *range(60, 75), *range(125, 145), *range(150, 170), *range(195, 210), *range(295, 325)],
    *[460, 500],
]


def random_texts(number):
    """The same texts every time: counts.json belongs to them."""
    random = Random(22)
    for _text in range(number):
        signs = [sign for pool in random.choice(MIXES) for sign in POOLS[pool]]
        yield "".join(random.choices(signs, k=random.choice(LENGTHS)))


def test_ten_thousand_random_texts_count_as_with_twilios_own_calculator():
    """counts.json is what npm's sms-segments-calculator 1.3.0 says of these texts, by count.cjs beside it:

    npm install sms-segments-calculator@1.3.0
    python -m tests.messaging.test_segments | node tests/messaging/segments/count.cjs
    """
    counts = json.loads((Path(__file__).parent / "segments" / "counts.json").read_text())

    assert [count_parts(text) for text in random_texts(10_000)] == counts


if __name__ == "__main__":
    json.dump([*random_texts(10_000)], sys.stdout)
