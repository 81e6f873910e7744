"""The rules of a branch, as its manager fills them in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sales.models import SalesPolicy


class PolicyForm(forms.ModelForm):
    class Meta:
        model = SalesPolicy
        fields = [
            "owner_rule",
            "remind_owner_days",
            "remind_manager_days",
            "pool_days",
            "pool_warning_days",
            "claims_a_day",
            "cool_down_days",
            "referral_credits",
        ]
        labels = {
            "owner_rule": _("Whose is an enquiry that comes in?"),
            "remind_owner_days": _("After how many days without a contact is its owner reminded?"),
            "remind_manager_days": _("After how many days does the manager see it too?"),
            "pool_days": _("After how many days does it go back to the pool?"),
            "pool_warning_days": _("How many days before that is the owner warned?"),
            "claims_a_day": _("How many may one person claim from the pool in a day?"),
            "cool_down_days": _("For how many days may a former owner not claim it again?"),
            "referral_credits": _("How many gift lessons does a family get that brought a child?"),
        }
        help_texts = {"pool_warning_days": _("The warning stands on the home page, on the list and on the enquiry.")}
        widgets = {"owner_rule": forms.RadioSelect}
