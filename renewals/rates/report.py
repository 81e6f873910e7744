"""The seven rates of a period with the sets behind them: counted in SQL, in as many queries however many children."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import QuerySet

from renewals.rates import formulas
from renewals.rates.formulas import Period, Rate
from renewals.rates.scope import Scope, both, number_of, without
from renewals.rates.sets import (
    LastPeriod,
    count_due,
    due,
    ended_in_source,
    expanded_in_time,
    finished,
    learning_on,
    moved_on,
    renewed,
    renewed_in_time,
    still_running,
)

CODES = ("R7", "R1", "R2", "R3", "R4", "R5", "R6")  # the headline first


@dataclass(frozen=True)
class Counted:
    """A rate, and who is in its numerator and its denominator. R1–R3 count renewals of children outside, too."""

    rate: Rate
    numerator: QuerySet
    denominator: QuerySet

    @property
    def below(self):
        """How many are below the line; None for the average, which is of no children."""
        return None if self.rate.code == "R3" else int(self.rate.denominator)

    @property
    def inside(self):
        return both(self.numerator, self.denominator)

    @property
    def outside(self):
        """Renewed, and not among those who are counted below the line."""
        return without(self.numerator, self.denominator)

    @property
    def missing(self):
        return without(self.denominator, self.numerator)


@dataclass(frozen=True)
class Report:
    """The rates of a scope in a period. `today` is the branch's local day: windows that end later still run."""

    scope: Scope
    period: Period
    today: date

    @cached_property
    def lines(self):
        return [getattr(self, code.lower()) for code in CODES]

    @cached_property
    def r1(self):
        return Counted(
            formulas.at_start(renewed=self._renewed_number, start=self._start_number), self._renewed, self._start
        )

    @cached_property
    def r2(self):
        return Counted(formulas.at_end(renewed=self._renewed_number, end=self._end_number), self._renewed, self._end)

    @cached_property
    def r3(self):
        counts = {"start": self._start_number, "end": self._end_number}
        return Counted(
            formulas.on_average(renewed=self._renewed_number, **counts), self._renewed, self._start | self._end
        )

    @cached_property
    def r4(self):
        last = LastPeriod(self.scope, self.period)
        counts = {name: number_of(getattr(last, name)) for name in ("start", "transferred_in", "transferred_out")}
        joined = number_of(last.everybody) - counts["start"] - counts["transferred_in"]
        rate = formulas.of_last_period(renewed=number_of(last.numerator), joined=joined, **counts)
        return Counted(rate, last.numerator, last.denominator)

    @cached_property
    def r5(self):
        finishers = finished(self.scope, self.period)
        rate = formulas.with_finishers(renewed=self._renewed_number, finished=number_of(finishers))
        return Counted(rate, self._renewed, self._renewed | finishers)

    @cached_property
    def r6(self):
        source = ended_in_source(self.scope, self.period)
        went_on = moved_on(source, self.period)
        return Counted(formulas.promoted(moved_on=number_of(went_on), source=number_of(source)), went_on, source)

    @cached_property
    def r7(self):
        rate = formulas.of_due(renewed=self._due_numbers["renewed"], due=self._due_numbers["due"])
        return Counted(rate, renewed_in_time(self.due), self.due)

    @property
    def due(self):
        return due(self.scope, self.period)

    @property
    def expanded(self):
        return expanded_in_time(self.due)

    @cached_property
    def expansion(self):
        """扩科: of the same who were due."""
        return formulas.of_due(renewed=self._due_numbers["expanded"], due=self._due_numbers["due"])

    @property
    def running(self):
        """Due, not renewed, and still with days to do so: until they are over R7 is provisional."""
        return still_running(self.r7.missing, self.today)

    @property
    def running_number(self):
        return self._due_numbers["running"]

    @cached_property
    def _due_numbers(self):
        return count_due(self.due, self.today)

    @cached_property
    def settled(self):
        """R7 without those whose days are not over."""
        numbers = self._due_numbers
        return formulas.of_due(renewed=numbers["renewed"], due=numbers["due"] - numbers["running"])

    @cached_property
    def _renewed(self):
        return renewed(self.scope, self.period)

    @cached_property
    def _renewed_number(self):
        return number_of(self._renewed)

    @cached_property
    def _start(self):
        return learning_on(self.scope, self.period.first)

    @cached_property
    def _start_number(self):
        return number_of(self._start)

    @cached_property
    def _end(self):
        """At the end of a period that is running: today."""
        return learning_on(self.scope, min(self.period.last, max(self.today, self.period.first)))

    @cached_property
    def _end_number(self):
        return number_of(self._end)
