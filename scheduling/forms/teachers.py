"""What people write down about a teacher."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch
from courses.models import Course
from scheduling.forms.calendar import day_field
from scheduling.models import AvailabilityWindow, StaffCheck

MOST_MINUTES = {"day": 24 * 60, "week": 7 * 24 * 60}


class TeacherFilterForm(forms.Form):
    """Which teachers are listed; what cannot be read is left out."""

    branch = forms.IntegerField(required=False)
    papers = forms.BooleanField(required=False)


def time_field(label, **more):
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **more)


class HoursForm(forms.ModelForm):
    start_time = time_field(pgettext_lazy("time", "From"))
    end_time = time_field(pgettext_lazy("time", "Until"))

    def clean(self):
        data = super().clean()
        start_time, end_time = data.get("start_time"), data.get("end_time")
        if start_time and end_time and end_time <= start_time:
            self.add_error("end_time", _("The end lies before the beginning."))
        return data


class WeeklyTimeForm(HoursForm):
    class Meta:
        model = AvailabilityWindow
        fields = ["weekday", "start_time", "end_time"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["weekday"].required = True


class DatedTimeForm(HoursForm):
    """Without times: not on this day at all."""

    day = day_field(pgettext_lazy("calendar", "Day"))

    class Meta:
        model = AvailabilityWindow
        fields = ["day", "start_time", "end_time"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("start_time", "end_time"):
            self.fields[name].required = False

    def clean(self):
        data = super().clean()
        if bool(data.get("start_time")) != bool(data.get("end_time")):
            self.add_error("end_time", _("Write both times, or neither: then the teacher is not there on this day."))
        return data


class TeachingFactsForm(forms.Form):
    minutes_a_day = forms.IntegerField(
        label=gettext_lazy("Most minutes a day"), required=False, min_value=1, max_value=MOST_MINUTES["day"]
    )
    minutes_a_week = forms.IntegerField(
        label=gettext_lazy("Most minutes a week"), required=False, min_value=1, max_value=MOST_MINUTES["week"]
    )
    certificate = day_field(gettext_lazy("Teaching certificate valid until"), required=False)
    record = day_field(gettext_lazy("Yearly record check valid until"), required=False)
    courses = forms.ModelMultipleChoiceField(
        Course.objects.none(),
        label=gettext_lazy("May teach"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("A course for which nobody is named may be taught by everybody."),
    )

    def __init__(self, *args, courses, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["courses"].queryset = self.known_courses = courses

    def facts(self):
        """As `set_teaching_facts` wants them."""
        data = self.cleaned_data
        return {
            "minutes_a_day": data["minutes_a_day"],
            "minutes_a_week": data["minutes_a_week"],
            "papers": {kind.value: data[kind.value] for kind in StaffCheck.Kind},
            "courses": list(data["courses"]),
            "known_courses": self.known_courses,
        }


class WorkForm(forms.Form):
    """Where a teacher works, from when and until when."""

    branch = forms.ModelChoiceField(Branch.objects.all(), label=gettext_lazy("Branch"))
    valid_from = day_field(gettext_lazy("From this day"), required=False)
    valid_until = day_field(gettext_lazy("Until this day"), required=False)

    def clean(self):
        data = super().clean()
        valid_from, valid_until = data.get("valid_from"), data.get("valid_until")
        if valid_from and valid_until and valid_until < valid_from:
            self.add_error("valid_until", _("The last day lies before the first."))
        return data


class TravelTimesForm(forms.Form):
    """A field for every two of `pairs`, each with the smaller id first; empty: no time is needed."""

    def __init__(self, *args, pairs, travel, **kwargs):
        super().__init__(*args, **kwargs)
        self.pairs = pairs
        for branch, other in pairs:
            self.fields[_name(branch, other)] = forms.IntegerField(
                label=f"{branch} – {other}",
                required=False,
                min_value=0,
                max_value=600,
                initial=travel.get((branch.pk, other.pk)),
            )

    def rows(self):
        """[(branch, fields to the branches before it)]: the half below the diagonal."""
        ordered = sorted({branch for pair in self.pairs for branch in pair}, key=lambda branch: branch.pk)
        for number, branch in enumerate(ordered):
            yield branch, [self[_name(other, branch)] for other in ordered[:number]]

    def minutes(self):
        return {(branch.pk, other.pk): self.cleaned_data[_name(branch, other)] for branch, other in self.pairs}


def _name(branch, other):
    return f"minutes-{branch.pk}-{other.pk}"
