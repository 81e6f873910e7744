"""The funnel: by channel, owner, branch or course, on either basis."""

from collections import Counter
from functools import cached_property

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from core.clock import month_of
from renewals.rates.formulas import NO_RATE
from reports import words
from reports.children import Children
from reports.costs import costs_by
from reports.forms import BASES, BASIS_WORDS
from reports.funnel import STEPS, TREND, TRIALS, Funnel, chain
from reports.pace import contacts_until_signing, pace_of
from reports.periods import months_until
from reports.tables import Cell, Column, Table, chart, money, money_each, number, share, text
from reports.views.base import NONE, TablesView, column, heading

COUNTED = [*STEPS, *TRIALS]
NARROWING = ["leads", "valid", "booked", "came", "signed"]


class FunnelView(TablesView):
    title = pgettext_lazy("numbers", "Funnel")
    template_name = "reports/funnel.html"
    page = "numbers_funnel"
    dimensions = ("channel", "owner", "branch", "course")
    with_basis = True

    @cached_property
    def funnel(self):
        return Funnel(self.scope, self.form.chosen_basis)

    @cached_property
    def groups(self):
        return self.funnel.by(self.form.dimension)

    @cached_property
    def totals(self):
        return sum(self.groups.values(), Counter())

    @cached_property
    def before(self):
        """Of a month the trend knows it already."""
        period = self.scope.before.period
        known = next((counts for month, counts in self.trend if month == period), None)
        return known or Funnel(self.scope.before, self.form.chosen_basis).totals

    @cached_property
    def trend(self):
        months = months_until(self.scope.period, self.scope.today)
        return list(zip(months, self.funnel.by_month(months), strict=True))

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            basis=self.form.chosen_basis,
            basis_name=BASES[self.form.chosen_basis],
            basis_words=BASIS_WORDS[self.form.chosen_basis],
            steps=self.steps,
            **kwargs,
        )

    @property
    def steps(self):
        """Where it narrows: each step, its share of the one before, and of the first."""
        counts = [self.totals[figure] for figure in NARROWING]
        parts, whole = chain(counts)
        shares = [None, *(share(*pair) for pair in parts)]
        most = max(counts) or 1
        return {
            "rows": [
                {
                    "name": words.FUNNEL[figure].name,
                    "cell": number(count, self.link(figure)),
                    "share": one,
                    "figure": figure,
                    "width": round(100 * count / most),
                }
                for figure, count, one in zip(NARROWING, counts, shares, strict=True)
            ],
            "whole": share(*whole),
        }

    @cached_property
    def cards(self):
        """The figures that have a comparison with the period before."""
        return [
            {
                "name": words.FUNNEL[figure].name,
                "cell": number(self.totals[figure], self.link(figure)),
                "before": f"{self.before[figure]:,}",
                "figure": figure,
            }
            for figure in TREND
        ]

    @cached_property
    def chart(self):
        labels = [f"{month.first:%Y-%m}" for month, _counts in self.trend]
        figures = ("leads", "came", "signed")
        series = [(words.FUNNEL[figure].name, [counts[figure] for _month, counts in self.trend]) for figure in figures]
        return chart(labels, series)

    @cached_property
    def tables(self):
        return [self._counts(), self._rates(), self._by_month(), self._speed()]

    # --- the tables ---

    @cached_property
    def _lines(self):
        """[(name, counts, fen or None, what the links choose)], most leads first, and that of all together."""
        dimension, costs = self.form.dimension, self.costs
        names = self.names_of(dimension, self.groups | (costs or {}))
        counts = {key: self.groups.get(key, Counter()) for key in names}
        lines = [
            (names[key], counts[key], costs and costs.get(key), {"by": dimension, "group": key or NONE})
            for key in sorted(names, key=lambda key: (-counts[key]["leads"], names[key]))
        ]
        return lines, (pgettext("numbers", "All"), self.totals, costs and sum(costs.values()), {})

    @cached_property
    def costs(self):
        return costs_by(self.scope, self.form.dimension)

    def _table(self, title, name, told, cells):
        lines, total = self._lines
        return Table(
            title=title,
            name=name,
            columns=[heading(self.form.dimension), *map(column, told)],
            rows=[[text(line[0]), *cells(line)] for line in lines],
            total=[text(total[0]), *cells(total)],
            notes=[f"{BASES[self.form.chosen_basis]}: {BASIS_WORDS[self.form.chosen_basis]}"],
        )

    def _counts(self):
        def cells(line):
            _name, counts, _spent, chosen = line
            return [number(counts[figure], self.link(figure, **chosen)) for figure in COUNTED]

        return self._table(pgettext("numbers", "Counts"), "groups", [words.FUNNEL[figure] for figure in COUNTED], cells)

    def _rates(self):
        def cells(line):
            _name, counts, spent, chosen = line
            shares = [
                share(counts[part], counts[whole], self.link(part, **chosen))
                for _words, part, whole in words.RATES.values()
            ]
            return shares if self.costs is None else [*shares, *_costs(counts, spent)]

        told = [one for one, _part, _whole in words.RATES.values()]
        told += [] if self.costs is None else words.COSTS.values()
        return self._table(_("Rates and costs"), "rates", told, cells)

    def _by_month(self):
        columns = [column(words.FUNNEL[figure]) for figure in TREND]
        months = [
            [
                text(formats.date_format(month_of(month.first), "YEAR_MONTH_FORMAT")),
                *(number(counts[figure], self._link_of_month(figure, month)) for figure in TREND),
            ]
            for month, counts in self.trend
        ]
        return Table(
            title=_("By month"),
            name="months",
            columns=[Column(pgettext("calendar", "Month"), is_number=False), *columns],
            rows=months,
        )

    def _link_of_month(self, figure, month):
        return self.link(figure, period=f"{month.first:%Y-%m}", first=None, last=None)

    def _speed(self):
        """Response and referrals: of all groups together."""
        pace = pace_of(self.funnel, self.totals["valid"])
        middle = contacts_until_signing(self.funnel)
        here = Children(self.scope).number_at_start
        referred = self.totals["referred_signed"], self.totals["referred_leads"]
        valid, signed = self.link("valid"), self.link("signed")
        figures = [
            (words.PACE["median"], Cell(_duration(pace.median), pace.median, valid if pace.answered else "")),
            (words.PACE["within_hour"], share(pace.within_hour, pace.asked, valid)),
            (words.PACE["within_day"], share(pace.within_day, pace.asked, valid)),
            (words.PACE["contacts"], Cell(NO_RATE) if middle is None else Cell(f"{middle:g}", middle, signed)),
            (words.REFERRAL_A, share(referred[0], self.totals["signed"], self.link("referred_signed"))),
            (words.REFERRAL_B, share(referred[1], here, self.link("referred_leads"))),
        ]
        rows = [[text(one.name), cell, text(one.formula)] for one, cell in figures]
        return Table(
            title=_("Speed and referrals"),
            name="speed",
            columns=[
                Column(pgettext("numbers", "Figure"), is_number=False),
                Column(pgettext("numbers", "Value")),
                Column(pgettext("numbers", "Formula"), is_number=False),
            ],
            rows=rows,
        )


def _costs(counts, spent):
    """What was spent, and what one of each came to; of nothing noted nothing is known."""
    each = [money_each(spent, counts[figure]) for figure in ("leads", "came", "signed")]
    return [money(spent) if spent else Cell(NO_RATE), *each]


def _duration(waited):
    """As people say it: 35 minutes, 3.5 hours, 2.1 days."""
    if waited is None:
        return NO_RATE
    minutes = waited.total_seconds() / 60
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", round(minutes)) % {"n": round(minutes)}
    if minutes < 48 * 60:
        return _("%(n).1f hours") % {"n": minutes / 60}
    return _("%(n).1f days") % {"n": minutes / 60 / 24}
