"""What the pages of accounts and wallets ask."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import Branch
from core.forms import TokenMixin, YuanField
from dashboard.forms import DateInput
from enrolments.models import Payment

NOT_HANDED_OVER = (Payment.Method.WALLET, Payment.Method.BOOK)
MONEY_METHODS = [choice for choice in Payment.Method.choices if choice[0] not in NOT_HANDED_OVER]
USUAL_SUSPENSION = timedelta(days=30)


def reason_field(**attributes):
    return forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attributes}),
    )


class TransferForm(TokenMixin):
    """Which lots, and to whom: a child of the family, or the family's wallet."""

    lots = forms.TypedMultipleChoiceField(
        label=gettext_lazy("What is transferred"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    to = forms.ChoiceField(label=gettext_lazy("To whom"), widget=forms.RadioSelect)
    reason = reason_field(autofocus=True)

    def __init__(self, *args, lots, children, guardian, **kwargs):
        super().__init__(*args, **kwargs)
        self.children, self.guardian = {f"child:{child.pk}": child for child in children}, guardian
        self.fields["lots"].choices = [(lot.pk, str(lot)) for lot in lots]
        self.fields["lots"].initial = [lot.pk for lot in lots]
        choices = [(key, child.name) for key, child in self.children.items()]
        if guardian:
            choices.append(("wallet", _("Wallet of %(guardian)s, for another course") % {"guardian": guardian}))
        self.fields["to"].choices = choices
        self.fields["to"].initial = choices[0][0] if choices else None

    @property
    def child(self):
        """None for the wallet."""
        return self.children.get(self.cleaned_data["to"])


class ReasonForm(forms.Form):
    """Why something is undone, withdrawn or put back."""

    reason = reason_field()


class CorrectionForm(TokenMixin):
    """By how much a lot is corrected."""

    lot = forms.ModelChoiceField(None, label=gettext_lazy("Lot"), widget=forms.RadioSelect, empty_label=None)
    difference = forms.DecimalField(
        label=gettext_lazy("Credits to add, or to take away with a minus"),
        max_digits=5,
        decimal_places=1,
        widget=forms.NumberInput(attrs={"autofocus": True}),
    )
    reason = reason_field()

    def __init__(self, *args, lots, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["lot"].queryset = lots
        self.fields["lot"].initial = lots.last()


class SuspensionForm(forms.Form):
    """From when until when a child is away."""

    from_date = forms.DateField(label=gettext_lazy("Away from"), widget=DateInput())
    expected_date = forms.DateField(label=gettext_lazy("Expected back on"), widget=DateInput())
    reason = reason_field(autofocus=True)

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["from_date"].initial = today
        self.fields["expected_date"].initial = today + USUAL_SUSPENSION


class ResumeForm(forms.Form):
    """From when on the child is back."""

    day = forms.DateField(label=gettext_lazy("Back from"), widget=DateInput())


class ExpiringForm(forms.Form):
    """Within how many days, and where."""

    DAYS = [(30, gettext_lazy("30 days")), (60, gettext_lazy("60 days")), (90, gettext_lazy("90 days"))]
    days = forms.TypedChoiceField(label=gettext_lazy("Within"), choices=DAYS, coerce=int, required=False)
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=gettext_lazy("Branch"), required=False, empty_label=gettext_lazy("All branches")
    )

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.is_valid()  # what cannot be read filters nothing

    @property
    def chosen_days(self):
        return self.cleaned_data.get("days") or self.DAYS[0][0]


class WalletForm(TokenMixin):
    """Money into a wallet, or out of it."""

    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=None)
    amount = YuanField(label=gettext_lazy("Amount"), min_value=0.01)
    method = forms.ChoiceField(label=gettext_lazy("Method"), choices=MONEY_METHODS)
    reason = reason_field()

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.fields["branch"].initial = branches.first()
