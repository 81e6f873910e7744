"""What the pages of orders ask."""

from dataclasses import replace
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch
from core.forms import TokenMixin, YuanField
from core.money import yuan
from courses.models import CoursePackage
from dashboard.forms import DateInput
from enrolments.models import DiscountRule, Order, Payment
from enrolments.services import Line, Tender, line_of, wallet_balance
from scheduling.models import ClassGroup

BY_LESSONS = "lessons"  # no package: so many lessons at a price
SPLIT, LATER = "split", "later"
METHODS = [choice for choice in Payment.Method.choices if choice[0] not in {Payment.Method.BOOK, Payment.Method.WALLET}]


class PackageField(forms.ModelChoiceField):
    """A package, or BY_LESSONS."""

    def clean(self, value):
        return BY_LESSONS if value == BY_LESSONS else super().clean(value)


class PayMixin(forms.Form):
    """How an order is paid: wholly by one method, in parts, or later. A family's wallet only while it holds money."""

    method = forms.ChoiceField(
        label=gettext_lazy("Paid by"), widget=forms.RadioSelect, choices=METHODS, initial=METHODS[0][0]
    )
    reference = forms.CharField(
        label=pgettext_lazy("order", "Reference"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("The number that the bank or the wallet app gave it."),
    )
    due_date = forms.DateField(label=gettext_lazy("The rest payable until"), required=False, widget=DateInput())
    pass_reason = forms.CharField(label=gettext_lazy("Sell all the same because"), max_length=200, required=False)

    def offer_methods(self, guardian):
        """The ways to pay of this family; returns what its wallet holds."""
        balance = wallet_balance(guardian) if guardian else 0
        wallet = [(Payment.Method.WALLET, Payment.Method.WALLET.label)] if balance else []
        whole = METHODS + wallet
        later = [(SPLIT, _("In parts")), (LATER, pgettext_lazy("payment", "Later"))]
        self.fields["method"].choices = [*whole, *later]
        for method, label in whole:
            self.fields[f"part_{method}"] = YuanField(label=label, required=False)
        return balance

    @property
    def parts(self):
        return [field for field in self if field.name.startswith("part_")]

    def tenders(self, total_minor):
        """What is on the table now; `total_minor` is asked for, in fen."""
        data = self.cleaned_data
        if data["method"] == LATER or not total_minor:
            return []
        if data["method"] != SPLIT:
            return [Tender(data["method"], total_minor, data["reference"])]
        amounts = {name.removeprefix("part_"): fen for name, fen in data.items() if name.startswith("part_") and fen}
        return [Tender(method, fen, data["reference"] if len(amounts) == 1 else "") for method, fen in amounts.items()]

    def clean(self):
        data = super().clean()
        if data.get("method") == SPLIT and not any(data.get(field.name) for field in self.parts):
            self.add_error("method", _("Write how much is paid by each way."))
        return data


class EnrolForm(TokenMixin, PayMixin):
    """One line of an order: what, at which price, from when, in which class; and how it is paid."""

    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=None)
    package = PackageField(
        CoursePackage.objects.none(), label=gettext_lazy("Package"), widget=forms.RadioSelect, empty_label=None
    )
    lessons = forms.DecimalField(
        label=pgettext_lazy("order", "Lessons"),
        min_value=Decimal("0.5"),
        max_digits=6,
        decimal_places=1,
        required=False,
    )
    price = YuanField(label=gettext_lazy("Price per lesson"), required=False)
    class_group = forms.ModelChoiceField(
        ClassGroup.objects.none(),
        label=gettext_lazy("Class"),
        required=False,
        blank=True,
        widget=forms.RadioSelect,
        empty_label=gettext_lazy("Choose a class later"),
    )
    start_date = forms.DateField(label=gettext_lazy("Starts"), widget=DateInput())
    discount = forms.ModelChoiceField(
        DiscountRule.objects.none(),
        label=pgettext_lazy("order", "Discount"),
        required=False,
        empty_label=pgettext_lazy("discount", "None"),
    )
    discount_amount = YuanField(label=gettext_lazy("Amount off"), required=False)
    discount_reason = forms.CharField(label=pgettext_lazy("discount", "Why"), max_length=200, required=False)
    gift = forms.DecimalField(
        label=gettext_lazy("More gift lessons"), min_value=0, max_digits=5, decimal_places=1, required=False
    )
    validity_days = forms.IntegerField(
        label=gettext_lazy("Valid for days"), min_value=1, max_value=3660, required=False
    )

    def __init__(self, *args, choices, course, guardian, today, adds=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.course = course
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset
        self.fields["start_date"].initial = today
        self.fields["price"].initial = course.list_price_minor if course else None
        self.wallet_minor = self.offer_methods(guardian)
        if adds:
            del self.fields["method"]  # the order's page asks it, once for all lines

    def clean(self):
        data = super().clean()
        self._check_class(data)
        if data.get("package") == BY_LESSONS and not data.get("lessons"):
            self.add_error("lessons", _("Write how many lessons are sold."))
        if data.get("discount") and data.get("discount_amount"):
            self.add_error("discount_amount", _("Choose a discount or write an amount, not both."))
        if data.get("discount_amount") and not data.get("discount_reason"):
            self.add_error("discount_reason", _("Say why this discount is given."))
        return data

    def _check_class(self, data):
        group, branch = data.get("class_group"), data.get("branch")
        if group and branch and group.branch_id != branch.pk:
            self.add_error("class_group", _("This class is at %(branch)s.") % {"branch": group.branch})

    def line(self, student):
        """What was entered, as the line of an order."""
        data = self.cleaned_data
        line = self._bought(student)
        line = replace(
            line,
            gift_credits=line.gift_credits + (data["gift"] or 0),
            validity_days=data["validity_days"] or line.validity_days,
            class_reference=f"class:{data['class_group'].pk}" if data["class_group"] else "",
        )
        if data["discount"]:
            return line.with_discount(data["discount"])
        return replace(line, discount_minor=data["discount_amount"] or 0, discount_reason=data["discount_reason"])

    def _bought(self, student):
        data = self.cleaned_data
        if data["package"] != BY_LESSONS:
            return line_of(data["package"], student=student, start_date=data["start_date"])
        price = self.course.list_price_minor if data["price"] is None else data["price"]
        return Line(
            student=student,
            course=self.course,
            paid_credits=data["lessons"],
            before_minor=int(data["lessons"] * price),
            start_date=data["start_date"],
        )


class ConfirmForm(TokenMixin, PayMixin):
    """A draft becomes an order, and what is paid now."""

    def __init__(self, *args, guardian, **kwargs):
        super().__init__(*args, **kwargs)
        self.wallet_minor = self.offer_methods(guardian)


class PaymentForm(TokenMixin):
    """Money for what is still owing."""

    amount = YuanField(label=gettext_lazy("Amount"))
    method = forms.ChoiceField(
        label=gettext_lazy("Paid by"), widget=forms.RadioSelect, choices=METHODS, initial=METHODS[0][0]
    )
    reference = forms.CharField(label=pgettext_lazy("order", "Reference"), max_length=64, required=False)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["amount"].initial = order.owing_minor
        self.wallet_minor = wallet_balance(order.guardian) if order.guardian else 0
        if self.wallet_minor:
            self.fields["method"].choices = [*METHODS, (Payment.Method.WALLET, Payment.Method.WALLET.label)]
        self.order = order

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        if not 0 < amount <= self.order.owing_minor:
            raise ValidationError(
                _("Write an amount up to %s, which is still owing.") % yuan(self.order.owing_minor),
            )
        return amount


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


class OrderFilterForm(forms.Form):
    """What the list of orders can be narrowed down to. A field with an error says so, and filters nothing."""

    STATES = [
        ("", gettext_lazy("All orders")),
        ("owing", pgettext_lazy("order", "Owing")),
        ("draft", pgettext_lazy("order", "Draft")),
        ("paid", pgettext_lazy("order", "Paid")),
        ("ended", gettext_lazy("Cancelled, lapsed or void")),
    ]
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=gettext_lazy("All branches"), required=False
    )
    q = forms.CharField(label=gettext_lazy("Child"), max_length=50, required=False)
    state = forms.ChoiceField(
        label=pgettext_lazy("order", "State"), choices=STATES, required=False, widget=forms.HiddenInput
    )
    first = forms.DateField(label=pgettext_lazy("order", "From"), required=False, widget=DateInput())
    last = forms.DateField(label=pgettext_lazy("order", "Until"), required=False, widget=DateInput())
    group = forms.ModelChoiceField(
        ClassGroup.objects.none(), required=False, widget=forms.HiddenInput
    )  # the class page chooses it

    def __init__(self, *args, branches, groups, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.fields["group"].queryset = groups
        if len(branches) == 1:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select", "aria-label": field.label or ""}
        self.fields["q"].widget.attrs["placeholder"] = _("Child or phone")
        self.is_valid()

    def chosen(self, name):
        return self.cleaned_data.get(name)

    def narrow(self, orders, students):
        """Orders by all but the state; `students` are those that the reader may look for."""
        if branch := self.chosen("branch"):
            orders = orders.filter(branch=branch)
        if text := self.chosen("q"):
            orders = orders.filter(pk__in=_orders_for(students.matching(text)))
        if group := self.chosen("group"):
            orders = orders.filter(prepared_for=f"class:{group.pk}")
        if first := self.chosen("first"):
            orders = orders.filter(created_at__date__gte=first)
        if last := self.chosen("last"):
            orders = orders.filter(created_at__date__lte=last)
        return orders


def _orders_for(students):
    return Order.items.rel.related_model.objects.filter(student__in=students).values("order")
