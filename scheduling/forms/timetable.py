"""What people choose on the timetable and at the roll call."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.models import Attendance
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

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].choices = [(ALL, gettext_lazy("All branches"))] + [
            (str(branch.pk), branch.name) for branch in branches
        ]


class RollCallForm(forms.Form):
    """One choice per child of the lesson, so nothing else can be sent. Everybody is present to begin with."""

    CHOICES = [
        (status.value, status.label)
        for status in (
            Attendance.Status.PRESENT,
            Attendance.Status.LATE,
            Attendance.Status.LEAVE,
            Attendance.Status.ABSENT,
        )
    ]

    def __init__(self, *args, attendances, **kwargs):
        super().__init__(*args, **kwargs)
        self.attendances = attendances
        for attendance in attendances:
            self.fields[f"child-{attendance.pk}"] = _status_field(attendance)

    def rows(self):
        return [(attendance, self[f"child-{attendance.pk}"]) for attendance in self.attendances]

    def statuses(self):
        """{attendance id: status} of everybody."""
        return {row.pk: self.cleaned_data[f"child-{row.pk}"] for row in self.attendances}


def _status_field(attendance):
    student = attendance.enrolment.student
    is_expected = attendance.status == Attendance.Status.EXPECTED
    missing = _("%(student)s has joined this lesson meanwhile: check the choice and send again.")
    return forms.ChoiceField(
        label=student.name,
        choices=RollCallForm.CHOICES,
        widget=forms.RadioSelect,
        initial=Attendance.Status.PRESENT if is_expected else attendance.status,
        error_messages={"required": missing % {"student": student}},
    )
