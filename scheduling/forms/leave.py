"""What people say when a child does not come, and who makes up where."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from branches.models import Branch
from courses.models import Course
from scheduling.models.absences import SHARES


class LeaveForm(forms.Form):
    """The reason; `share` only for who may decide otherwise than the policy."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    share = forms.TypedChoiceField(
        label=_("Decide otherwise"),
        choices=[("", _("As the policy says")), *SHARES],
        coerce=Decimal,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("For a sick note, say. Needs a reason."),
    )

    def __init__(self, *args, may_override, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].widget.attrs |= {"autofocus": True, "autocomplete": "off"}
        if not may_override:
            del self.fields["share"]


class MakeUpFilterForm(forms.Form):
    """What of the make-ups is listed. Everything is optional; what cannot be read is left out."""

    branch = forms.ModelChoiceField(Branch.objects.none(), required=False, empty_label=_("All branches"))
    course = forms.ModelChoiceField(Course.objects.all(), required=False, empty_label=_("All courses"))
    state = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        for name in ("branch", "course"):
            field = self.fields[name]
            field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.empty_label}
