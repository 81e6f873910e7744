"""What the page of changes can be narrowed down to."""

from django import forms
from django.utils.translation import gettext_lazy as _

from branches.models import Branch
from scheduling.models import TimetableChange


class ChangeFilterForm(forms.Form):
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("All kinds")), *TimetableChange.Kind.choices], required=False
    )

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        if len(branches) == 1:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.label}
        self.is_valid()  # what cannot be read filters nothing

    def narrow(self, changes):
        chosen = {name: self.cleaned_data.get(name) for name in self.fields}
        return changes.filter(**{name: value for name, value in chosen.items() if value})
