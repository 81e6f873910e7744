"""What the pages of refunds ask."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch
from core.forms import TokenMixin, YuanField
from core.money import yuan
from enrolments.models import Payment, Refund
from enrolments.refund_rules import Deduction
from enrolments.refund_sheet import Wish
from enrolments.services import Share

METHODS = [choice for choice in Payment.Method.choices if choice[0] != Payment.Method.BOOK]


class RefundForm(TokenMixin):
    """Who ends it and why, for which lots, with what taken off. `seen`: the amount that the person was shown."""

    cause = forms.ChoiceField(label=gettext_lazy("Who ends it"), widget=forms.RadioSelect)
    reason = forms.CharField(label=pgettext_lazy("refund", "Why"), max_length=200)
    lots = forms.TypedMultipleChoiceField(
        label=gettext_lazy("What is given back"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    generous = forms.CharField(max_length=20, required=False)
    method = forms.ChoiceField(
        label=gettext_lazy("To be paid back by"), choices=METHODS, widget=forms.RadioSelect, initial=METHODS[0][0]
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, candidates, day, method, **kwargs):
        super().__init__(*args, **kwargs)
        may_withdraw = any(one.may_withdraw(day) for one in candidates)
        self.fields["cause"].choices = [
            choice for choice in Refund.Cause.choices if may_withdraw or choice[0] != Refund.Cause.SEVEN_DAYS
        ]
        self.fields["lots"].choices = [(one.lot.pk, str(one.lot)) for one in candidates]
        self.fields["lots"].initial = [one.lot.pk for one in candidates]
        self.fields["method"].initial = method
        self.fields["reason"].widget.attrs |= {"list": "reasons", "autocomplete": "off", "autofocus": True}

    def wish(self, materials):
        """What the sheet is drawn for; None until it is known who ends it and what is given back."""
        data = self.cleaned_data
        if not (data.get("cause") and data.get("lots")):
            return None
        return Wish(
            cause=data["cause"],
            lot_ids=tuple(data["lots"]),
            deductions=tuple(materials.deductions),
            generous=data.get("generous", ""),
        )


class MaterialForm(forms.Form):
    """Materials that the family keeps; a row is filled in wholly or not at all."""

    name = forms.CharField(label=pgettext_lazy("refund", "Materials"), max_length=50, required=False)
    amount = YuanField(label=gettext_lazy("Listed price"), required=False)
    document = forms.CharField(
        label=pgettext_lazy("refund", "Document"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Number of the signed slip")}),
    )

    def clean(self):
        data = super().clean()
        given = [bool(data.get(name)) for name in self.fields]
        if any(given) and not all(given):
            self.add_error(None, _("Name the materials, their listed price and the document that proves it."))
        return data


class _Materials(forms.BaseFormSet):
    @property
    def deductions(self):
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data.get("name")]
        return [Deduction(row["name"], row["amount"], row["document"]) for row in rows]


MaterialFormSet = forms.formset_factory(MaterialForm, formset=_Materials, extra=2, max_num=10)


class EndForm(forms.Form):
    """Why a refund is called off."""

    ended_reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


class PayForm(forms.Form):
    """How it was paid; a part of it may have gone another way."""

    method = forms.ChoiceField(label=pgettext_lazy("refund", "Paid by"), choices=METHODS, widget=forms.RadioSelect)
    reference = forms.CharField(label=pgettext_lazy("refund", "Reference"), max_length=64, required=False)
    second_method = forms.ChoiceField(label=gettext_lazy("A part of it by"), choices=METHODS, required=False)
    second_amount = YuanField(label=gettext_lazy("Amount of this part"), required=False)
    second_reference = forms.CharField(label=gettext_lazy("Reference of this part"), max_length=64, required=False)
    with_interest = forms.BooleanField(required=False)

    def __init__(self, *args, amount_minor, interest_minor, **kwargs):
        super().__init__(*args, **kwargs)
        self.amount_minor, self.interest_minor = amount_minor, interest_minor

    @property
    def payable_minor(self):
        return self.amount_minor + (self.interest_minor if self.cleaned_data.get("with_interest") else 0)

    def clean(self):
        data = super().clean()
        if (data.get("second_amount") or 0) > self.payable_minor:
            self.add_error("second_amount", _("Not more than %(amount)s.") % {"amount": yuan(self.payable_minor)})
        return data

    @property
    def shares(self):
        data = self.cleaned_data
        second = data.get("second_amount") or 0
        parts = [
            Share(data["method"], self.payable_minor - second, data["reference"]),
            Share(data["second_method"] or data["method"], second, data["second_reference"]),
        ]
        return [part for part in parts if part.amount_minor]


class RefundFilterForm(forms.Form):
    """Which refunds the list shows; without a state, those that are open."""

    STATES = [
        ("", pgettext_lazy("refund", "Open")),
        ("requested", pgettext_lazy("refund", "To approve")),
        ("approved", pgettext_lazy("refund", "To pay")),
        ("paid", pgettext_lazy("refund", "Paid back")),
        ("ended", pgettext_lazy("refund", "Called off")),
    ]
    state = forms.ChoiceField(choices=STATES, required=False)
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=gettext_lazy("Branch"), required=False, empty_label=gettext_lazy("All branches")
    )

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.is_valid()  # what cannot be read filters nothing

    def narrow(self, refunds):
        branch = self.cleaned_data.get("branch")
        return refunds.filter(enrolment__branch=branch) if branch else refunds

    @property
    def chosen_state(self):
        return self.cleaned_data.get("state", "")
