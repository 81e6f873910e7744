"""Who takes over, and how much it was when the page was read."""

from django import forms
from django.utils.translation import gettext_lazy as _

from branches.models import User


class HandOverForm(forms.Form):
    receivers = forms.ModelMultipleChoiceField(
        User.objects.none(), error_messages={"required": _("Tick the colleagues who take over.")}
    )
    total = forms.IntegerField(min_value=1)

    def __init__(self, data=None, *, colleagues):
        super().__init__(data)
        self.fields["receivers"].queryset = colleagues
