"""What a person types in the evening: the cash counted, and why something is as it is."""

from datetime import date

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch
from core.forms import YuanField


class SignOffForm(forms.Form):
    seen = forms.CharField(widget=forms.HiddenInput, max_length=100)
    opening_cash = YuanField(
        label=_("Change in the drawer this morning"), help_text=_("As it was left the evening before.")
    )
    counted_cash = YuanField(label=_("Cash counted now"), help_text=_("All notes and coins of the drawer."))
    note = forms.CharField(
        label=_("Note"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when the cash is off or something stays open."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ["opening_cash", "counted_cash"]:
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off", "data-fen": name}
        self.fields["counted_cash"].widget.attrs["autofocus"] = True

    @property
    def facts(self):
        """As `sign_off` takes them."""
        data = self.cleaned_data
        return {
            "seen": data["seen"],
            "opening_cash_minor": data["opening_cash"],
            "counted_cash_minor": data["counted_cash"],
            "note": data["note"].strip(),
        }


class TakeBackForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class _BranchForm(forms.Form):
    branch = forms.ModelChoiceField(Branch.objects.none(), required=False, empty_label=None)

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.is_valid()  # a field with an error chooses nothing

    def chosen(self, name):
        return self.cleaned_data.get(name)


class DayForm(_BranchForm):
    """A branch and a day to go to."""

    day = forms.DateField(required=False)


class MonthForm(_BranchForm):
    """A branch and a month of its list."""

    month = forms.CharField(label=pgettext_lazy("calendar", "Month"), required=False)

    def clean_month(self):
        text = self.cleaned_data["month"]
        try:
            return date.fromisoformat(f"{text}-01") if text else None
        except ValueError as error:
            raise forms.ValidationError(_("Write the month as 2026-11.")) from error
