"""What is typed for papers: a contract's fields, a reason, an invoice."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.credit_codes import clean_credit_code, validate_credit_code
from core.forms import TokenMixin, YuanField
from enrolments.contract_facts import UNKEPT, Place, blanks_of, fields_of, value_of, with_values
from enrolments.models import InvoiceRequest

LONGEST = 200
TYPED_HERE = {Place.HERE, Place.CLASS}  # may differ from what is kept
NEVER_TYPED = {Place.SCHOOL, Place.BRANCH, Place.ORDER}


class PrintForm(forms.Form):
    size = forms.ChoiceField(choices=[("80mm", "80 mm"), ("a5", "A5")], required=False)

    def clean_size(self):
        return self.cleaned_data["size"] or "80mm"


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


class ReceiptDayForm(forms.Form):
    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}))


class ContractForm(forms.Form):
    """The fields that may be typed: what is empty, what is kept nowhere, and what may differ for this contract.

    Beside each empty one stands a box "by hand". The school's own data are mended where they are kept, not here.
    """

    def __init__(self, *args, facts, **kwargs):
        super().__init__(*args, **kwargs)
        self.facts = facts
        self.blanks = blanks_of(facts)
        empty = [blank.key for blank in self.blanks]
        for key, field, course in fields_of(facts):
            if field.place in TYPED_HERE or (key in empty and field.place not in NEVER_TYPED):
                self._add(key, field, course)
        for key in empty:
            self.fields[f"hand-{key}"] = forms.BooleanField(label=_("fill in by hand"), required=False)
        if typed_first := next((key for key in empty if key in self.fields), None):
            self.fields[typed_first].widget.attrs["autofocus"] = True

    def _add(self, key, field, course):
        label = f"{field.label} · {course}" if course else field.label
        value = value_of(self.facts, key)
        self.fields[key] = forms.CharField(label=label, required=False, max_length=LONGEST, initial=value)
        if key in UNKEPT:
            self.fields[key].widget.attrs["autocomplete"] = "off"

    @property
    def missing(self):
        """[(blank, its field or None, its box)] in the order of the paper."""
        return [
            (blank, self[blank.key] if blank.key in self.fields else None, self[f"hand-{blank.key}"])
            for blank in self.blanks
        ]

    @property
    def changeable(self):
        """What is known and may still be written otherwise."""
        empty = {blank.key for blank in self.blanks}
        return [self[key] for key in self.fields if not key.startswith("hand-") and key not in empty]

    @property
    def settled(self):
        """[(label, value)] of what comes from elsewhere and is complete."""
        return [
            (f"{field.label} · {course}" if course else field.label, value_of(self.facts, key))
            for key, field, course in fields_of(self.facts)
            if key not in self.fields and value_of(self.facts, key)
        ]

    def answers(self):
        """(facts, keys left to the pen, {key: what only the paper carries})."""
        typed = {key: text for key, text in self.cleaned_data.items() if not key.startswith("hand-") and text}
        unkept = {key: text for key, text in typed.items() if key in UNKEPT}
        kept = {key: text for key, text in typed.items() if key not in UNKEPT}
        by_hand = [key.removeprefix("hand-") for key, on in self.cleaned_data.items() if key.startswith("hand-") and on]
        return with_values(self.facts, kept), [key for key in by_hand if key not in typed], unkept


class InvoiceForm(TokenMixin):
    title_kind = forms.ChoiceField(label=gettext_lazy("Invoice for"), choices=InvoiceRequest.Title, initial="person")
    title = forms.CharField(label=gettext_lazy("Invoice title"), max_length=100)
    tax_number = forms.CharField(
        label=gettext_lazy("Tax number"),
        required=False,
        max_length=30,
        help_text=gettext_lazy("Of a company: the 18 characters of its credit code."),
    )
    amount_minor = YuanField(label=pgettext_lazy("invoice", "Amount"))

    def clean_tax_number(self):
        code = clean_credit_code(self.cleaned_data["tax_number"])
        if code:
            validate_credit_code(code)
        return code

    def clean(self):
        data = super().clean()
        is_company = data.get("title_kind") == InvoiceRequest.Title.COMPANY
        if is_company and not data.get("tax_number") and "tax_number" not in self.errors:
            self.add_error("tax_number", _("Write the company's tax number: its invoice is of no use to it without."))
        return data


class InvoiceStepForm(forms.Form):
    """What happened to an invoice outside this system."""

    step = forms.ChoiceField(choices=[(name, name) for name in ("issue", "withdraw", "reverse")])
    number = forms.CharField(required=False, max_length=30)

    def clean(self):
        data = super().clean()
        if data.get("step") in ("issue", "reverse") and not data.get("number"):
            self.add_error("number", _("Write the number that stands on the invoice."))
        return data
