"""What a family gets back (退费): plain values in, plain values out; money in integer fen.

The articles are those of 法释〔2025〕4号, in force since 2025-05-01. Every figure keeps the numbers it was made of, so
that page and paper can show the working. Two readings are ours: B for gift lessons, and taking lessons served off in F.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from core.money import share_of

SOURCE = "法释〔2025〕4号"
DAYS_TO_WITHDRAW = 7  # article 14, counted from the day after the payment
DAYS_TO_ANSWER = 5  # working days


class Formula(StrEnum):
    CONTRACT = "contract"  # A
    SCHOOL = "school"  # B
    PARENT = "parent"  # C
    WALLET = "wallet"  # D
    TIME_CARD = "time_card"  # E
    SEVEN_DAYS = "seven_days"  # F
    FULL = "full"  # the days for a full refund that the contract names (GF-2021-2604)


class Cause(StrEnum):
    """Who ends the contract, and why."""

    SCHOOL = "school"
    PARENT = "parent"
    SEVEN_DAYS = "seven_days"


ARTICLES = {
    Formula.CONTRACT: "15",
    Formula.SCHOOL: "18",
    Formula.PARENT: "19–20",
    Formula.WALLET: "18",
    Formula.TIME_CARD: "22",
    Formula.SEVEN_DAYS: "14",
}
# What the law gives for a cause. Within seven days the rule for a consumer's cause still stands beside article 14.
STATUTORY = {
    Cause.SCHOOL: (Formula.SCHOOL,),
    Cause.PARENT: (Formula.PARENT,),
    Cause.SEVEN_DAYS: (Formula.SEVEN_DAYS, Formula.PARENT),
}
BY_CONTRACT = (Formula.FULL, Formula.CONTRACT)
# Nothing but what the family keeps may be taken off: fees, commission and penalties may not (article 15).
NOT_DEDUCTIBLE = ("手续费", "佣金", "提成", "违约金", "管理费", "服务费", "commission", "penalty", "handling")


@dataclass(frozen=True)
class Lot:
    """Lessons bought at one price. `arrears_minor` of that price was never paid.

    A lot `by_time` is a card for a period, whatever the number of lessons.
    """

    price_minor: int
    paid_credits: Decimal
    gift_credits: Decimal
    used_paid: Decimal
    used_gift: Decimal
    list_price_minor: int
    start_date: date
    expires_date: date | None = None
    arrears_minor: int = 0
    by_time: bool = False

    @property
    def used(self):
        return self.used_paid + self.used_gift

    @property
    def whole(self):
        return self.paid_credits + self.gift_credits

    @property
    def received_minor(self):
        return self.price_minor - self.arrears_minor


@dataclass(frozen=True)
class Terms:
    """What the contract grants beyond the law: all the money back until so many days after the first lesson day.

    Before that day nothing has been served, and every formula gives all of it back.
    """

    full_refund_days: int | None = None


@dataclass(frozen=True)
class Figure:
    """What one formula gives: price − what was served. `part` of `whole`, at `each_minor`, is what was served.

    A share of the price has no single price of its own: then `each_minor` is None.
    """

    formula: Formula
    amount_minor: int
    price_minor: int
    served_minor: int
    part: Decimal | int = 0
    whole: Decimal | int = 0
    each_minor: int | None = None

    @property
    def article(self):
        return ARTICLES.get(self.formula, "")


@dataclass(frozen=True)
class Deduction:
    """Materials that the family keeps, at their listed price, proved by a document."""

    name: str
    amount_minor: int
    document: str


@dataclass(frozen=True)
class Offer:
    """What a family gets for one lot: the best of what contract and law give, or more where the school is generous.

    `value_minor` leaves the lot: what was never paid is no longer asked for, the rest is `amount_minor` in money.
    """

    lot: Lot
    figures: dict[Formula, Figure]
    best: Figure
    chosen: Figure

    @property
    def value_minor(self):
        return self.chosen.amount_minor

    @property
    def forgiven_minor(self):
        return min(self.lot.arrears_minor, self.value_minor)

    @property
    def amount_minor(self):
        return self.value_minor - self.forgiven_minor


@dataclass(frozen=True)
class Total:
    """What is paid back in the end; deductions never make it less than nothing (article 20)."""

    offered_minor: int
    deducted_minor: int

    @property
    def amount_minor(self):
        return self.offered_minor - self.deducted_minor


def contract_unit(lot):
    """A: lessons served at the price agreed for one; gift lessons carry no money, unless there are no others."""
    used, whole = (lot.used_paid, lot.paid_credits) if lot.paid_credits else (lot.used, lot.whole)
    return _less_share(Formula.CONTRACT, lot.price_minor, used, whole)


def blended(lot):
    """B: the school's cause. Gift lessons are part of what the price bought (article 18)."""
    return _less_share(Formula.SCHOOL, lot.price_minor, lot.used, lot.whole)


def at_list_price(lot):
    """C: the consumer's cause. All lessons served, at the price before discounts; none without such a price."""
    if not lot.list_price_minor:
        return None
    served = share_of(lot.list_price_minor, lot.used, Decimal(1))
    return _less(Formula.PARENT, lot.price_minor, served, lot.used, each=lot.list_price_minor)


def of_wallet(*, topped_up_minor, gifted_minor, spent_minor):
    """D: a stored amount. What was spent came from money and gift in their proportion (article 18, second sentence)."""
    return _less_share(Formula.WALLET, topped_up_minor, spent_minor, topped_up_minor + gifted_minor)


def of_time_card(lot, ended_on):
    """E: the days left of all days; the day it ends on has been used. None without an end."""
    if lot.expires_date is None:
        return None
    days = (lot.expires_date - lot.start_date).days + 1
    used = min(max((ended_on - lot.start_date).days + 1, 0), days)
    return _less_share(Formula.TIME_CARD, lot.price_minor, used, days)


def within_seven_days(lot):
    """F: the principal, less the lessons served since, each at the price of a paid one (article 14 with 15)."""
    return _less_share(Formula.SEVEN_DAYS, lot.price_minor, lot.used, lot.paid_credits or lot.whole)


def full_refund(lot, terms, ended_on):
    """All of it, in the days after the first one that the contract names; else none."""
    if terms.full_refund_days is None or ended_on > lot.start_date + timedelta(days=terms.full_refund_days):
        return None
    return _less(Formula.FULL, lot.price_minor, 0)


def figures_of(lot, *, ended_on, terms):
    """{formula: figure} of all that can be computed for a lot of lessons."""
    found = [
        full_refund(lot, terms, ended_on),
        contract_unit(lot),
        blended(lot),
        at_list_price(lot),
        of_time_card(lot, ended_on),
        within_seven_days(lot),
    ]
    return {figure.formula: figure for figure in found if figure}


def entitled(lot, cause):
    """The formulas a family may call on: what the contract says and what the law gives; the better prevails.

    For a card by time the days count, whoever ends it.
    """
    if lot.by_time and lot.expires_date:
        return Formula.FULL, Formula.TIME_CARD
    return BY_CONTRACT + STATUTORY[cause]


def offer(lot, *, cause, ended_on, terms, generous=None):
    """The best for the family among what it may call on; with `generous`, what that formula gives if it is more."""
    figures = figures_of(lot, ended_on=ended_on, terms=terms)
    best = _best(figures, entitled(lot, cause))
    return Offer(lot, figures, best, chosen=max(best, figures.get(generous, best), key=_amount))


def total(offers, deductions=()):
    offered = sum(each.amount_minor for each in offers)
    return Total(offered, min(offered, sum(each.amount_minor for each in deductions)))


def spread(deducted_minor, amounts_minor):
    """How much of a deduction each amount bears, from the first on, none more than it is."""
    shares = []
    for amount in amounts_minor:
        shares.append(min(amount, deducted_minor))
        deducted_minor -= shares[-1]
    return shares


def interest(amount_minor, percent, days):
    """Simple interest of a year of 365 days, in fen."""
    return share_of(amount_minor, percent * max(days, 0), Decimal(36500))


def last_day_to_withdraw(paid_date, is_day_off):
    """The seventh day after the payment; when nobody works on it, the next working day (民法典 203)."""
    last = paid_date + timedelta(days=DAYS_TO_WITHDRAW)
    while is_day_off(last):
        last += timedelta(days=1)
    return last


def is_deductible(name):
    return not any(word in name.lower() for word in NOT_DEDUCTIBLE)


def shares_of_arrears(open_minor, prices_minor):
    """What is still owed of an order, shared out over its lots by price, to the fen."""
    whole, reached, shares = sum(prices_minor), 0, []
    for price in prices_minor:
        before, reached = reached, reached + price
        share = share_of(open_minor, reached, whole) - share_of(open_minor, before, whole) if whole else 0
        shares.append(share)
    return shares


def _best(figures, formulas):
    return max((figures[formula] for formula in formulas if formula in figures), key=_amount)


def _amount(figure):
    return figure.amount_minor


def _less_share(formula, price_minor, part, whole):
    """The price without the share of it that was served; of nothing, nothing can have been."""
    served = share_of(price_minor, part, whole) if whole else 0
    return _less(formula, price_minor, served, part, whole)


def _less(formula, price_minor, served_minor, part=0, whole=0, *, each=None):
    return Figure(formula, max(0, price_minor - served_minor), price_minor, served_minor, part, whole, each)
