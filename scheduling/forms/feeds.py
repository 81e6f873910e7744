"""For what a calendar address is made."""

from django import forms
from django.utils.translation import gettext_lazy as _


class FeedForm(forms.Form):
    """One of the `subjects`: [(label of the group, [(kind, teacher, room, class or child, what it is called)])]."""

    subject = forms.ChoiceField(label=_("Whose lessons"))

    def __init__(self, *args, subjects, **kwargs):
        super().__init__(*args, **kwargs)
        self._by_value = {
            f"{kind.value}:{row.pk}": (kind, row) for _group, rows in subjects for kind, row, _name in rows
        }
        self.fields["subject"].choices = [
            (group, [(f"{kind.value}:{row.pk}", name) for kind, row, name in rows]) for group, rows in subjects
        ]

    @property
    def has_choices(self):
        return bool(self._by_value)

    def clean_subject(self):
        """The kind, and the teacher, room, class or child."""
        return self._by_value[self.cleaned_data["subject"]]
