"""What the page of messages can be narrowed down to."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch
from core.clock import day_bounds
from messaging.states import STATES, statuses_of
from messaging.words import named_kinds

TO_DO = "todo"  # failed, and nobody has dealt with it
ALL = "all"


def _as_filter(form, branches):
    """Offers the reader's branches; each choice filters at once."""
    form.fields["branch"].queryset = branches
    if len(branches) == 1:
        form.fields["branch"].widget = forms.HiddenInput()
    for field in form.fields.values():
        field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.label}
    form.is_valid()  # a field with an error says so, and filters nothing


class ReplyFilterForm(forms.Form):
    state = forms.ChoiceField(
        label=_("What became of it"), choices=[("", _("To be answered")), (ALL, _("All replies"))], required=False
    )
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        _as_filter(self, branches)

    def narrow(self, replies):
        if self.cleaned_data.get("state") != ALL:
            replies = replies.open()
        branch = self.cleaned_data.get("branch")
        return replies.filter(branch=branch) if branch else replies


class AnswerForm(forms.Form):
    text = forms.CharField(max_length=300, label=pgettext_lazy("message", "Answer"))
    token = forms.CharField(max_length=64)


class MessageFilterForm(forms.Form):
    state = forms.ChoiceField(
        label=_("What became of it"),
        choices=[("", _("All messages")), (TO_DO, _("To be dealt with")), *[(s.key, s.word) for s in STATES]],
        required=False,
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}), required=False)

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All kinds")), *named_kinds()]
        _as_filter(self, branches)

    def narrow(self, messages):
        state, kind, branch, day = (self.cleaned_data.get(name) for name in ("state", "kind", "branch", "day"))
        if state:
            messages = messages.needing_staff() if state == TO_DO else messages.filter(status__in=statuses_of(state))
        if kind:
            messages = messages.filter(kind=kind)
        if branch:
            messages = messages.filter(branch=branch)
        if day:
            start, end = day_bounds(day, branch.time_zone if branch else settings.TIME_ZONE)
            messages = messages.filter(due_at__gte=start, due_at__lt=end)
        return messages
