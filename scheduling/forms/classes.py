"""Opening a class, and changing its weekly times and its length."""

import re
from datetime import timedelta
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch, Room, User
from courses.models import Course
from scheduling.forms.lesson import LONGEST, SHORTEST, DateInput, TimeInput
from scheduling.models import ClassGroup, Weekday
from scheduling.proposals import Wish
from scheduling.services import NewClass, WeeklySlot
from scheduling.services.opening import overlapping_slots, propose_name

ROWS = 6  # weekly times in a form
MOST_LESSONS = 300
PROPOSAL = re.compile(r"(?P<teacher>\d+)\.(?P<room>\d+)(?P<times>(\.[0-6]-\d{4}-\d+)+)")


class SlotForm(forms.Form):
    """A weekly time; a row that is left empty is none."""

    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Weekday"),
        choices=[("", "—"), *Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    start_time = forms.TimeField(label=gettext_lazy("Begins at"), widget=TimeInput(format="%H:%M"), required=False)
    minutes = forms.IntegerField(
        label=pgettext_lazy("length", "Minutes"), min_value=SHORTEST, max_value=LONGEST, required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label

    def clean(self):
        data = super().clean()
        if self.is_given and data.get("start_time") is None and "start_time" not in self.errors:
            self.add_error("start_time", _("At what time?"))
        if not self.is_given and data.get("start_time") is not None:
            self.add_error("weekday", _("On which weekday?"))
        return data

    @property
    def is_given(self):
        return self.cleaned_data.get("weekday") is not None


class SeriesSlotForm(SlotForm):
    """A weekly time of a running class, with its own teacher and room."""

    teacher = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("Teacher"), required=False, empty_label=gettext_lazy("Class teacher")
    )
    room = forms.ModelChoiceField(
        Room.objects.none(), label=gettext_lazy("Room"), required=False, empty_label=gettext_lazy("No room")
    )

    def __init__(self, *args, teachers, rooms, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["teacher"].queryset, self.fields["room"].queryset = teachers, rooms


class BaseTimesFormSet(forms.BaseFormSet):
    def clean(self):
        if overlapping_slots(
            [WeeklySlot(row["weekday"], row["start_time"], row["minutes"] or 1) for row in self.given]
        ):
            raise ValidationError(_("Two of the weekly times overlap: a class meets once at a time."))

    @property
    def given(self):
        """The rows that were filled in, as far as they can be read."""
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and form.is_given]
        return [row for row in rows if row.get("start_time") is not None]


def _formset(form):
    return forms.formset_factory(form, formset=BaseTimesFormSet, extra=ROWS, max_num=ROWS)


TimesFormSet = _formset(SlotForm)
SeriesFormSet = _formset(SeriesSlotForm)


class ClassForm(forms.Form):
    """A new class. Name, minutes and capacity may be left out: the course and the room say them."""

    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=None)
    course = forms.ModelChoiceField(Course.objects.filter(is_active=True), label=gettext_lazy("Course"))
    name = forms.CharField(label=pgettext_lazy("class", "Name"), max_length=50, required=False)
    teacher = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Teacher"))
    room = forms.ModelChoiceField(
        Room.objects.none(), label=gettext_lazy("Room"), required=False, empty_label=gettext_lazy("No room")
    )
    first_date = forms.DateField(label=gettext_lazy("First day"), widget=DateInput(format="%Y-%m-%d"))
    lessons_total = forms.IntegerField(
        label=gettext_lazy("Number of lessons"), min_value=1, max_value=MOST_LESSONS, initial=24
    )
    capacity = forms.IntegerField(
        label=gettext_lazy("Seats"),
        min_value=1,
        max_value=500,
        required=False,
        help_text=gettext_lazy("As the room has."),
    )
    is_capacity_hard = forms.BooleanField(
        label=gettext_lazy("Never over-full"),
        required=False,
        help_text=gettext_lazy("Otherwise a full class takes one more, with a warning."),
    )
    level = forms.CharField(label=pgettext_lazy("class", "Level"), max_length=20, required=False)
    credits_per_lesson = forms.DecimalField(
        label=gettext_lazy("Credits per lesson"), min_value=0, max_digits=3, decimal_places=1, initial=Decimal(1)
    )
    keep_reason = forms.CharField(label=gettext_lazy("Reason to keep it all the same"), max_length=200, required=False)

    def __init__(self, *args, branches, today, **kwargs):
        """Teachers and rooms are those of the chosen branch, which is the first of `branches` to begin with."""
        super().__init__(*args, **kwargs)
        self.branches, self.today = list(branches), today
        chosen = str(self.data.get("branch") or self.initial.get("branch") or "")
        self.branch = next((one for one in self.branches if str(one.pk) == chosen), self.branches[0])
        self.initial = {"branch": self.branch.pk, "first_date": today + timedelta(days=1)} | self.initial
        self.fields["branch"].queryset = branches
        self.fields["teacher"].queryset = User.objects.teaching_at(self.branch)
        self.fields["room"].queryset = Room.objects.filter(branch=self.branch)
        self.fields["course"].widget.attrs["autofocus"] = True

    def clean_first_date(self):
        first_date = self.cleaned_data["first_date"]
        if first_date < self.today:
            raise ValidationError(_("The first day lies in the past: choose today or later."))
        return first_date

    def clean(self):
        data = super().clean()
        course, room = data.get("course"), data.get("room")
        data["name"] = data.get("name") or (propose_name(self.branch, course) if course else "")
        if ClassGroup.objects.filter(branch=self.branch, name=data["name"]).exists():
            self.add_error("name", _("This branch has a class of this name already."))
        if data.get("capacity") is None and "capacity" not in self.errors:
            data["capacity"] = room.capacity if room else None
            if not room:
                self.add_error("capacity", _("How many seats has the class? Without a room nobody else says it."))
        return data

    def new_class(self, times):
        """What was filled in, as the NewClass that is opened."""
        data = self.cleaned_data
        names = ["branch", "course", "name", "teacher", "first_date", "lessons_total", "capacity"]
        names += ["is_capacity_hard", "level", "credits_per_lesson"]
        slots = [
            WeeklySlot(weekday, start, minutes, data["teacher"], data["room"])
            for weekday, start, minutes in self.times_of(times)
        ]
        return NewClass(slots=tuple(slots), **{name: data[name] for name in names})

    def times_of(self, times):
        minutes = self.cleaned_data["course"].minutes
        return tuple((row["weekday"], row["start_time"], row["minutes"] or minutes) for row in times.given)

    def wish(self, times):
        """What is known so far, for proposals; None while it is too little."""
        data = self.cleaned_data
        if not all(data.get(name) for name in ("course", "first_date", "lessons_total")):
            return None
        return Wish(
            branch=self.branch,
            course=data["course"],
            minutes=data["course"].minutes,
            capacity=data.get("capacity") or 1,
            first_date=data["first_date"],
            lessons_total=data["lessons_total"],
            teacher=data.get("teacher"),
            room=data.get("room"),
            slots=self.times_of(times),
        )


def filled_with(data, key):
    """The sent form with a Proposal's teacher, room and times in it; as it was when the key is none."""
    match = PROPOSAL.fullmatch(key)
    if not match:
        return data
    data = data.copy()
    data["teacher"], data["room"] = match["teacher"], match["room"]
    rows = [row.split("-") for row in match["times"].strip(".").split(".")] + [["", "", ""]] * ROWS
    for number, (weekday, start, minutes) in enumerate(rows[:ROWS]):
        values = {"weekday": weekday, "start_time": f"{start[:2]}:{start[2:]}" if start else "", "minutes": minutes}
        for name, value in values.items():
            data[f"times-{number}-{name}"] = value
    return data


class SeriesForm(forms.Form):
    """From when on a class meets at other times. `state`: the lessons as the person saw them."""

    from_date = forms.DateField(label=gettext_lazy("From this day on"), widget=DateInput(format="%Y-%m-%d"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)
    keep_reason = forms.CharField(label=gettext_lazy("Reason to keep it all the same"), max_length=200, required=False)
    state = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, may_keep_clash, **kwargs):
        super().__init__(*args, **kwargs)
        if not may_keep_clash:
            del self.fields["keep_reason"]


class LengthForm(forms.Form):
    """How many lessons a class has in all. `state`: the lessons as the person saw them."""

    lessons_total = forms.IntegerField(label=gettext_lazy("Number of lessons"), min_value=1, max_value=MOST_LESSONS)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)
    state = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_length_%s", **kwargs)  # another form on its page has a reason, too


def times_initial(rules):
    """The weekly times of a class, as rows of a form."""
    return [
        {
            "weekday": rule.weekday,
            "start_time": rule.start_time,
            "minutes": rule.minutes,
            "teacher": rule.teacher_id,
            "room": rule.room_id,
        }
        for rule in sorted(rules, key=lambda rule: (rule.weekday, rule.start_time))
    ]


class DroppedForm(forms.Form):
    """Where a lesson was dropped on the timetable, when all that follow it are to go there."""

    weekday = forms.IntegerField(min_value=0, max_value=6)
    start_time = forms.TimeField()
    teacher = forms.IntegerField(required=False)
    room = forms.IntegerField(required=False)

    @property
    def given(self):
        return {name: value for name, value in self.cleaned_data.items() if value is not None}
