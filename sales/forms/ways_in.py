"""The public form, and what a manager fills in to make the ways in."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.forms import TokenMixin, YuanField
from core.phones import national
from courses.models import Course
from sales.cleaning import NAME_LENGTH, clean_child, clean_phone, clean_text
from sales.models import Campaign, ConsentText, EnquiryForm, EnquirySource
from students.models import Channel


class PublicForm(TokenMixin):
    """Four fields and the consent. `website` is for robots: people do not see it, and whoever fills it is none."""

    child_name = forms.CharField(
        label=pgettext_lazy("public form", "Child's name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Your phone number"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    course = forms.ModelChoiceField(
        label=gettext_lazy("What the child would like to learn"),
        queryset=Course.objects.filter(is_active=True),
        required=False,
        empty_label=gettext_lazy("Not sure yet"),
    )
    guardian_name = forms.CharField(
        label=gettext_lazy("How may we call you?"),
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    consent = forms.BooleanField(
        label=gettext_lazy("I have read this and agree"),
        error_messages={"required": gettext_lazy("Please read the text and tick the box: without it we may not call.")},
    )
    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    def clean_child_name(self):
        return _cleaned(clean_child, self.cleaned_data["child_name"])

    def clean_phone(self):
        return _cleaned(clean_phone, self.cleaned_data["phone"])

    def clean_guardian_name(self):
        return _cleaned(clean_text, self.cleaned_data["guardian_name"])


def _cleaned(clean, text):
    try:
        return clean(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def standard_consent(branch):
    """What a family agrees to unless the branch writes its own: who, what for, which facts, and how to take it back."""
    facts = {"branch": branch, "phone": national(branch.phone) if branch.phone.startswith("+") else branch.phone}
    if branch.phone:
        return (
            _(
                "I am the child's guardian and agree that %(branch)s uses the child's name, the course of interest, my "
                "name and my phone number to call me and to arrange a trial lesson. Only the staff of the branch who "
                "do this see them; they are given to nobody else, and deleted when they are no longer needed. Nobody "
                "has to fill this in: asking in person or by phone is just as good. By calling %(phone)s I can see, "
                "correct or delete what is kept, or take back my consent, at any time."
            )
            % facts
        )
    return (
        _(
            "I am the child's guardian and agree that %(branch)s uses the child's name, the course of interest, my "
            "name and my phone number to call me and to arrange a trial lesson. Only the staff of the branch who do "
            "this see them; they are given to nobody else, and deleted when they are no longer needed. Nobody has to "
            "fill this in: asking in person or by phone is just as good. At the front desk I can see, correct or "
            "delete what is kept, or take back my consent, at any time."
        )
        % facts
    )


class NewFormForm(TokenMixin):
    channel = forms.ModelChoiceField(
        label=EnquiryForm._meta.get_field("channel").verbose_name,
        queryset=Channel.objects.filter(is_active=True),
        empty_label=None,
        help_text=gettext_lazy("Where the poster will hang: what comes in counts for this channel."),
    )
    headline = forms.CharField(
        label=EnquiryForm._meta.get_field("headline").verbose_name,
        max_length=40,
        initial=gettext_lazy("Book a free trial lesson"),
    )
    campaign = forms.ModelChoiceField(
        label=EnquiryForm._meta.get_field("campaign").verbose_name,
        queryset=Campaign.objects.none(),
        required=False,
        empty_label=pgettext_lazy("campaign", "None"),
    )
    consent = forms.CharField(
        label=ConsentText._meta.get_field("text").verbose_name,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Another wording is a new version; what families agreed to before is kept as it was."),
    )

    def __init__(self, *args, branch, today, **kwargs):
        super().__init__(*args, **kwargs)
        running = Campaign.objects.at(branch).filter(last_date__gte=today).select_related("channel")
        self.fields["campaign"].queryset = running
        if not running.exists():
            del self.fields["campaign"]
        self.fields["consent"].initial = standard_consent(branch)

    def clean(self):
        data = super().clean()
        campaign = data.get("campaign")
        if campaign and data.get("channel") and campaign.channel_id != data["channel"].pk:
            sentence = _("This campaign runs on the channel %(channel)s: choose that one, or no campaign.")
            self.add_error("campaign", sentence % {"channel": campaign.channel})
        return data


class NewSourceForm(forms.Form):
    name = forms.CharField(
        label=EnquirySource._meta.get_field("name").verbose_name,
        max_length=50,
        help_text=gettext_lazy("The system that posts, for example the form of the official account."),
    )
    channel = forms.ModelChoiceField(
        label=EnquirySource._meta.get_field("channel").verbose_name,
        queryset=Channel.objects.filter(is_active=True),
        empty_label=None,
    )
    is_for_school = forms.BooleanField(
        label=gettext_lazy("For all branches: each enquiry names its own"), required=False
    )


class CostsForm(forms.Form):
    """A month of a branch: one amount for each line, a channel or a campaign on it."""

    def __init__(self, *args, lines, **kwargs):
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[line.key] = YuanField(
                label=str(line), required=False, initial=line.amount_minor or None, max_digits=11
            )
            named = {"aria-label": _("Note on %(line)s") % {"line": line}, "placeholder": _("Note")}
            self.fields[f"{line.key}-note"] = forms.CharField(
                required=False, max_length=100, initial=line.note, widget=forms.TextInput(attrs=named)
            )

    def rows(self):
        """For the page: (line, amount field, note field)."""
        return [(line, self[line.key], self[f"{line.key}-note"]) for line in self.lines]
