"""The branches side by side: the same figures of the same days, each by its own clock."""

from collections import Counter
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from reports import words
from reports.forms import BASES, BASIS_WORDS
from reports.funnel import Funnel
from reports.lessons import Taught
from reports.money import Ledger, total_of
from reports.tables import Table, chart, money, number, share, text
from reports.views.base import TablesView, column, heading
from reports.views.money import credits

COLUMNS = ["leads", "valid", "booked", "came", "signed"]
RATES = ["booking_rate", "visit_rate", "closing_rate", "trial_rate"]
TAUGHT = ["classes", "members", "enrolled_fill", "attended_fill", "attendance_rate", "make_up_rate"]


class BranchesView(TablesView):
    title = gettext_lazy("Branches side by side")
    page = "numbers_branches"
    with_basis = True

    @cached_property
    def funnel(self):
        return Funnel(self.scope, self.form.chosen_basis).by("branch")

    @cached_property
    def taught(self):
        found = Taught(self.scope).by("branch")
        for key, counts in Taught(self.scope).fill_by("branch").items():
            found.setdefault(key, Counter()).update(counts)
        return found

    @cached_property
    def ledger(self):
        return Ledger(self.scope).by("branch")

    @property
    def chart(self):
        asked = [self._of(self.funnel, branch)["leads"] for branch in self.scope.seen]
        signed = [self._of(self.funnel, branch)["signed"] for branch in self.scope.seen]
        series = [  # the first is drawn over the second
            (words.FUNNEL["signed"].name, signed),
            (words.FUNNEL["leads"].name, asked),
        ]
        return chart([str(branch) for branch in self.scope.seen], series, kind="bar", colours=(2, 0))

    @cached_property
    def tables(self):
        all_of_them = pgettext("numbers", "All")
        parts = [
            (_("Enquiries"), "funnel", self._funnel_row, [words.FUNNEL[one] for one in COLUMNS] + RATE_WORDS, True),
            (_("Classes and lessons"), "taught", self._taught_row, [words.LESSONS[one] for one in TAUGHT], False),
            (_("Consumption"), "money", self._money_row, [words.MONEY[one] for one in MONEY], False),
        ]
        return [
            Table(
                title=title,
                name=name,
                columns=[heading("branch"), *map(column, told)],
                rows=[[text(branch), *row(branch)] for branch in self.scope.seen],
                total=[text(all_of_them), *row(None)],
                notes=[f"{BASES[self.form.chosen_basis]}: {BASIS_WORDS[self.form.chosen_basis]}"] if has_basis else [],
            )
            for title, name, row, told, has_basis in parts
        ]

    @staticmethod
    def _of(groups, branch):
        """A branch's figures; of all of them without one."""
        return groups.get(branch.pk, Counter()) if branch else sum(groups.values(), Counter())

    def _link(self, figure, branch):
        return self.link(figure, branch=branch.pk) if branch else self.link(figure)

    def _funnel_row(self, branch):
        counts = self._of(self.funnel, branch)
        for figure in COLUMNS:
            yield number(counts[figure], self._link(figure, branch))
        for name in RATES:
            _words, part, whole = words.RATES[name]
            yield share(counts[part], counts[whole], self._link(part, branch))

    def _taught_row(self, branch):
        counts = self._of(self.taught, branch)
        for figure in ("classes", "members"):
            yield number(counts[figure], self._link(figure, branch))
        for part, whole in (("members", "capacity"), ("taken", "seats"), ("present", "expected"), ("made_up", "owed")):
            yield share(counts[part], counts[whole], self._link(part, branch))

    def _money_row(self, branch):
        figures = self.ledger.get(branch.pk, Counter()) if branch else total_of(self.ledger.values())
        yield credits(figures["consumed"], self._link("consumed", branch))
        yield money(figures["recognised"], self._link("recognised", branch))


MONEY = ["consumed", "recognised"]
RATE_WORDS = [words.RATES[name][0] for name in RATES]
