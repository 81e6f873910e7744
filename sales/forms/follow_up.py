"""Writing down what was said: an outcome, when to get in touch again; words, photos and a voice note if any."""

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from branches.models import Branch
from core.clock import moment
from core.forms import TokenMixin
from sales.next_dates import quick_dates
from students.models import Enquiry, FollowUp
from students.services import FileRefusedError, check_file
from students.services.files import MEGABYTE, MOST_BYTES, MOST_FILES, MOST_SECONDS

ADD = "students.add_followup"
PICK, NONE, CLOSE = "pick", "none", "close"
PICTURES = "image/jpeg,image/png,image/webp"  # named one by one, an iPhone sends JPEG and not HEIC


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files: a list."""

    widget = FilesInput

    def clean(self, data, initial=None):
        clean_one = super().clean
        return [clean_one(one, initial) for one in data or []]


class FollowUpForm(TokenMixin):
    outcome = forms.ChoiceField(
        label=pgettext_lazy("follow-up", "Outcome"),
        choices=FollowUp.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say how it went: choose one.")},
    )
    way = forms.ChoiceField(
        label=pgettext_lazy("follow-up", "Way"),
        choices=FollowUp.Way.choices,
        initial=FollowUp.Way.CALL,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("What was said"), max_length=1000, required=False, widget=forms.Textarea({"rows": 2})
    )
    photos = FilesField(
        label=pgettext_lazy("follow-up", "Photo"),
        required=False,
        widget=FilesInput({"accept": "image/*", "capture": "environment"}),
    )
    papers = FilesField(
        label=pgettext_lazy("follow-up", "File"),
        required=False,
        widget=FilesInput({"accept": f"application/pdf,{PICTURES}"}),
    )
    voice = forms.FileField(
        label=pgettext_lazy("follow-up", "Voice note"),
        required=False,
        widget=forms.FileInput({"accept": "audio/*", "capture": True}),
    )
    seconds = forms.IntegerField(min_value=1, max_value=MOST_SECONDS, required=False, widget=forms.HiddenInput)

    most_seconds = MOST_SECONDS
    most_megabytes = max(MOST_BYTES.values()) // MEGABYTE

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"auto_id": "follow_up_%s"} | kwargs)  # it stands on pages with other forms

    def clean(self):
        data = super().clean()
        uploads = [*data.get("photos", []), *data.get("papers", []), *filter(None, [data.get("voice")])]
        if len(uploads) > MOST_FILES:
            text = ngettext(
                "At most %(number)d file is kept with a follow-up: leave some out.",
                "At most %(number)d files are kept with a follow-up: leave some out.",
                MOST_FILES,
            )
            raise ValidationError(text % {"number": MOST_FILES})
        data["files"] = [file for upload in uploads if (file := self._checked(upload, data.get("seconds")))]
        return data

    def _checked(self, upload, seconds):
        try:
            return check_file(upload, seconds=seconds)
        except FileRefusedError as error:
            self.add_error(None, str(error))

    def facts(self):
        """For the service."""
        return {name: self.cleaned_data[name] for name in ("outcome", "way", "text", "token", "files")}


class EnquiryFollowUpForm(FollowUpForm):
    """What is pressed says what comes next: a date (its UTC moment), "pick", "none", or "close"."""

    next = forms.CharField(required=False, max_length=40)
    picked_at = forms.CharField(
        label=gettext_lazy("Day and time"), required=False, widget=forms.TextInput({"type": "datetime-local"})
    )
    lost_reason = forms.ChoiceField(
        label=gettext_lazy("Why"), choices=Enquiry.LostReason.choices, required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args, enquiry, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.enquiry, self.now = enquiry, now

    @property
    def dates(self):
        """[(value, word)] of the days that are one click away, each day once."""
        quick = quick_dates(self.now, self.enquiry.branch.time_zone).values()
        words = {at: word for word, at in reversed(quick)}
        return [(at.isoformat(), words[at]) for at in sorted(words)]

    def clean(self):
        data = super().clean()
        pressed = data.get("next") or PICK
        data["next_at"] = self._moment(pressed) if pressed not in (NONE, CLOSE) else None
        if pressed != CLOSE:
            data["lost_reason"] = ""
        elif not data.get("lost_reason"):
            self.add_error("lost_reason", _("Say why it came to nothing: choose one."))
        return data

    def _moment(self, pressed):
        try:
            at = self._picked() if pressed == PICK else datetime.fromisoformat(pressed)
            is_over = at <= self.now
        except (TypeError, ValueError, OverflowError):
            self.add_error("picked_at", _("Say when to get in touch again, or that there is no date."))
            return None
        if is_over:
            self.add_error("picked_at", _("This moment is over: choose a later one."))
        return at

    def _picked(self):
        """By the clock on the branch's wall."""
        at = datetime.fromisoformat(self.cleaned_data.get("picked_at", ""))
        return moment(at.date(), at.time(), self.enquiry.branch.time_zone)

    def facts(self):
        return super().facts() | {name: self.cleaned_data[name] for name in ("next_at", "lost_reason")}


class StudentFollowUpForm(FollowUpForm):
    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=None)

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        self.fields["branch"].initial = branches[0]
        if len(branches) == 1:
            self.fields["branch"].widget = forms.HiddenInput()

    def facts(self):
        return super().facts() | {"branch": self.cleaned_data["branch"]}


def branches_to_write_at(user, student):
    """Those of the child where the person may write down what was said."""
    return user.branches_with(ADD).filter(students=student).order_by("pk")
