"""Who is away when, and what becomes of the lessons."""

from datetime import timedelta

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from scheduling.models import TeacherAbsence
from scheduling.services import Cover

CANCEL, LEAVE = "cancel", "leave"
SHOWN = 3  # candidates a lesson; the best is always among them
LONGEST = timedelta(days=62)


class Period(TextChoices):
    TODAY = "today", pgettext_lazy("absence", "Today")
    TOMORROW = "tomorrow", pgettext_lazy("absence", "Tomorrow")
    BOTH = "both", pgettext_lazy("absence", "Today and tomorrow")
    DAYS = "days", pgettext_lazy("absence", "From – until")


class AbsenceForm(forms.Form):
    """Which teacher, which days. Sent by GET: it changes nothing yet."""

    teacher = forms.ModelChoiceField(User.objects.none(), label=_("Teacher"), empty_label=_("Who is away?"))
    period = forms.ChoiceField(choices=Period, label=_("When"))
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, teachers, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["teacher"].queryset = teachers
        self.fields["teacher"].widget.attrs |= {"class": "qx-select", "data-submit": True, "autofocus": True}
        for name in ("first", "last"):
            self.fields[name].widget.attrs |= {"class": "qx-select"}

    def clean(self):
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if data.get("period") == Period.DAYS and (not first or not last):
            raise forms.ValidationError(_("Choose the first and the last day."))
        if first and last and not first <= last <= first + LONGEST:
            raise forms.ValidationError(_("The last day lies before the first, or more than two months after it."))
        return data

    def days(self, today):
        """(first, last)."""
        tomorrow = today + timedelta(days=1)
        return {
            Period.TODAY: (today, today),
            Period.TOMORROW: (tomorrow, tomorrow),
            Period.BOTH: (today, tomorrow),
            Period.DAYS: (self.cleaned_data["first"], self.cleaned_data["last"]),
        }[self.cleaned_data["period"]]


class CoverForm(forms.Form):
    """One choice per lesson: a substitute, cancel it, or leave it open."""

    kind = forms.ChoiceField(choices=TeacherAbsence.Kind, initial=TeacherAbsence.Kind.ILL, label=_("Why"))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    keep_reason = forms.CharField(
        label=_("Do it all the same, because"), max_length=200, required=False, help_text=_("Needed only if refused.")
    )

    def __init__(self, *args, lessons, ranked, assigned, **kwargs):
        super().__init__(*args, **kwargs)
        self.lessons = lessons
        self.options = {pk: _options(ranked[pk], assigned[pk]) for pk in ranked}
        for lesson in lessons:
            best = assigned[lesson.pk]
            self.fields[f"lesson-{lesson.pk}"] = forms.ChoiceField(
                choices=[(value, value) for value, _candidate in self.options[lesson.pk]],
                initial=str(best.teacher.pk) if best else LEAVE,
                error_messages={
                    "required": _("This lesson was added meanwhile: choose what becomes of it."),
                    "invalid_choice": _("This teacher is not free any more: choose another one."),
                },
            )
            self.fields[f"version-{lesson.pk}"] = forms.IntegerField(initial=lesson.version, required=False)

    def rows(self):
        """(lesson, its field, its version as it was shown, [(value, candidate or None, is chosen)])."""
        for lesson in self.lessons:
            field = self[f"lesson-{lesson.pk}"]
            options = [(value, one, str(field.value()) == value) for value, one in self.options[lesson.pk]]
            yield lesson, field, self[f"version-{lesson.pk}"], options

    def covers(self):
        for lesson in self.lessons:
            choice = self.cleaned_data[f"lesson-{lesson.pk}"]
            if choice != LEAVE:
                substitute_id = None if choice == CANCEL else int(choice)
                yield Cover(lesson, substitute_id, self.cleaned_data[f"version-{lesson.pk}"])


def _options(candidates, best):
    shown = candidates[:SHOWN]
    if best and best not in shown:
        shown = [*shown[:-1], best]
    return [*((str(one.teacher.pk), one) for one in shown), (CANCEL, None), (LEAVE, None)]
