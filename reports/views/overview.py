"""The most important numbers on one page, each with its way to the page that explains it."""

from functools import cached_property

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from reports import words
from reports.children import Children
from reports.forms import BASES, BASIS_WORDS
from reports.funnel import TREND, Funnel
from reports.lessons import Taught
from reports.money import Ledger
from reports.periods import months_until
from reports.tables import Cell, Column, Table, chart, money, number, share, text
from reports.views.base import TablesView, column
from reports.views.money import credits


class NumbersView(TablesView):
    title = pgettext_lazy("reports", "Numbers")
    page = "numbers"
    with_basis = True

    @cached_property
    def trend(self):
        months = months_until(self.scope.period, self.scope.today)
        return list(zip(months, Funnel(self.scope, self.form.chosen_basis).by_month(months), strict=True))

    @property
    def cards(self):
        for figure, cell, page in self.figures:
            one = self._words(figure)
            url = f"{reverse(page)}?{self.address}"
            yield {"name": one.name, "cell": cell, "figure": figure, "formula": one.formula, "page": url}

    @cached_property
    def figures(self):
        """[(figure, cell, the page where it belongs)]."""
        funnel = Funnel(self.scope, self.form.chosen_basis).totals
        taught, fill = self._taught
        children, ledger = Children(self.scope).totals, self._ledger
        return [
            ("leads", number(funnel["leads"], self.link("leads")), "numbers_funnel"),
            ("came", number(funnel["came"], self.link("came")), "numbers_funnel"),
            ("signed", number(funnel["signed"], self.link("signed")), "numbers_funnel"),
            ("closing_rate", share(funnel["signed"], funnel["came"], self.link("signed")), "numbers_funnel"),
            ("enrolled_fill", share(fill["members"], fill["capacity"], self.link("members")), "numbers_lessons"),
            ("attended_fill", share(taught["taken"], taught["seats"], self.link("taken")), "numbers_lessons"),
            ("attendance_rate", share(taught["present"], taught["expected"], self.link("present")), "numbers_lessons"),
            ("consumed", credits(ledger["consumed"], self.link("consumed")), "numbers_money"),
            ("recognised", money(ledger["recognised"], self.link("recognised")), "numbers_money"),
            ("new", number(children["new"], self.link("new")), "numbers_money"),
            ("left", number(children["left"], self.link("left")), "numbers_money"),
            ("renewed", number(children["renewed"], self.link("renewed")), "numbers_money"),
        ]

    @property
    def _taught(self):
        taught = Taught(self.scope)
        return taught.totals, taught.fill_totals

    @property
    def _ledger(self):
        return Ledger(self.scope).totals

    @property
    def chart(self):
        labels = [f"{month.first:%Y-%m}" for month, _counts in self.trend]
        drawn = ("leads", "came", "signed")
        series = [(words.FUNNEL[one].name, [counts[one] for _month, counts in self.trend]) for one in drawn]
        return chart(labels, series)

    @cached_property
    def tables(self):
        return [self._figures_table(), self._months_table()]

    def _figures_table(self):
        rows = [
            [
                text(self._words(figure).name),
                Cell(cell.text, cell.value, cell.link, cell.working),
                self._formula(figure),
            ]
            for figure, cell, _page in self.figures
        ]
        columns = [
            Column(pgettext("numbers", "Figure"), is_number=False),
            Column(pgettext("numbers", "Value")),
            Column(pgettext("numbers", "Formula"), is_number=False),
        ]
        notes = [f"{BASES[self.form.chosen_basis]}: {BASIS_WORDS[self.form.chosen_basis]}"]
        return Table(title=_("All figures"), name="figures", columns=columns, rows=rows, notes=notes)

    def _months_table(self):
        rows = [
            [
                text(formats.date_format(month.first, "YEAR_MONTH_FORMAT")),
                *(number(counts[figure], self._link_of_month(figure, month)) for figure in TREND),
            ]
            for month, counts in self.trend
        ]
        first = Column(pgettext("calendar", "Month"), is_number=False)
        columns = [first, *(column(words.FUNNEL[figure]) for figure in TREND)]
        return Table(title=_("By month"), name="months", columns=columns, rows=rows)

    def _link_of_month(self, figure, month):
        return self.link(figure, period=f"{month.first:%Y-%m}", first=None, last=None)

    @staticmethod
    def _words(figure):
        return words.RATES[figure][0] if figure in words.RATES else words.FIGURES[figure]

    def _formula(self, figure):
        return text(self._words(figure).formula)
