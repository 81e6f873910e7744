"""What the pages of the custom fields ask."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.names import clean_name
from students.models import CustomChoice, CustomField

Kind = CustomField.Kind
TARGETS = {  # for whom: (is_for_student, is_for_enquiry)
    "both": (True, True),
    "enquiry": (False, True),
    "student": (True, False),
}
LONGEST_CHOICE = CustomChoice.label.field.max_length
MOST_CHOICES = 50


class CustomFieldForm(forms.Form):
    """A field, new or as it is. `locked`: there are values, so that the kind stays."""

    label = forms.CharField(label=pgettext_lazy("custom field", "Name"), max_length=CustomField.label.field.max_length)
    kind = forms.ChoiceField(
        label=pgettext_lazy("custom field", "Kind"),
        choices=Kind.choices,
        widget=forms.RadioSelect,
        initial=Kind.TEXT,
    )
    more_choices = forms.CharField(
        label=gettext_lazy("Choices"),
        help_text=gettext_lazy("One a line, in the order in which they are offered."),
        widget=forms.Textarea(attrs={"rows": 5}),
        required=False,
    )
    target = forms.ChoiceField(
        label=pgettext_lazy("custom field", "For"),
        choices=[
            ("both", gettext_lazy("Enquiries and students")),
            ("enquiry", gettext_lazy("Enquiries only")),
            ("student", gettext_lazy("Students only")),
        ],
        help_text=gettext_lazy("What both have is taken over when the child signs up."),
        initial="both",
    )
    help_text = forms.CharField(
        label=gettext_lazy("Help below the input"),
        help_text=gettext_lazy("Collect only what you need (Personal Information Protection Law)."),
        max_length=CustomField.help_text.field.max_length,
        required=False,
    )
    is_required = forms.BooleanField(
        label=gettext_lazy("Must be filled in"),
        help_text=gettext_lazy("Where staff fill in a form; imports and public forms do without."),
        required=False,
    )
    in_list = forms.BooleanField(
        label=gettext_lazy("Column of the lists"),
        help_text=gettext_lazy("Three or four columns fit on a screen."),
        required=False,
        initial=True,
    )
    is_filter = forms.BooleanField(label=gettext_lazy("Filter of the lists"), required=False, initial=True)

    def __init__(self, *args, field=None, locked=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial |= _facts_of(field) if field else {}
        self.fields["kind"].disabled = locked
        self.fields["label"].widget.attrs |= {"autofocus": True, "autocomplete": "off"}
        self.choices = list(field.choices.all()) if field else []
        if self.choices:
            self.fields["more_choices"].label = _("More choices")
        for choice in self.choices:
            self.fields |= _choice_inputs(choice)

    def choice_rows(self):
        """[(choice, its name, its place, whether it is offered)] as inputs."""
        return [(choice, *(self[name] for name in _choice_inputs(choice))) for choice in self.choices]

    def main_checks(self):
        return [self[name] for name in ("is_required", "in_list", "is_filter")]

    def clean_label(self):
        return clean_name(self.cleaned_data["label"])

    def clean_more_choices(self):
        lines = self.cleaned_data["more_choices"].splitlines()
        labels = list(dict.fromkeys(filter(None, map(clean_name, lines))))
        for label in labels:
            if len(label) > LONGEST_CHOICE:
                raise ValidationError(
                    _("“%(choice)s” is too long: write at most %(number)d characters.")
                    % {"choice": label, "number": LONGEST_CHOICE}
                )
        if len(labels) + len(self.choices) > MOST_CHOICES:
            raise ValidationError(
                _("More than %(number)d choices: nobody finds one among so many.") % {"number": MOST_CHOICES}
            )
        return labels

    @property
    def facts(self):
        """For the services: facts of the field."""
        data = self.cleaned_data
        is_for_student, is_for_enquiry = TARGETS[data["target"]]
        names = ("label", "kind", "help_text", "is_required", "in_list", "is_filter")
        return {name: data[name] for name in names} | {
            "is_for_student": is_for_student,
            "is_for_enquiry": is_for_enquiry,
        }

    @property
    def new_choices(self):
        """Of another kind the lines mean nothing."""
        return self.cleaned_data["more_choices"] if self.cleaned_data["kind"] == Kind.CHOICE else []

    @property
    def changed_choices(self):
        for choice in self.choices:
            label, position, offered = (self.cleaned_data[name] for name in _choice_inputs(choice))
            choice.label, choice.position, choice.is_active = clean_name(label), position, offered
        return self.choices


def _facts_of(field):
    target = next(name for name, flags in TARGETS.items() if flags == (field.is_for_student, field.is_for_enquiry))
    names = ("label", "kind", "help_text", "is_required", "in_list", "is_filter")
    return {"target": target} | {name: getattr(field, name) for name in names}


def _choice_inputs(choice):
    words = {"choice": choice.label}
    return {
        f"choice_{choice.pk}": forms.CharField(
            label=_("Name of the choice “%(choice)s”") % words, max_length=LONGEST_CHOICE, initial=choice.label
        ),
        f"choice_{choice.pk}_position": forms.IntegerField(
            label=_("Place of the choice “%(choice)s”") % words,
            min_value=0,
            max_value=999,
            initial=choice.position,
        ),
        f"choice_{choice.pk}_offered": forms.BooleanField(
            label=_("“%(choice)s” is offered") % words, required=False, initial=choice.is_active
        ),
    }


class StepForm(forms.Form):
    step = forms.ChoiceField(choices=[(step, step) for step in ("up", "down", "retire", "restore")])
