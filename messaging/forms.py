"""What the page of messages can be narrowed down to."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch
from core.clock import day_bounds
from messaging.channels import labels
from messaging.states import STATES, TO_TELL, in_state
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


class BranchFilterForm(forms.Form):
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        _as_filter(self, branches)

    def narrow(self, messages):
        branch = self.cleaned_data.get("branch")
        return messages.filter(branch=branch) if branch else messages


class LimitsForm(forms.ModelForm):
    """How many messages a number gets from a branch, and what one costs."""

    class Meta:
        model = Branch
        fields = ["most_service_a_day", "most_offers_a_week", "sms_part_price_fen"]


class MessageFilterForm(forms.Form):
    state = forms.ChoiceField(
        label=_("What became of it"),
        choices=[
            ("", _("All messages")),
            (TO_DO, _("To be dealt with")),
            (TO_TELL, _("To be told by hand")),
            *[(s.key, s.word) for s in STATES],
        ],
        required=False,
    )
    channel = forms.ChoiceField(label=pgettext_lazy("messages", "Channel"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}), required=False)

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All kinds")), *named_kinds()]
        self.fields["channel"].choices = [("", _("All channels")), *labels()]
        _as_filter(self, branches)

    def narrow(self, messages):
        state, day = self.cleaned_data.get("state"), self.cleaned_data.get("day")
        messages = self.narrow_by_sort(messages)
        if state:
            messages = messages.needing_staff() if state == TO_DO else in_state(messages, state)
        return self.on_day(messages, day) if day else messages

    def narrow_by_sort(self, messages):
        """By all that has nothing to do with what became of them, and when."""
        for name in ("kind", "channel", "branch"):
            if value := self.cleaned_data.get(name):
                messages = messages.filter(**{name: value})
        return messages

    @property
    def time_zone(self):
        branch = self.cleaned_data.get("branch")
        return branch.time_zone if branch else settings.TIME_ZONE

    def on_day(self, messages, day):
        """Those that are due on a local day."""
        start, end = day_bounds(day, self.time_zone)
        return messages.filter(due_at__gte=start, due_at__lt=end)
