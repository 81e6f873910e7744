"""What is asked when two enquiries become one."""

from django import forms

from sales.services.merging import BOTH, CHOSEN, KEPT, MERGED


class MergeForm(forms.Form):
    """Whose value stands, for each field that both have; what is not asked is not chosen."""

    other = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in CHOSEN:
            values = [KEPT, MERGED, BOTH] if name == "note" else [KEPT, MERGED]
            self.fields[name] = forms.ChoiceField(choices=[(value, value) for value in values], required=False)

    @property
    def choices(self):
        return {name: self.cleaned_data[name] for name in CHOSEN if self.cleaned_data[name]}
