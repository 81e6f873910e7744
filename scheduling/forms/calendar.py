"""What people write into a branch's calendar."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import CalendarDay, SchoolBreak, Weekday
from scheduling.models import Lesson

LONGEST = 366  # days of one entry
FIRST_DAY, LAST_DAY = pgettext_lazy("calendar", "First day"), pgettext_lazy("calendar", "Last day")


def day_field(label, **more):
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class ShownYearForm(forms.Form):
    """What of the calendar is shown; what cannot be read is left out."""

    branch = forms.IntegerField(required=False)
    year = forms.IntegerField(required=False, min_value=2004, max_value=2100)
    day = forms.DateField(required=False)


class CalendarDaysForm(forms.Form):
    """A day, or all days of a range, alike."""

    first_date = day_field(FIRST_DAY)
    last_date = day_field(LAST_DAY, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("What happens"), choices=CalendarDay.Kind, widget=forms.RadioSelect)
    runs_weekday = forms.TypedChoiceField(
        label=gettext_lazy("Whose timetable"),
        choices=[("", pgettext_lazy("calendar day", "Choose a weekday")), *Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=100)

    def clean(self):
        data = super().clean()
        first_date, last_date = data.get("first_date"), data.get("last_date") or data.get("first_date")
        if first_date and last_date < first_date:
            self.add_error("last_date", _("The last day lies before the first."))
        elif first_date and (last_date - first_date).days >= LONGEST:
            self.add_error("last_date", _("Enter at most a year at once."))
        runs = data.get("kind") == CalendarDay.Kind.RUNS_WEEKDAY
        if runs and data.get("runs_weekday") is None and "runs_weekday" not in self.errors:
            self.add_error("runs_weekday", _("Say which weekday's timetable runs on this day."))
        return data | {"last_date": last_date, "runs_weekday": data.get("runs_weekday") if runs else None}


class SchoolBreakForm(forms.ModelForm):
    first_date = day_field(FIRST_DAY)
    last_date = day_field(LAST_DAY)

    class Meta:
        model = SchoolBreak
        fields = ["name", "first_date", "last_date"]


class HitLessonsForm(forms.Form):
    """Some of the lessons that the calendar no longer has on their day, as the person saw them."""

    lessons = forms.ModelMultipleChoiceField(Lesson.objects.none(), widget=forms.MultipleHiddenInput)

    def __init__(self, *args, lessons, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["lessons"].queryset = lessons
