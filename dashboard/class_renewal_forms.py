"""What the page of a class's renewals asks."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.money import yuan
from dashboard.forms import DateInput
from enrolments.models import DiscountRule


class RenewalsForm(forms.Form):
    """Whom of a class to offer which package, until when. A row for each child: pick_17, package_17."""

    discount = forms.ModelChoiceField(
        DiscountRule.objects.none(),
        label=pgettext_lazy("order", "Discount"),
        required=False,
        empty_label=pgettext_lazy("discount", "None"),
    )
    lapses_date = forms.DateField(label=gettext_lazy("Offer ends"), widget=DateInput())

    def __init__(self, *args, candidates, packages, discounts, lapses_date, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.candidates, self.today = candidates, today
        self.fields["discount"].queryset = discounts
        self.fields["lapses_date"].initial = lapses_date
        by_id = {str(package.pk): package for package in packages}
        choices = [(pk, f"{package.name} {yuan(package.price_minor)}") for pk, package in by_id.items()]
        for one in candidates:
            pk, name = one.enrolment.pk, one.enrolment.student.name
            pick = forms.BooleanField(label=name, required=False, initial=one.is_due)
            pick.widget.attrs |= {"class": "or-pick", "aria-label": name, "data-pick": ""}
            initial = str(one.package.pk) if one.package else None
            package = forms.TypedChoiceField(choices=choices, coerce=by_id.get, initial=initial, required=False)
            package.widget.attrs |= {"class": "qx-select", "aria-label": _("Package of %s") % name}
            self.fields[f"pick_{pk}"], self.fields[f"package_{pk}"] = pick, package

    @property
    def rows(self):
        """(candidate, its box, its package) for each child."""
        for one in self.candidates:
            yield one, self[f"pick_{one.enrolment.pk}"], self[f"package_{one.enrolment.pk}"]

    def clean_lapses_date(self):
        day = self.cleaned_data["lapses_date"]
        if day < self.today:
            raise ValidationError(_("The offer ends before it begins: choose a later day."))
        return day

    def clean(self):
        data = super().clean()
        self.chosen = {
            one.enrolment: data.get(f"package_{one.enrolment.pk}")
            for one in self.candidates
            if data.get(f"pick_{one.enrolment.pk}")
        }
        if not self.chosen or not all(self.chosen.values()):
            raise ValidationError(_("Pick at least one child, and a package for each."))
        return data
