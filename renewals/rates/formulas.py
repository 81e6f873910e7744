"""The rates of renewal (续费率) R1–R7: plain values in, plain values out.

Schools count "the renewal rate" in several ways. Each has its formula here, and nowhere else; a page that shows a rate
also shows its code, its formula with the figures in it, numerator and denominator.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core.clock import last_day_of, month_of

NO_RATE = "–"  # of nobody: a rate of a denominator of zero is no number, and not 0 %
WINDOW = timedelta(days=30)  # before and after the day on which a renewal is due
PREPAID = timedelta(days=30)  # before a period begins: who pays then pays for it
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rate:
    """A rate with what it was made of. `terms` is the denominator as the formula writes it."""

    code: str
    numerator: int
    denominator: Fraction
    terms: str

    @property
    def share(self):
        """None when there is nobody to count."""
        return Fraction(self.numerator) / self.denominator if self.denominator > 0 else None

    @property
    def percent(self):
        return percent_text(self.share)

    @property
    def working(self):
        """18 ÷ (20 + 3 + 1 − 2) = 81.8 %"""
        return f"{self.numerator} ÷ {self.terms} = {self.percent}"


def percent_text(share):
    """Of a Fraction or None, to a tenth, half up: 9/11 → "81.8 %"."""
    if share is None:
        return NO_RATE
    tenths = (share * 2000 + 1) // 2
    return f"{tenths // 10:,}.{tenths % 10} %"


def at_start(*, renewed, start):
    """R1: renewals of the period ÷ children at its start."""
    return Rate("R1", renewed, Fraction(start), f"{start}")


def at_end(*, renewed, end):
    """R2: renewals of the period ÷ children at its end."""
    return Rate("R2", renewed, Fraction(end), f"{end}")


def on_average(*, renewed, start, end):
    """R3: renewals of the period ÷ the average of both."""
    return Rate("R3", renewed, Fraction(start + end, 2), f"(({start} + {end}) ÷ 2)")


def of_last_period(*, renewed, start, joined, transferred_in, transferred_out):
    """R4: of the last period's children, those who paid for this one."""
    denominator = Fraction(start + joined + transferred_in - transferred_out)
    return Rate("R4", renewed, denominator, f"({start} + {joined} + {transferred_in} − {transferred_out})")


def with_finishers(*, renewed, finished):
    """R5: renewals ÷ (renewals + those who finished)."""
    return Rate("R5", renewed, Fraction(renewed + finished), f"({renewed} + {finished})")


def promoted(*, moved_on, source):
    """R6 (升班率): children of a source course who go on in one that continues it ÷ all of them."""
    return Rate("R6", moved_on, Fraction(source), f"{source}")


def of_due(*, renewed, due):
    """R7: of those who were due, who paid again in time."""
    return Rate("R7", renewed, Fraction(due), f"{due}")


# --- periods ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """Local days, both included: a month, or a term between its dates."""

    first: date
    last: date

    @property
    def days(self):
        return (self.last - self.first).days + 1

    @property
    def is_month(self):
        return self == month_period(self.first)

    @property
    def before(self):
        """The month before a month; before a term as many days as it has."""
        last = self.first - DAY
        return month_period(last) if self.is_month else Period(last - timedelta(days=self.days - 1), last)


def month_period(day):
    return Period(month_of(day), last_day_of(month_of(day)))


# --- what the trade holds to be good ----------------------------------------------------------------------


@dataclass(frozen=True)
class Benchmark:
    """What is good, and what the best reach, in per cent, for children of a stage of schooling (云朵课堂)."""

    stage: str  # primary, junior, senior
    good: int
    best: int


BENCHMARKS = (Benchmark("primary", 75, 90), Benchmark("junior", 70, 85), Benchmark("senior", 50, 70))
BY_STAGE_OF_COURSE = {  # a course of compulsory education does not say whether it is for primary or junior school
    "compulsory": ("primary", "junior"),
    "senior_high": ("senior",),
}


def benchmarks_for(stage):
    """Those that fit the stage of a course; without a course all of them, for what has no stage none."""
    if stage is None:
        return BENCHMARKS
    return tuple(one for one in BENCHMARKS if one.stage in BY_STAGE_OF_COURSE.get(stage, ()))
