"""Lessons consumed, recognised revenue, and who is new, renewed or left."""

from decimal import Decimal
from functools import cached_property

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.clock import month_of
from enrolments.month import net_of
from reports import words
from reports.children import FIGURES, Children
from reports.money import Ledger, total_of
from reports.periods import buckets
from reports.tables import Cell, Column, Table, chart, money, number, share, text
from reports.views.base import NONE, TablesView, column, heading, of_days


class MoneyView(TablesView):
    title = gettext_lazy("Consumption and children")
    page = "numbers_money"
    dimensions = ("branch", "course")

    @cached_property
    def ledger(self):
        return Ledger(self.scope)

    @cached_property
    def groups(self):
        return self.ledger.by(self.form.dimension)

    @cached_property
    def totals(self):
        return total_of(self.groups.values())

    @cached_property
    def children(self):
        return Children(self.scope)

    @property
    def cards(self):
        numbers = self.children.totals
        yield _card("consumed", credits(self.totals["consumed"], self.link("consumed")))
        yield _card("recognised", money(self.totals["recognised"], self.link("recognised")))
        yield _card("new", number(numbers["new"], self.link("new")))
        yield _card("left", number(numbers["left"], self.link("left")))

    @cached_property
    def trend(self):
        by_day = self.ledger.by_day()
        points = [one for one in buckets(self.scope.period) if one.days.first <= self.scope.last_day]
        return [
            (one, total_of(figures for day, figures in by_day.items() if one.days.first <= day <= one.days.last))
            for one in points
        ]

    @property
    def chart(self):
        values = [float(figures["consumed"]) for _bucket, figures in self.trend]
        return chart([bucket.label for bucket, _figures in self.trend], [(words.MONEY["consumed"].name, values)])

    @cached_property
    def tables(self):
        return [self._consumption(), self._books(), self._children(), self._trend_table()]

    def _consumption(self):
        dimension = self.form.dimension
        names = self.names_of(dimension, self.groups)
        keys = sorted(names, key=lambda key: (-self.groups[key]["recognised"], names[key]))
        rows = [[text(names[key]), *self._figures(self.groups[key], by=dimension, group=key or NONE)] for key in keys]
        return Table(
            title=_("Consumption"),
            name="consumption",
            columns=[heading(dimension), *(column(words.MONEY[figure]) for figure in ("consumed", "recognised"))],
            rows=rows,
            total=[text(pgettext("numbers", "All")), *self._figures(self.totals)],
        )

    def _figures(self, figures, **chosen):
        yield credits(figures["consumed"], self.link("consumed", **chosen))
        yield money(figures["recognised"], self.link("recognised", **chosen))

    def _books(self):
        """As the month close reckons it; its page has the rows."""
        figures = ("received", "recognised", "refunded", "prepaid_change")
        books = self.ledger.books()
        rows = [
            [text(branch, self._month_page(branch)), *map(money, book_figures(books[branch.pk]))]
            for branch in self.scope.seen
        ]
        total = [sum(values) for values in zip(*map(book_figures, books.values()), strict=True)]
        return Table(
            title=_("Money, by branch"),
            name="books",
            columns=[heading("branch"), *(column(words.MONEY[figure]) for figure in figures)],
            rows=rows,
            total=[text(pgettext("numbers", "All")), *map(money, total)] if total else None,
        )

    def _month_page(self, branch):
        month = month_of(self.scope.period.first)
        if not self.scope.period.is_month or not self.request.user.has_perm("enrolments.view_monthclose", branch):
            return ""
        return reverse("month", args=[branch.pk, month.year, month.month])

    def _children(self):
        numbers = self.children.totals
        renewals = self.children.report.r7.rate
        rows = [
            [text(words.CHILDREN[figure].name), number(numbers[figure], self.link(figure)), _formula(figure)]
            for figure in FIGURES
        ]
        rows += [
            [
                text(words.CHILDREN[figure].name),
                share(numbers[part], numbers["start"], self.link(part)),
                _formula(figure),
            ]
            for figure, part in (("growth_rate", "new"), ("loss_rate", "left"))
        ]
        rows.append(
            [
                text(_("Renewal rate R7")),
                Cell(renewals.percent, renewals.percent, self._rates_page(), renewals.working),
                text(_("Of the children who were due in the period, who renewed in time.")),
            ]
        )
        columns = [
            Column(pgettext("numbers", "Figure"), is_number=False),
            Column(pgettext("numbers", "Value")),
            Column(pgettext("numbers", "Formula"), is_number=False),
        ]
        return Table(title=_("New, renewed and left"), name="children", columns=columns, rows=rows)

    def _rates_page(self):
        """The seven rates side by side, of the same days and branches."""
        if not self.request.user.has_perm("renewals.view_rates"):
            return ""
        period = self.scope.period
        days = f"first={period.first:%Y-%m-%d}&last={period.last:%Y-%m-%d}"
        return f"{reverse('renewal_rates')}?{days}&branch={self.form.branch_value}"

    def _trend_table(self):
        rows = [
            [text(bucket.label), *self._figures(figures, **of_days(bucket.days))]
            for bucket, figures in self.trend
            if any(figures.values())
        ]
        columns = [Column(pgettext("numbers", "From"), is_number=False)]
        columns += [column(words.MONEY[figure]) for figure in ("consumed", "recognised")]
        return Table(title=_("Over the days"), name="days", columns=columns, rows=rows)


def book_figures(movement):
    """(received, recognised, refunded, change of the prepaid money) in fen."""
    recognised = sum(figures["recognised_minor"] for figures in movement.by_package.values())
    refunded = sum(figures["refunded_minor"] for figures in movement.by_package.values())
    change = sum(net_of(figures) for figures in movement.by_package.values())
    return movement.received.total(), recognised, refunded, change


def credits(value, link=""):
    value = Decimal(value)
    return Cell(f"{value.normalize():,f}", value, link if value else "")


def _card(figure, cell):
    one = words.FIGURES[figure]
    return {"name": one.name, "cell": cell, "figure": figure, "formula": one.formula}


def _formula(figure):
    return text(words.CHILDREN[figure].formula)
