"""What the list of renewals can be narrowed down to, and how it is ordered."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course
from renewals.rules import Urgency, by_credits, by_name, by_run_out


class RenewalFilterForm(forms.Form):
    LOOKUPS = {"branch": "branch", "adviser": "student__adviser", "course": "course"}
    ORDERS = {"": by_run_out, "credits": by_credits, "name": by_name}
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )
    adviser = forms.ModelChoiceField(
        User.objects.none(), label=_("Adviser"), empty_label=_("All advisers"), required=False
    )
    course = forms.ModelChoiceField(
        Course.objects.none(), label=_("Course"), empty_label=_("All courses"), required=False
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=[("", ""), *Urgency.choices], required=False, widget=forms.HiddenInput
    )  # the cards above the list choose it
    sort = forms.ChoiceField(
        label=pgettext_lazy("of a list", "Order"),
        choices=[("", _("Runs out first")), ("credits", _("Fewest credits first")), ("name", _("By name"))],
        required=False,
    )

    def __init__(self, *args, branches, enrolments, **kwargs):
        """Offers what occurs among the enrolments that the reader may see."""
        super().__init__(*args, **kwargs)
        enrolments = enrolments.order_by()
        self.fields["branch"].queryset = branches
        self.fields["adviser"].queryset = User.objects.filter(pk__in=enrolments.values("student__adviser"))
        self.fields["course"].queryset = Course.objects.filter(pk__in=enrolments.values("course"))
        if len(branches) == 1:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.label}
        self.is_valid()  # a field with an error says so, and filters nothing

    def narrow(self, enrolments):
        chosen = {lookup: self.cleaned_data.get(name) for name, lookup in self.LOOKUPS.items()}
        return enrolments.filter(**{lookup: value for lookup, value in chosen.items() if value})

    @property
    def urgency_chosen(self):
        return self.cleaned_data.get("urgency")

    @property
    def order(self):
        return self.ORDERS[self.cleaned_data.get("sort", "")]
