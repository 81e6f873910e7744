"""What the pages of reconciliation ask."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from enrolments.bank_statements.layouts import FIELDS
from enrolments.models import PaymentAccount

NEW = "new:"  # before the kind of an account that is not there yet
COLUMN_LABELS = {
    "time": gettext_lazy("Day, or day and time"),
    "clock": gettext_lazy("Time, if it stands apart"),
    "amount": gettext_lazy("Amount, in one column"),
    "income": gettext_lazy("Money in"),
    "outgo": gettext_lazy("Money out"),
    "direction": gettext_lazy("In or out, as a word"),
    "reference": gettext_lazy("Number of the transaction"),
    "payer": gettext_lazy("Who paid"),
    "note": pgettext_lazy("statement", "Note"),
}
REASONS = [
    pgettext_lazy("statement", "Fee of the provider"),
    pgettext_lazy("statement", "Moved between own accounts"),
    pgettext_lazy("statement", "Not for lessons"),
]


class StatementForm(forms.Form):
    """A file, and the account it is of where the file does not tell."""

    file = forms.FileField(
        label=pgettext_lazy("statement", "File"), widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"})
    )
    account = forms.ChoiceField(label=pgettext_lazy("statement", "Account"), required=False)
    name = forms.CharField(label=gettext_lazy("Name of the new account"), max_length=50, required=False)

    def __init__(self, *args, accounts, **kwargs):
        super().__init__(*args, **kwargs)
        self.accounts = {str(account.pk): account for account in accounts}
        new = [(f"{NEW}{kind}", _("New account: %s") % label) for kind, label in PaymentAccount.Kind.choices]
        known = [
            (
                pk,
                f"{account.get_kind_display()} · {account}" + (f" …{account.number_end}" if account.number_end else ""),
            )
            for pk, account in self.accounts.items()
        ]
        self.fields["account"].choices = [("", _("As the file says")), *known, *new]
        self.fields["file"].widget.attrs["autofocus"] = True
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select"}


def _account_text(account):
    end = f" …{account.number_end}" if account.number_end else ""
    return f"{account.get_kind_display()} · {account}{end}"


class ColumnsForm(forms.Form):
    """Which column of a bank's table means what, asked once."""

    def __init__(self, *args, titles, **kwargs):
        super().__init__(*args, **kwargs)
        choices = [("", "—"), *[(title, title) for title in titles]]
        for name in FIELDS:
            self.fields[name] = forms.ChoiceField(label=COLUMN_LABELS[name], choices=choices, required=False)
            self.fields[name].widget.attrs["class"] = "qx-select"

    def clean(self):
        data = super().clean()
        if not data.get("time"):
            self.add_error("time", _("Say in which column the day stands."))
        if not any(data.get(name) for name in ("amount", "income", "outgo")):
            self.add_error("amount", _("Say in which column the money stands."))
        return data

    @property
    def columns(self):
        return {name: title for name, title in self.cleaned_data.items() if title}
