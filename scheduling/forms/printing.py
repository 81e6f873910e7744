"""Which week is printed."""

from django import forms


class DayForm(forms.Form):
    day = forms.DateField(required=False)

    def day_or(self, today):
        """Any day of the week; what cannot be read is today."""
        return (self.is_valid() and self.cleaned_data["day"]) or today
