from django import forms
from django.forms.models import BaseInlineFormSet
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import local_date, month_after, month_of
from payroll.models import PayRate, PayScheme, PaySlip
from payroll.rules import Basis

BAND_FIELDS = ("from_lessons", "rate_minor", "from_minor", "percent")
MONTHS_SHOWN = 25  # this one, the next, and those before


class MonthField(forms.ChoiceField):
    """A month as people choose it; kept as its first day, written 2026-11 in addresses."""

    def __init__(self, *, today, **kwargs):
        months = [month_after(month_of(today), -back) for back in range(MONTHS_SHOWN)]
        choices = [(f"{month:%Y-%m}", formats.date_format(month, "YEAR_MONTH_FORMAT")) for month in months]
        self.by_value = {value: month for (value, _label), month in zip(choices, months, strict=True)}
        super().__init__(choices=choices, **kwargs)

    def clean(self, value):
        return self.by_value[super().clean(value)]


class MonthForm(forms.Form):
    """Which month of which branch; `data` may lack both: last month, of the first branch."""

    def __init__(self, data, *, branches, now):
        first = branches.first()
        today = local_date(now, first.time_zone if first else "Asia/Shanghai")
        usual = {"month": f"{month_after(month_of(today), -1):%Y-%m}", "branch": getattr(first, "pk", None)}
        super().__init__(usual | {name: value for name, value in data.items() if value})
        submits = {"class": "qx-select", "data-submit": ""}
        self.fields["month"] = MonthField(
            today=today, label=pgettext("calendar", "Month"), widget=forms.Select(submits)
        )
        self.fields["branch"] = forms.ModelChoiceField(
            branches, label=_("Branch"), empty_label=None, widget=forms.Select(submits)
        )
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label


class SeenForm(forms.Form):
    """What the person saw when they approved, in fen."""

    seen_minor = forms.IntegerField(widget=forms.HiddenInput)


def _differs(form, fields):
    """Whether a figure is another than it was: a sum counts as changed by its fields when it is written otherwise."""
    return any(form.cleaned_data.get(name) != form.initial.get(name) for name in fields)


def _refuse_paid(scheme):
    """A figure that has paid somebody stays: else approved months would come to something else today."""
    if scheme.pk and PaySlip.objects.paid_by(scheme).exists():
        raise forms.ValidationError(
            _(
                "Approved slips were paid by “%(scheme)s”, so its figures stay. Save it as a new one under another "
                "name, and give the teachers a rate from the day it holds."
            )
            % {"scheme": scheme}
        )


class PaySchemeForm(forms.ModelForm):
    class Meta:
        model = PayScheme
        fields = ("name", "basis")  # the admin adds the others

    def clean(self):
        if _differs(self, set(self.cleaned_data) - {"name"}):
            _refuse_paid(self.instance)
        return super().clean()


class PayTierFormSet(BaseInlineFormSet):
    """The bands fit the basis: lessons for one, what the lesson earned for another, none for the rest."""

    def clean(self):
        super().clean()
        filled = [form for form in self.forms if form.is_valid() and form.cleaned_data]
        if any(form.cleaned_data.get("DELETE") or _differs(form, BAND_FIELDS) for form in filled):
            _refuse_paid(self.instance)
        bands = [form.cleaned_data for form in filled if not form.cleaned_data.get("DELETE")]
        wanted = {Basis.TIERS: "from_lessons", Basis.REVENUE: "from_minor"}.get(self.instance.basis)
        if wanted and not bands:
            raise forms.ValidationError(_("This way of paying needs at least one band."))
        if any(wanted is None or band.get(wanted) is None for band in bands):
            raise forms.ValidationError(_("These bands do not belong to the way of paying that was chosen."))


class PayRateForm(forms.ModelForm):
    class Meta:
        model = PayRate
        fields = ("teacher", "branch", "course", "scheme", "valid_from", "valid_until")

    def clean(self):
        data = super().clean()
        if not {"teacher", "branch", "scheme", "valid_from"} <= data.keys():
            return data
        if data.get("course") and (data["scheme"].base_minor or data["scheme"].guaranteed_minor):
            self.add_error("course", _("A scheme with pay by the month holds for all courses: leave the course empty."))
        if other := self._overlapping(data):
            days = {"from": other.valid_from, "scheme": other.scheme}
            self.add_error(
                "valid_from",
                _("“%(scheme)s” holds from %(from)s on already. End it on the day before, then enter this one.") % days,
            )
        return data

    def _overlapping(self, data):
        account = PayRate.objects.for_account(
            teacher=data["teacher"], branch=data["branch"], course=data.get("course")
        ).exclude(pk=self.instance.pk)
        days = {"valid_from": data["valid_from"], "valid_until": data.get("valid_until")}
        return account.overlapping(**days).select_related("scheme").first()
