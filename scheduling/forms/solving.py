from django import forms
from django.utils.translation import gettext_lazy as _


class SolutionForm(forms.Form):
    """One of the solutions that are free at this moment, so nothing else can be sent."""

    solution = forms.ChoiceField(
        error_messages={
            "required": _("Choose a way out first."),
            "invalid_choice": _("This is not free any more: the timetable has changed. Choose again."),
        }
    )

    def __init__(self, *args, solutions, **kwargs):
        super().__init__(*args, **kwargs)
        self.by_key = {solution.key: solution for solution in solutions}
        self.fields["solution"].choices = [(key, solution.text) for key, solution in self.by_key.items()]

    def clean_solution(self):
        return self.by_key[self.cleaned_data["solution"]]
