"""What people choose on the timetable and at the roll call."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.models import Attendance, TrialBooking
from scheduling.timetable import By, Span

ALL = "all"  # every branch of the person


class WeekForm(forms.Form):
    """What of the timetable is shown. Everything is optional; what cannot be read is left out."""

    branch = forms.ChoiceField(required=False)
    day = forms.DateField(required=False)
    by = forms.ChoiceField(choices=By, required=False)
    span = forms.ChoiceField(choices=Span, required=False)
    teacher = forms.IntegerField(required=False)
    room = forms.IntegerField(required=False)
    course = forms.IntegerField(required=False)
    student = forms.IntegerField(required=False)

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].choices = [(ALL, gettext_lazy("All branches"))] + [
            (str(branch.pk), branch.name) for branch in branches
        ]


class RollCallForm(forms.Form):
    """One choice per child and trial guest of the lesson, so nothing else can be sent.

    To begin with everybody is present, but for those who asked for leave.
    """

    CHOICES = [
        (status.value, status.label)
        for status in (
            Attendance.Status.PRESENT,
            Attendance.Status.LATE,
            Attendance.Status.LEAVE,
            Attendance.Status.ABSENT,
        )
    ]

    def __init__(self, *args, attendances, trials, **kwargs):
        super().__init__(*args, **kwargs)
        self.attendances, self.trials = attendances, trials
        for attendance in attendances:
            self.fields[f"child-{attendance.pk}"] = _status_field(attendance)
        for trial in trials:
            self.fields[f"trial-{trial.pk}"] = _trial_field(trial)

    def rows(self):
        return [(attendance, self[f"child-{attendance.pk}"]) for attendance in self.attendances]

    def statuses(self):
        """{attendance id: status} of everybody."""
        return {row.pk: self.cleaned_data[f"child-{row.pk}"] for row in self.attendances}

    def guests(self):
        return [(trial, self[f"trial-{trial.pk}"]) for trial in self.trials]

    def trial_statuses(self):
        """{trial id: status} of every guest."""
        return {trial.pk: self.cleaned_data[f"trial-{trial.pk}"] for trial in self.trials}


def _status_field(attendance):
    is_expected = attendance.status == Attendance.Status.EXPECTED
    initial = Attendance.Status.PRESENT if is_expected else attendance.status
    return _choice(attendance.enrolment.student.name, RollCallForm.CHOICES, initial)


def _trial_field(trial):
    came, stayed_away = TrialBooking.Status.CAME, TrialBooking.Status.NO_SHOW
    initial = came if trial.status == TrialBooking.Status.BOOKED else trial.status
    return _choice(trial.enquiry.child_name, [(one.value, one.label) for one in (came, stayed_away)], initial)


def _choice(child, choices, initial):
    missing = _("%(student)s has joined this lesson meanwhile: check the choice and send again.")
    return forms.ChoiceField(
        label=child,
        choices=choices,
        widget=forms.RadioSelect,
        initial=initial,
        error_messages={"required": missing % {"student": child}},
    )
