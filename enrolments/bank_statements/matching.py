"""Which line of a statement is which payment of ours: plain values in, pairs out.

Only what is certain is matched by itself: the same number and the same money; or the same money at about the same
time, when nothing else fits either of the two. Anything else is for a person, with the likeliest first.
"""

import datetime
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from heapq import nsmallest

WALLET_APP_WINDOW = datetime.timedelta(minutes=10)  # a QR payment is recorded while the family stands at the desk
BANK_DAYS = 1  # a transfer may arrive, or be written down, on the next day
SHORTEST_PART = 4  # signs of a number that are enough to speak for it
REFERENCE, TIME = "reference", "time"


@dataclass(frozen=True)
class Line:
    """A line that is open; `by_day` where only the day can be compared."""

    key: int
    amount_minor: int
    at: datetime.datetime
    day: datetime.date
    references: tuple[str, ...] = ()
    by_day: bool = False
    payer: str = ""


@dataclass(frozen=True)
class Item:
    """Money in our books that is open, above zero when it came in.

    `key` is what it is and its number there. `cancels` is the item that takes it back, or that it takes back:
    together they come to nothing. `about` is the order, the refund or the guardian that it belongs to.
    """

    key: tuple[str, int]
    amount_minor: int
    at: datetime.datetime
    day: datetime.date
    reference: str = ""
    payer: str = ""
    cancels: tuple[str, int] | None = None
    method: str = ""
    about: int = 0


@dataclass(frozen=True)
class Pair:
    line: Line
    item: Item
    rule: str


def match(lines, items):
    """The certain pairs; neither side occurs twice, and the order of what comes in changes nothing.

    What was recorded and taken back is looked at last, and its two halves are matched by time only together: it is
    in the statement when the family paid and got its money back, and not when somebody mistyped.
    """
    standing = [item for item in items if item.cancels is None]
    pairs = _certain(lines, standing)
    taken = {pair.line.key for pair in pairs}
    rest = [line for line in lines if line.key not in taken]
    again = _certain(rest, [item for item in items if item.cancels is not None])
    found = {pair.item.key for pair in again}
    return pairs + [pair for pair in again if pair.rule == REFERENCE or pair.item.cancels in found]


def _certain(lines, items):
    pairs = _by_reference(lines, items)
    taken_lines, taken_items = ({pair.line.key for pair in pairs}, {pair.item.key for pair in pairs})
    lines = [line for line in lines if line.key not in taken_lines]
    items = [item for item in items if item.key not in taken_items]
    return pairs + _by_time(lines, items)


def _by_reference(lines, items):
    by_number, wanted = defaultdict(list), defaultdict(list)
    for item in items:
        if number := _bare(item.reference):
            by_number[number, item.amount_minor].append(item)
    for line in lines:
        found = {item.key: item for number in line.references for item in by_number[_bare(number), line.amount_minor]}
        if len(found) == 1:
            (item,) = found.values()
            wanted[item].append(line)
    return [Pair(lines[0], item, REFERENCE) for item, lines in wanted.items() if len(lines) == 1]


def _by_time(lines, items):
    pairs = []
    for by_day in (True, False):
        buckets = defaultdict(lambda: ([], []))
        for line in lines:
            if line.by_day == by_day:
                buckets[line.amount_minor][0].append(line)
        for item in items:
            if item.amount_minor in buckets:
                buckets[item.amount_minor][1].append(item)
        for same_lines, same_items in buckets.values():
            pairs += _alone(same_lines, same_items, by_day)
    met = defaultdict(list)
    for pair in pairs:
        met[pair.item.key].append(pair)
    return [found[0] for found in met.values() if len(found) == 1]


def _alone(lines, items, by_day):
    """Pairs of equal money of which neither has another within the window; and no number speaks against it."""
    width = BANK_DAYS if by_day else WALLET_APP_WINDOW.total_seconds()
    place = (lambda one: one.day.toordinal()) if by_day else (lambda one: one.at.timestamp())
    lines, items = sorted(lines, key=place), sorted(items, key=place)
    line_places, item_places = [place(line) for line in lines], [place(item) for item in items]
    pairs = []
    for line, where in zip(lines, line_places, strict=True):
        first, last = _within(item_places, where, width)
        if last - first != 1:
            continue
        item = items[first]
        low, high = _within(line_places, item_places[first], width)
        if high - low == 1 and _agrees(line, item):
            pairs.append(Pair(line, item, TIME))
    return pairs


def _within(places, where, width):
    return bisect_left(places, where - width), bisect_right(places, where + width)


def _agrees(line, item):
    """No number was written down, the line tells none, or what was written is a part of one of the line's."""
    number = _bare(item.reference)
    numbers = [_bare(one) for one in line.references]
    return not number or not numbers or _is_part(number, numbers)


def _is_part(number, numbers):
    return len(number) >= SHORTEST_PART and any(one.endswith(number) or one.startswith(number) for one in numbers)


def _bare(number):
    return "".join(number.split()).upper()


def rank(line, items, limit=3):
    """Items that a person may match the line with, the likeliest first: only equal money comes into question."""
    equal = (item for item in items if item.amount_minor == line.amount_minor)
    return nsmallest(limit, equal, key=_unlikeness(line))


def _unlikeness(line):
    numbers = [_bare(one) for one in line.references]

    def unlikeness(item):
        number = _bare(item.reference)
        speaks = bool(number) and (number in numbers or _is_part(number, numbers))
        same_name = bool(line.payer) and line.payer[:1] == item.payer[:1]
        return (
            not speaks,
            item.cancels is not None,
            abs((item.day - line.day).days),
            not same_name,
            abs(item.at - line.at),
            item.key,
        )

    return unlikeness
