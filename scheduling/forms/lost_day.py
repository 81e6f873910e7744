"""Which day is lost at which branch, why, and what becomes of the lessons."""

from datetime import timedelta

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch
from core.clock import local_date

OTHER = "other"


class Day(TextChoices):
    TODAY = "today", pgettext_lazy("lost day", "Today")
    TOMORROW = "tomorrow", pgettext_lazy("lost day", "Tomorrow")
    OTHER = OTHER, pgettext_lazy("lost day", "Another day")


class Reason(TextChoices):
    SNOW = "snow", pgettext_lazy("lost day", "Heavy snow")
    STORM = "storm", pgettext_lazy("lost day", "Storm or heavy rain")
    POWER = "power", pgettext_lazy("lost day", "Power cut")
    WATER = "water", pgettext_lazy("lost day", "No water or heating")
    ORDER = "order", pgettext_lazy("lost day", "By official order")
    OTHER = OTHER, pgettext_lazy("lost day", "Another reason")


class Made(TextChoices):
    """How the lessons are made good."""

    APPEND = "append", _("Each is added at the end of its class")
    MOVE = "move", _("They move to another day")


class DayForm(forms.Form):
    """Branch and day. Sent by GET: it changes nothing yet."""

    branch = forms.ModelChoiceField(Branch.objects.none(), label=_("Branch"), empty_label=None)
    when = forms.ChoiceField(choices=Day, label=_("When"))
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, branches, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["branch"].queryset = branches
        self.fields["branch"].widget.attrs |= {"class": "qx-select", "data-submit": True}
        self.fields["day"].widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": _("Day")}

    def clean(self):
        data = super().clean()
        if "branch" not in data or "when" not in data:
            return data
        today = local_date(self.now, data["branch"].time_zone)
        if data["when"] != Day.OTHER:
            data["day"] = today + timedelta(days=data["when"] == Day.TOMORROW)
        elif not data.get("day") or data["day"] < today:
            raise forms.ValidationError(_("Choose a day from today on: what was held is not touched."))
        return data


class LostDayForm(forms.Form):
    reason = forms.ChoiceField(choices=Reason, label=_("Why"), error_messages={"required": _("Say why.")})
    other = forms.CharField(max_length=100, required=False, label=_("Reason"))
    made = forms.ChoiceField(choices=Made, initial=Made.APPEND, label=_("The lessons"))
    to_day = forms.DateField(required=False)

    def clean(self):
        data = super().clean()
        if data.get("reason") == Reason.OTHER and not data.get("other"):
            raise forms.ValidationError(_("Write the reason: the families read it."))
        return data

    @property
    def reason_text(self):
        chosen = self.cleaned_data["reason"]
        return self.cleaned_data["other"] if chosen == Reason.OTHER else str(Reason(chosen).label)

    @property
    def chosen_day(self):
        """Where the lessons go; None when they are added at the end."""
        return self.cleaned_data["to_day"] if self.cleaned_data["made"] == Made.MOVE else None
