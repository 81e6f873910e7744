"""Which days, which branches, by what, and on which basis the numbers are shown."""

import re
from datetime import date
from enum import StrEnum

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from core.clock import month_after, month_of
from renewals.rates.forms import EVERYWHERE, LONGEST, MONTHS_SHOWN, ScopeForm
from renewals.rates.formulas import Period, month_period
from reports.periods import quarter_period, quarter_value
from reports.scope import Scope

QUARTERS_SHOWN = 8


class Basis(StrEnum):
    """Never mixed: what happened in the days, or what became of those who asked in them."""

    EVENT = "event"
    COHORT = "cohort"


BASES = {
    Basis.EVENT: pgettext_lazy("basis of the numbers", "By what happened in the period"),
    Basis.COHORT: pgettext_lazy("basis of the numbers", "By who asked in the period"),
}
BASIS_WORDS = {
    Basis.EVENT: gettext_lazy(
        "What happened in the period, whenever the family had asked: a visit counts in the month of the visit."
    ),
    Basis.COHORT: gettext_lazy(
        "Of the families that asked in the period, what became of them until today: a visit counts in the month of "
        "the enquiry. The latest months still grow."
    ),
}


class NumbersForm(ScopeForm):
    """A month, a quarter or days of one's own; of a branch or of all. `dimensions`: {value: label} to divide by."""

    period = forms.ChoiceField(label=pgettext_lazy("numbers", "Period"), required=False)
    by = forms.ChoiceField(label=pgettext_lazy("numbers", "Divided by"), required=False)
    basis = forms.ChoiceField(
        label=pgettext_lazy("numbers", "Basis"), required=False, choices=[(key.value, BASES[key]) for key in Basis]
    )
    first = forms.DateField(label=gettext_lazy("from day"), required=False)
    last = forms.DateField(label=gettext_lazy("until day"), required=False)
    field_order = ["period", "branch", "by", "basis", "first", "last"]

    def __init__(self, data, *, branches, now, dimensions):
        super().__init__(data, branches=branches, now=now)
        self.dimensions = dimensions
        self.fields["by"].choices = list(dimensions.items())
        self.fields["period"].choices = self._periods()
        if len(self.branches) > 1:  # all of them first: that is what the page begins with
            self.fields["branch"].choices = [
                (EVERYWHERE, _("All branches")),
                *((str(one.pk), str(one)) for one in self.branches),
            ]
        for name in ("first", "last"):
            attrs = {"type": "date", "class": "qx-select", "aria-label": self.fields[name].label}
            self.fields[name].widget = forms.DateInput(attrs, format="%Y-%m-%d")

    def _periods(self):
        months = [month_after(month_of(self.today), -back) for back in range(MONTHS_SHOWN)]
        quarters = [month_after(quarter_period(self.today).first, -3 * back) for back in range(QUARTERS_SHOWN)]
        own = [("", _("Own days"))] if self.data.get("first") else []
        quarter_words = _("%(year)d, quarter %(quarter)d")
        return [
            *own,
            (
                pgettext("numbers", "Months"),
                [(f"{month:%Y-%m}", formats.date_format(month, "YEAR_MONTH_FORMAT")) for month in months],
            ),
            (
                pgettext("numbers", "Quarters"),
                [
                    (quarter_value(first), quarter_words % {"year": first.year, "quarter": (first.month + 2) // 3})
                    for first in quarters
                ],
            ),
        ]

    def clean(self):
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if bool(first) != bool(last):
            raise forms.ValidationError(_("Days of your own have a first and a last: choose both, or a month."))
        if first and not 0 <= (last - first).days < LONGEST:
            raise forms.ValidationError(_("The last day comes after the first, within a year: choose other days."))
        return data

    @property
    def shown_period(self):
        """The days of one's own when they are right, else what was chosen, else this month."""
        if self.is_valid() and self.cleaned_data.get("first"):
            return Period(self.cleaned_data["first"], self.cleaned_data["last"])
        return period_of(self.data.get("period")) or month_period(self.today)

    @property
    def branch_chosen(self):
        """None for all of them, as long as none was chosen; who has one branch sees that one."""
        chosen = str(self.data.get("branch") or "")
        only = self.branches[0] if len(self.branches) == 1 else None
        return next((one for one in self.branches if str(one.pk) == chosen), only)

    @property
    def dimension(self):
        chosen = self.data.get("by")
        return chosen if chosen in self.dimensions else next(iter(self.dimensions), None)

    @property
    def chosen_basis(self):
        chosen = self.data.get("basis")
        return Basis(chosen) if chosen in list(Basis) else Basis.EVENT

    def scope_for(self, user):
        chosen = self.branch_chosen
        branches = (chosen,) if chosen else tuple(self.branches)
        return Scope(user=user, branches=branches, period=self.shown_period, today=self.today)


def period_of(value):
    """2026-11 or 2026-Q4 as days; None for anything else."""
    if not value or not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2]|Q[1-4])", value):
        return None
    year, part = value.split("-")
    if part.startswith("Q"):
        return quarter_period(date(int(year), 3 * int(part[1]), 1))
    return month_period(date(int(year), int(part), 1))
