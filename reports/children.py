"""New, renewed and left: the children of a period, by the sets that the rates of renewal count with (人次)."""

from dataclasses import dataclass
from functools import cached_property

from enrolments.models import Enrolment
from renewals.rates.report import Report
from renewals.rates.scope import Scope as RateScope
from renewals.rates.scope import number_of, without
from renewals.rates.sets import learning_on
from reports.scope import Scope

FIGURES = ["start", "end", "new", "left", "renewed"]


@dataclass(frozen=True)
class Children:
    """A child in a subject counts once. `rows(figure)`: enrolments, of which several may be of the same pair."""

    scope: Scope

    @cached_property
    def report(self):
        return Report(RateScope(branch_ids=frozenset(self.scope.branch_ids)), self.scope.period, self.scope.today)

    def rows(self, figure):
        return self._sets[figure].filter(pk__in=self.scope.of(Enrolment.objects).values("pk"))

    @cached_property
    def totals(self):
        """Of the five sets two are counted out of the others: end = start + new − left."""
        numbers = {figure: number_of(self._sets[figure]) for figure in ("start", "end", "new", "renewed")}
        return numbers | {"left": numbers["start"] + numbers["new"] - numbers["end"]}

    @property
    def number_at_start(self):
        return number_of(self._sets["start"])

    @cached_property
    def _sets(self):
        scope = self.report.scope
        start = learning_on(scope, self.scope.period.first)
        end = learning_on(scope, self.scope.last_day)
        return {
            "start": start,
            "end": end,
            "new": without(end, start),
            "left": without(start, end),
            "renewed": self.report.r1.numerator,
        }
