"""How many renewals are to come, and what money: plain values in, plain values out.

Expected is who runs out × the share of the same group that renewed last term. A group of fewer than five says little:
then its branch's share stands in, then that of all branches shown; without any there is no expectation, and the page
says so.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from core.clock import monday_of
from renewals.rates.formulas import percent_text

ENOUGH = 5  # children who were due last term, for a group to speak for itself


class Basis(StrEnum):
    """Whose last term an expectation rests on."""

    GROUP = "group"
    BRANCH = "branch"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class Hits:
    """Of so many who were due last term, so many renewed (R7)."""

    renewed: int = 0
    due: int = 0

    def __add__(self, other):
        return Hits(self.renewed + other.renewed, self.due + other.due)

    @property
    def share(self):
        return Fraction(self.renewed, self.due) if self.due else None

    @property
    def percent(self):
        return percent_text(self.share)


@dataclass(frozen=True)
class Cell:
    """Children of a group at a branch whose credits run out on a day, and what their next packages cost, in fen."""

    branch_id: int
    group_id: int | None
    day: date
    due: int
    unpriced: int  # of these, without a price that anybody knows
    money_minor: int


@dataclass(frozen=True)
class Expectation:
    """Of a group at a branch. `renewals` and `minor` are None without last term's rate."""

    branch_id: int
    group_id: int | None
    due: int
    unpriced: int
    money_minor: int
    own: Hits  # the group's last term
    basis: Basis
    hits: Hits  # the ones reckoned with

    @property
    def renewals(self):
        return None if self.hits.share is None else self.due * self.hits.share

    @property
    def minor(self):
        return None if self.hits.share is None else self.money_minor * self.hits.share


@dataclass(frozen=True)
class Sum:
    """Of a week, or of all: groups without a rate are due, and expected of nothing (`unrated`)."""

    due: int
    unrated: int
    renewals: Fraction
    minor: Fraction


def expectations(cells, hits):
    """One for each (branch, group) that has somebody due; `hits` is {(branch, group): Hits} of last term."""
    sums = defaultdict(lambda: [0, 0, 0])
    for cell in cells:
        for place, number in enumerate((cell.due, cell.unpriced, cell.money_minor)):
            sums[cell.branch_id, cell.group_id][place] += number
    return {
        key: Expectation(*key, *numbers, hits.get(key, Hits()), *basis_of(key, hits)) for key, numbers in sums.items()
    }


def basis_of(key, hits):
    """(Basis, Hits) for a (branch, group)."""
    own = hits.get(key, Hits())
    if own.due >= ENOUGH:
        return Basis.GROUP, own
    branch = sum((found for (branch_id, _group), found in hits.items() if branch_id == key[0]), Hits())
    if branch.due:
        return Basis.BRANCH, branch
    everybody = sum(hits.values(), Hits())
    return (Basis.ALL, everybody) if everybody.due else (Basis.NONE, everybody)


def by_week(cells, expected, mondays):
    """{monday: Sum} for each of the weeks, in order; what is due before the first stands in it."""
    found = defaultdict(list)
    for cell in cells:
        found[max(monday_of(cell.day), mondays[0])].append(cell)
    return {monday: _sum(found[monday], expected) for monday in mondays}


def total_of(sums):
    sums = list(sums)
    return Sum(*(sum(getattr(one, name) for one in sums) for name in ("due", "unrated", "renewals", "minor")))


def _sum(cells, expected):
    due, unrated, renewals, minor = 0, 0, Fraction(0), Fraction(0)
    for cell in cells:
        share = expected[cell.branch_id, cell.group_id].hits.share
        due += cell.due
        unrated += 0 if share is not None else cell.due
        renewals += cell.due * (share or 0)
        minor += cell.money_minor * (share or 0)
    return Sum(due, unrated, renewals, minor)


def tenth(number):
    """A number of expected renewals, half up to a tenth: 8.52 → "8.5"."""
    tenths = (Fraction(number) * 20 + 1) // 2
    return f"{tenths // 10}.{tenths % 10}"


def fen(number):
    """Expected money, half up to the fen."""
    return int((Fraction(number) * 2 + 1) // 2)
