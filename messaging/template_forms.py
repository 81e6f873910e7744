"""What the pages of message templates ask."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch
from messaging.models.templates import LONGEST
from messaging.wording import TemplateTextError, shown_text, stored_text

LANGUAGE_NAMES = dict(settings.LANGUAGES)


class ScopeForm(forms.Form):
    """Whose words: those of one branch, or those for all, which only somebody in charge of all may write."""

    branch = forms.ModelChoiceField(
        Branch.objects.none(),
        label=_("Branch"),
        empty_label=_("All branches"),
        required=False,
        widget=forms.Select(attrs={"class": "qx-select", "data-submit": True}),
    )
    language = forms.ChoiceField(
        label=pgettext_lazy("of messages", "Language"),
        choices=settings.LANGUAGES,
        required=False,
        widget=forms.Select(attrs={"class": "qx-select", "data-submit": True}),
    )

    def __init__(self, data, *, branches, may_write_for_all):
        super().__init__(data)
        self._branches = branches
        self.fields["branch"].queryset = branches
        if not may_write_for_all:
            self.fields["branch"].empty_label = None
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label
        self.may_write_for_all = may_write_for_all
        self.is_valid()  # what is no choice counts as not chosen

    @property
    def chosen_branch(self):
        """None: all branches."""
        return self.cleaned_data.get("branch") or (None if self.may_write_for_all else self._branches.first())

    @property
    def chosen_language(self):
        return self.cleaned_data.get("language") or settings.LANGUAGE_CODE


class TemplateForm(forms.Form):
    """The text of a sentence, with the variables under their names: {孩子}."""

    text = forms.CharField(
        label=pgettext_lazy("of a message", "Text"),
        widget=forms.Textarea(attrs={"rows": 5, "class": "qx-select", "autofocus": True}),
    )
    base_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    child = forms.ChoiceField(
        label=pgettext_lazy("preview of a message", "Child"),
        required=False,
        widget=forms.Select(attrs={"class": "qx-select"}),
    )

    def __init__(self, *args, wording, language, examples, **kwargs):
        super().__init__(*args, **kwargs)
        self.wording, self.language = wording, language
        self.fields["text"].max_length = LONGEST
        self.fields["text"].widget.attrs["lang"] = language
        self.examples = {example.key: example for example in examples}
        self.fields["child"].choices = [(key, example.name) for key, example in self.examples.items()]

    def clean_text(self):
        try:
            text = stored_text(self.cleaned_data["text"], self.wording, self.language)
        except TemplateTextError as error:
            raise forms.ValidationError(str(error)) from error
        if len(text) > LONGEST:
            raise forms.ValidationError(
                _("A text has at most %(most)s characters; these are %(count)s."),
                params={"most": LONGEST, "count": len(text)},
            )
        return text

    @property
    def example(self):
        """The case that the preview shows: the chosen one, else the first; None without any."""
        chosen = self.examples.get(self["child"].value() or "")
        return chosen or next(iter(self.examples.values()), None)

    def shown(self, text):
        return shown_text(text, self.wording, self.language)


class DecisionForm(forms.Form):
    """What the provider said of a text."""

    HAND_IN, APPROVE, REFUSE, GIVE_UP = "hand_in", "approve", "refuse", "give_up"
    decision = forms.ChoiceField(choices=[(name, name) for name in (HAND_IN, APPROVE, REFUSE, GIVE_UP)])
    code = forms.CharField(max_length=64, required=False)
    note = forms.CharField(max_length=200, required=False)
