"""What the board of renewals can be narrowed down to, how it is ordered, and what is noted on it."""

from itertools import product

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course
from renewals.models import RenewalOpportunity
from renewals.rules import Urgency, by_credits, by_name, by_next_contact, by_run_out, next_dates

Stage = RenewalOpportunity.Stage
NOW, LOST = "now", Stage.LOST.value  # of the stages to choose: whom to call today, and the ones given up lately


class RenewalFilterForm(forms.Form):
    LOOKUPS = {
        "branch": "enrolment__branch",
        "owner": "owner",
        "adviser": "student__adviser",
        "course": "enrolment__course",
    }
    ORDERS = {"run_out": by_run_out, "credits": by_credits, "name": by_name}
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )
    owner = forms.ModelChoiceField(User.objects.none(), label=_("owner"), empty_label=_("All owners"), required=False)
    adviser = forms.ModelChoiceField(
        User.objects.none(), label=_("Adviser"), empty_label=_("All advisers"), required=False
    )
    course = forms.ModelChoiceField(
        Course.objects.none(), label=_("Course"), empty_label=_("All courses"), required=False
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=[("", ""), *Urgency.choices], required=False, widget=forms.HiddenInput
    )  # the cards above the list choose it
    stage = forms.ChoiceField(
        label=pgettext_lazy("renewal", "stage"),
        choices=[("", ""), (NOW, ""), *Stage.choices],
        required=False,
        widget=forms.HiddenInput,
    )
    sort = forms.ChoiceField(
        label=pgettext_lazy("of a list", "Order"),
        choices=[
            ("", _("To call first")),
            ("run_out", _("Runs out first")),
            ("credits", _("Fewest credits first")),
            ("name", _("By name")),
        ],
        required=False,
    )

    def __init__(self, *args, branches, opportunities, **kwargs):
        """Offers what occurs among the opportunities that the reader may see."""
        super().__init__(*args, **kwargs)
        opportunities = opportunities.order_by()
        self.fields["branch"].queryset = branches
        self.fields["adviser"].queryset = User.objects.filter(pk__in=opportunities.values("student__adviser"))
        self.fields["owner"].queryset = User.objects.filter(pk__in=opportunities.values("owner"))
        self.fields["course"].queryset = Course.objects.filter(pk__in=opportunities.values("enrolment__course"))
        if len(branches) == 1:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.label}
        self.is_valid()  # a field with an error says so, and filters nothing

    def narrow(self, opportunities):
        chosen = {lookup: self.cleaned_data.get(name) for name, lookup in self.LOOKUPS.items()}
        return opportunities.filter(**{lookup: value for lookup, value in chosen.items() if value})

    @property
    def urgency_chosen(self):
        return self.cleaned_data.get("urgency")

    @property
    def stage_chosen(self):
        return self.cleaned_data.get("stage")

    def order(self, work):
        key = self.ORDERS.get(self.cleaned_data.get("sort"))
        return key(work.forecast) if key else by_next_contact(work)


class ContactForm(forms.Form):
    """One button says both: how far it has come, and when somebody asks again."""

    LATER = "later"
    OUTCOMES = [
        (Stage.TALKED.value, Stage.TALKED.label),
        (Stage.PROMISED.value, Stage.PROMISED.label),
        (LATER, pgettext_lazy("renewal", "Not now")),
    ]
    DAYS = [
        ("tomorrow", pgettext_lazy("next contact", "Tomorrow")),
        ("saturday", pgettext_lazy("next contact", "Saturday")),
        ("week", pgettext_lazy("next contact", "In a week")),
        ("picked", pgettext_lazy("next contact", "On that day")),
    ]
    button = forms.ChoiceField(
        choices=[(LOST, ""), *[(f"{outcome}:{day}", "") for (outcome, _name), (day, _name) in product(OUTCOMES, DAYS)]]
    )
    note = forms.CharField(max_length=200, required=False)
    day = forms.DateField(required=False)
    reason = forms.ChoiceField(choices=RenewalOpportunity.LostReason, required=False)

    def __init__(self, *args, opportunity, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.opportunity, self.today = opportunity, today

    def clean(self):
        outcome, _colon, when = self.cleaned_data.get("button", "").partition(":")
        if outcome == LOST and not self.cleaned_data.get("reason"):
            raise forms.ValidationError(_("Say why the family does not renew."))
        day = next_dates(self.today).get(when) or self.cleaned_data.get("day")
        if when and (day is None or day < self.today):
            raise forms.ValidationError(_("Pick a day from today on for the next contact."))
        return self.cleaned_data | {"is_lost": outcome == LOST, "stage": self._stage(outcome), "next_date": day}

    def _stage(self, outcome):
        """Whoever says "ask me later" has not come further; one that was lost has been spoken to."""
        if outcome != self.LATER:
            return outcome
        return self.opportunity.stage if self.opportunity.is_open else Stage.TALKED
