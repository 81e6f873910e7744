"""Of which branch the forecast is, how it is divided, how far it looks, and which days are last term."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.clock import monday_of
from renewals.forecast.sets import Grouping
from renewals.rates.forms import LONGEST, ScopeForm
from renewals.rates.formulas import DAY, WINDOW, Period

HALF_YEAR = timedelta(days=182)
LONGEST_LOOK, USUAL_LOOK = 12, 8  # weeks


class ForecastForm(ScopeForm):
    """Without days, last term is the latest half year whose renewals can all be told: 30 days and more ago."""

    by = forms.ChoiceField(
        label=pgettext_lazy("forecast", "By"),
        choices=[
            (Grouping.COURSE.value, pgettext_lazy("forecast", "By course")),
            (Grouping.TEACHER.value, pgettext_lazy("forecast", "By class teacher")),
            (Grouping.OWNER.value, pgettext_lazy("forecast", "By owner of the renewal")),
        ],
        required=False,
    )
    weeks = forms.ChoiceField(label=pgettext_lazy("forecast", "Weeks"), required=False)
    first = forms.DateField(label=gettext_lazy("Last term from"), required=False)
    last = forms.DateField(label=gettext_lazy("Last term until"), required=False)
    field_order = ["branch", "by", "weeks", "first", "last"]

    def __init__(self, data, *, branches, now):
        super().__init__(data, branches=branches, now=now)
        self.fields["weeks"].choices = [
            (str(number), _("%(number)d weeks") % {"number": number})
            for number in range(USUAL_LOOK, LONGEST_LOOK + 1, 2)
        ]
        for name in ("first", "last"):
            attrs = {"type": "date", "class": "qx-select", "aria-label": self.fields[name].label}
            self.fields[name].widget = forms.DateInput(attrs, format="%Y-%m-%d")
        self.is_valid()  # a field with an error says so; what it says is not taken

    def clean(self):
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if bool(first) != bool(last):
            raise forms.ValidationError(_("Last term has a first and a last day: choose both, or neither."))
        if first and not 0 <= (last - first).days < LONGEST:
            raise forms.ValidationError(_("The last day comes after the first, within a year: choose other days."))
        return data

    @property
    def grouping(self):
        return Grouping(self.cleaned_data.get("by") or Grouping.COURSE)

    @property
    def grouping_label(self):
        return dict(self.fields["by"].choices)[self.grouping.value]

    @property
    def mondays(self):
        first, number = monday_of(self.today), int(self.cleaned_data.get("weeks") or USUAL_LOOK)
        return [first + timedelta(weeks=week) for week in range(number)]

    @property
    def last_term(self):
        if not self.errors and self.cleaned_data.get("first"):
            return Period(self.cleaned_data["first"], self.cleaned_data["last"])
        last = self.today - WINDOW - DAY
        return Period(last - HALF_YEAR + DAY, last)
