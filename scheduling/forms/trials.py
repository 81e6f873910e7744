"""How a trial was, and a trial lesson of its own."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, Room, User
from core.clock import moment
from scheduling.models import TrialBooking


class TrialResultForm(forms.Form):
    status = forms.ChoiceField(
        choices=[(status.value, status.label) for status in (TrialBooking.Status.CAME, TrialBooking.Status.NO_SHOW)]
    )
    note = forms.CharField(max_length=200, required=False)


class OwnTrialForm(forms.Form):
    """Day, hour, teacher and room of a lesson for trials alone; it lasts as long as the course's lessons."""

    day = forms.DateField(
        label=pgettext_lazy("calendar", "day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    teacher = forms.ModelChoiceField(User.objects.none(), label=_("Teacher"))
    room = forms.ModelChoiceField(Room.objects.none(), label=_("Room"), required=False, empty_label=_("No room"))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    is_confirmed = forms.BooleanField(widget=forms.HiddenInput, required=False)  # sent by the button that says so
    is_asked = False  # whether it must be: the child has a lesson then

    def __init__(self, *args, branch: Branch, **kwargs):
        super().__init__(*args, **kwargs)
        self.branch = branch
        self.fields["teacher"].queryset = User.objects.teaching_at(branch)
        self.fields["room"].queryset = Room.objects.filter(branch=branch)

    def starts_at(self):
        return moment(self.cleaned_data["day"], self.cleaned_data["time"], self.branch.time_zone)
