"""What is decided about a reward."""

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from enrolments.models import Enrolment


class GiveRewardForm(forms.Form):
    enrolment = forms.ModelChoiceField(Enrolment.objects.none(), label=gettext_lazy("Account"))

    def __init__(self, *args, accounts, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["enrolment"].queryset = accounts


class DeclineRewardForm(forms.Form):
    reason = forms.CharField(label=pgettext_lazy("reward", "Why nothing is given"), max_length=200)
