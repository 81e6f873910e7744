"""Moving and cancelling one lesson: what the board sends, and what people type on the lesson's page."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Room, User
from core.clock import moment
from scheduling.services import Then

SHORTEST, LONGEST = 10, 480  # minutes


class DateInput(forms.DateInput):
    input_type = "date"


class TimeInput(forms.TimeInput):
    input_type = "time"


class StandingChoiceField(forms.ModelChoiceField):
    """Most often the choice stays as it is: `standing` is at hand and not looked for again."""

    standing = None

    def to_python(self, value):
        if self.standing and str(value) == str(self.standing.pk):
            return self.standing
        return super().to_python(value)


class MoveForm(forms.Form):
    """Where a lesson is wanted, in the branch's wall-clock time. `version`: the lesson as the person saw it."""

    day = forms.DateField(label=pgettext_lazy("lesson", "Date"), widget=DateInput(format="%Y-%m-%d"))
    time = forms.TimeField(label=gettext_lazy("Begins at"), widget=TimeInput(format="%H:%M"))
    minutes = forms.IntegerField(label=pgettext_lazy("length", "Minutes"), min_value=SHORTEST, max_value=LONGEST)
    teacher = StandingChoiceField(label=gettext_lazy("Teacher"), queryset=None, empty_label=None)
    room = StandingChoiceField(
        label=gettext_lazy("Room"), queryset=None, required=False, empty_label=gettext_lazy("No room")
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    keep_reason = forms.CharField(label=gettext_lazy("Reason to keep it all the same"), max_length=200, required=False)

    def __init__(self, *args, lesson, place=None, **kwargs):
        """`place`: a lesson or an alternative whose time, teacher and room stand in the fields to begin with."""
        super().__init__(*args, initial=_initial(lesson, place or lesson), **kwargs)
        self.time_zone = lesson.branch.time_zone
        here = Q(pk__in=User.objects.teaching_at(lesson.branch).order_by().values("pk"))
        self.fields["teacher"].queryset = User.objects.filter(here | Q(pk=lesson.teacher_id)).order_by("name", "pk")
        self.fields["room"].queryset = Room.objects.filter(branch=lesson.branch_id).order_by("name")
        self.fields["teacher"].standing, self.fields["room"].standing = lesson.teacher, lesson.room

    def clean(self):
        wanted = super().clean()
        if {"day", "time", "minutes"} <= wanted.keys():
            wanted["starts_at"] = moment(wanted["day"], wanted["time"], self.time_zone)
            wanted["ends_at"] = wanted["starts_at"] + timedelta(minutes=wanted["minutes"])
        return wanted


def _initial(lesson, place):
    begins = place.starts_at.astimezone(ZoneInfo(lesson.branch.time_zone))
    return {
        "day": begins.date(),
        "time": begins.time(),
        "minutes": round((place.ends_at - place.starts_at).total_seconds() / 60),
        "teacher": place.teacher.pk,
        "room": place.room.pk if place.room else None,
        "version": lesson.version,
    }


class CancelForm(forms.Form):
    """Why a lesson does not take place, and what becomes of the number of lessons of its class."""

    reason = forms.CharField(
        label=pgettext_lazy("lesson", "Reason"),
        max_length=200,
        help_text=gettext_lazy("The families read it in their message."),
    )
    then = forms.ChoiceField(
        label=gettext_lazy("And then"), choices=Then, widget=forms.RadioSelect, initial=Then.APPEND
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
