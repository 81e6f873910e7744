"""What is asked when somebody signs up: prefilled with all that the enquiry says."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.names import clean_name
from core.phones import parse_phone
from students.models import Enquiry, Student
from students.relations import RELATIONS

NEW = "new"
ASKED = ("child_name", "grade", "guardian_name", "phone")  # what the enquiry itself has


class SignUpForm(forms.ModelForm):
    """The phone is asked only where there is none; `which` only where the family has children here already."""

    which = forms.ChoiceField(label=gettext_lazy("Which child is it?"), widget=forms.RadioSelect)
    school = forms.CharField(label=gettext_lazy("School"), max_length=100, required=False)
    gender = forms.ChoiceField(
        label=gettext_lazy("Gender"), choices=[("", "—"), *Student.Gender.choices], required=False
    )
    birth_date = forms.DateField(
        label=gettext_lazy("Date of birth"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    relation = forms.ChoiceField(
        label=gettext_lazy("Relation"), choices=[("", "—"), *((text, text) for text in RELATIONS)], required=False
    )

    field_order = [
        "which",
        "phone",
        "child_name",
        "grade",
        "school",
        "gender",
        "birth_date",
        "guardian_name",
        "relation",
    ]

    class Meta:
        model = Enquiry
        fields = ASKED
        field_classes = {"phone": forms.CharField}

    def __init__(self, *args, family, **kwargs):
        """`family`: a function from a phone (E.164) to the children of that guardian whom the person may see."""
        super().__init__(*args, **kwargs)
        self.has_phone, self.family = bool(self.instance.phone), family
        self.fields["child_name"].label = gettext_lazy("Child's name")
        self.fields["guardian_name"].label = gettext_lazy("Guardian's name")
        if self.has_phone:
            del self.fields["phone"]
        else:
            self.fields["phone"].required = True
            self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autofocus": True}
        self._offer(self._children())

    def _children(self):
        if self.has_phone:
            return list(self.family(self.instance.phone))
        try:
            return list(self.family(parse_phone(self.data.get("phone", ""))))
        except ValidationError:
            return []

    def _offer(self, children):
        """The child of this name comes first to mind; who has typed a phone just now is asked once more."""
        if not children:
            del self.fields["which"]
            return
        choices = [*((str(child.pk), child.name) for child in children), (NEW, _("Another child, not here yet"))]
        self.fields["which"].choices = choices
        same = (str(child.pk) for child in children if child.name == self.instance.child_name)
        self.initial["which"] = next(same, NEW)

    def clean_child_name(self):
        return clean_name(self.cleaned_data["child_name"])

    def clean_guardian_name(self):
        return clean_name(self.cleaned_data["guardian_name"])

    def clean_phone(self):
        return parse_phone(self.cleaned_data["phone"])

    def clean_birth_date(self):
        birth_date = self.cleaned_data["birth_date"]
        if birth_date and birth_date > timezone.localdate():
            raise ValidationError(_("The date of birth lies in the future: check the year."))
        return birth_date

    def facts(self):
        """What `students.services.sign_up` takes. A child that is here keeps its name on the enquiry as it was."""
        facts = dict(self.cleaned_data)
        which = facts.pop("which", NEW)
        if which != NEW:
            facts["student"] = Student.objects.get(pk=which)
        return facts
