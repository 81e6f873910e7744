"""A branch's day as a person closes it, and what of it moved after somebody signed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from core.clock import day_bounds
from day_close.money import NO_MONEY, by_method, movements_of, orders_of, taken_back_later
from day_close.todo import OpenLine, open_lines
from enrolments.models import Payment
from enrolments.reconciliation import PAYMENT


@dataclass(frozen=True)
class Figures:
    """What a sign-off freezes. `rows` are the ids of what moved, by their side: later ones are known as such."""

    methods: list
    orders: dict
    open: list
    rows: dict

    @classmethod
    def of(cls, branch, day, *, now):
        movements = movements_of(branch, day)
        rows = defaultdict(list)
        for movement in movements:
            rows[movement.side].append(movement.pk)
        lines = [[line.name, line.number] for line in open_lines(branch, day, now=now)]
        return cls(by_method(movements), orders_of(branch, day), lines, dict(rows))

    @property
    def lines(self):
        return [OpenLine(name, number) for name, number in self.open]

    @property
    def open_items(self):
        return sum(number for _name, number in self.open)

    @property
    def money(self):
        """Each method with its name; `is_money` is false of the wallet, which moves none."""
        return [
            row | {"name": Payment.Method(row["method"]).label, "is_money": row["method"] != NO_MONEY}
            for row in self.methods
        ]

    @property
    def totals(self):
        """Of the methods that move money, by column."""
        moved = [row for row in self.methods if row["method"] != NO_MONEY]
        columns = ("received_minor", "taken_back_minor", "paid_out_minor", "net_minor")
        return {column: sum(row[column] for row in moved) for column in columns}

    @property
    def cash_minor(self):
        """What the day's cash comes to: received, less taken back and paid out."""
        return next(row["net_minor"] for row in self.methods if row["method"] == Payment.Method.CASH)

    @property
    def mark(self):
        """Another one as soon as money moves: who counted while it did, counts again."""
        return f"{sum(map(len, self.rows.values()))}:{self.cash_minor}"


@dataclass(frozen=True)
class Change:
    """A movement that a sign-off does not know: of the same day, or one that took money of that day back later."""

    movement: object
    is_later_day: bool

    @property
    def at(self) -> datetime:
        return self.movement.at


def changes_since(close):
    """What has changed the money of a signed day."""
    signed = Figures(**close.figures)
    same_day = [
        Change(movement, is_later_day=False)
        for movement in movements_of(close.branch, close.day)
        if movement.pk not in signed.rows.get(movement.side, [])
    ]
    _start, end = day_bounds(close.day, close.branch.time_zone)
    later = taken_back_later(close.branch, signed.rows.get(PAYMENT, []), end)
    return [*same_day, *(Change(movement, is_later_day=True) for movement in later)]
