"""What the daily pages ask."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import Branch
from core.forms import TokenMixin
from core.names import clean_name
from core.phones import parse_phone
from scheduling.models import ClassGroup
from students.forms import CustomFieldsMixin
from students.models import Student
from students.relations import RELATIONS


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


class StudentForm(CustomFieldsMixin, TokenMixin):
    """A new child with the guardian who brought it."""

    custom_target = "student"

    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=None)
    phone = forms.CharField(label=gettext_lazy("Guardian's phone"), max_length=30)
    guardian_name = forms.CharField(label=gettext_lazy("Guardian's name"), max_length=50)
    relation = forms.ChoiceField(label=gettext_lazy("Relation"), choices=[(text, text) for text in RELATIONS])
    name = forms.CharField(label=gettext_lazy("Child's name"), max_length=50)
    gender = forms.ChoiceField(
        label=gettext_lazy("Gender"), choices=[("", "—"), *Student.Gender.choices], required=False
    )
    birth_date = forms.DateField(label=gettext_lazy("Date of birth"), required=False, widget=DateInput())

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autofocus": True}

    def clean_phone(self):
        return parse_phone(self.cleaned_data["phone"])

    def clean_name(self):
        return clean_name(self.cleaned_data["name"])

    def clean_guardian_name(self):
        return clean_name(self.cleaned_data["guardian_name"])

    def clean_birth_date(self):
        birth_date = self.cleaned_data["birth_date"]
        if birth_date and birth_date > timezone.localdate():
            raise ValidationError(_("The date of birth lies in the future: check the year."))
        return birth_date


class PhoneForm(forms.Form):
    """The number at which a guardian is reached, in place of the one that does not work."""

    phone = forms.CharField(label=gettext_lazy("Right number"), max_length=30)

    def __init__(self, *args, guardian, **kwargs):
        super().__init__(*args, **kwargs)
        self.guardian = guardian
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off", "autofocus": True}

    def clean_phone(self):
        phone = parse_phone(self.cleaned_data["phone"])
        if phone == self.guardian.phone:
            raise ValidationError(_("This is the number that we have: write the other one."))
        return phone


class PlaceForm(TokenMixin):
    """Into which class a child of an enrolment goes, and from when."""

    class_group = forms.ModelChoiceField(
        ClassGroup.objects.none(), label=gettext_lazy("Class"), widget=forms.RadioSelect, empty_label=None
    )
    joined_date = forms.DateField(label=gettext_lazy("First lesson from"), widget=DateInput())
    keep_reason = forms.CharField(
        label=gettext_lazy("Keep a clash because"),
        help_text=gettext_lazy("Only where the child already has a lesson then; it stays on the list until solved."),
        max_length=200,
        required=False,
    )

    def __init__(self, *args, class_groups, today, may_keep_clash, **kwargs):
        super().__init__(*args, **kwargs)
        if not may_keep_clash:
            del self.fields["keep_reason"]
        self.fields["class_group"].queryset = class_groups
        self.fields["joined_date"].initial = today
