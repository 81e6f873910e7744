"""What is asked when somebody asks: four fields, and the rest for whoever has the time."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, Count, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch, User
from core.clock import local_date
from core.forms import TokenMixin
from core.names import clean_name
from core.phones import national, parse_phone
from courses.models import Course
from sales.colleagues import colleagues_at
from sales.next_dates import quick_dates
from students.forms import CustomFieldsMixin
from students.models import Channel, Enquiry, Student

USED_LATELY = timedelta(days=30)
PICK = "pick"
MORE = ["grade", "guardian_name", "referrer", "referred_by", "note", "owner", "next", "next_at"]
OFFERED = 8  # children of a name, to choose from


def channels_for(branches, today):
    """Those in use, what was used most during the last weeks first."""
    lately = Enquiry.objects.filter(branch__in=branches, registered_date__gt=today - USED_LATELY)
    uses = lately.order_by().values("channel").annotate(number=Count("pk")).values_list("channel", "number")
    cases = [When(pk=pk, then=number) for pk, number in uses if pk]
    most_used = [Case(*cases, default=0).desc()] if cases else []  # PostgreSQL takes a bare 0 for a column's number
    return Channel.objects.filter(is_active=True).order_by(*most_used, "position", "name")


class FactsForm(CustomFieldsMixin, forms.Form):
    """What is known of who asks: taken in at first, completed later."""

    custom_target = "enquiry"

    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30)
    child_name = forms.CharField(label=gettext_lazy("Child's name"), max_length=50)
    course = forms.ModelChoiceField(
        Course.objects.none(), label=gettext_lazy("Course"), required=False, empty_label=gettext_lazy("Not known yet")
    )
    channel = forms.ModelChoiceField(
        Channel.objects.none(),
        label=gettext_lazy("Channel"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say how the family came to ask.")},
    )
    grade = forms.CharField(label=gettext_lazy("Grade"), max_length=20, required=False)
    guardian_name = forms.CharField(label=gettext_lazy("Guardian's name"), max_length=50, required=False)
    referrer = forms.CharField(
        label=gettext_lazy("Brought by"),
        help_text=gettext_lazy("The child that brought them: its name, or the last digits of the family's phone."),
        max_length=50,
        required=False,
    )
    referred_by = forms.ModelChoiceField(
        Student.objects.none(), label=gettext_lazy("Which child?"), required=False, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args, user, now, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.now, self.branches = user, now, list(branches)
        self.today = local_date(now, self.branches[0].time_zone)
        self.fields["course"].queryset = Course.objects.filter(is_active=True)
        self.fields["channel"].queryset = channels_for(self.branches, self.today)
        self.fields["channel"].empty_label = None
        self.fields["channel"].required = Channel.objects.filter(is_active=True).exists()
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        self.fields["child_name"].widget.attrs |= {"autocomplete": "off"}
        self.candidates = self._candidates()
        self.fields["referred_by"].queryset = self.candidates
        self.fields["referred_by"].empty_label = None

    def _candidates(self):
        """The children that the words may mean, of those whom the person may see."""
        words = self.data.get("referrer", "").replace("\0", "").strip() if self.is_bound else ""
        if not words:
            return Student.objects.none()
        found = Student.objects.visible_to(self.user).matching(words).values("pk")[:OFFERED]
        return Student.objects.filter(pk__in=list(found.values_list("pk", flat=True)))

    @property
    def asks_which_child(self):
        return self.is_bound and len(self.candidates) > 1

    @property
    def referral_channels(self):
        """For the page: with these it asks which child brought them."""
        return [channel.pk for channel in self.fields["channel"].queryset if channel.is_referral]

    def clean_phone(self):
        return parse_phone(self.cleaned_data["phone"])

    def clean_child_name(self):
        return clean_name(self.cleaned_data["child_name"])

    def clean_guardian_name(self):
        return clean_name(self.cleaned_data["guardian_name"])

    def clean_referred_by(self):
        chosen, words = self.cleaned_data["referred_by"], self.cleaned_data.get("referrer")
        if not words or chosen:
            return chosen
        if not self.candidates:
            raise ValidationError(_("No child of your branches is found by “%(words)s”.") % {"words": words})
        if len(self.candidates) > 1:
            raise ValidationError(_("Several children are found: choose the one that brought them."))
        return self.candidates[0]

    def facts(self):
        """For the service; `referrer` was only a way to find the child."""
        names = ("phone", "child_name", "course", "channel", "grade", "guardian_name", "referred_by", "note")
        names += ("custom_values",)
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class EnquiryForm(TokenMixin, FactsForm):
    """A new enquiry, and when somebody gets in touch next."""

    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=None)
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Followed up by"),
        required=False,
        empty_label=gettext_lazy("By the branch's rule"),
    )
    next = forms.ChoiceField(label=gettext_lazy("Next follow-up"), required=False, widget=forms.RadioSelect)
    next_at = forms.DateTimeField(
        label=gettext_lazy("Day and time"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = Branch.objects.filter(pk__in=[branch.pk for branch in self.branches])
        self.fields["branch"].initial = self.branches[0]
        self.is_of_one_branch = len(self.branches) == 1
        if self.is_of_one_branch:
            self.fields["branch"].widget = forms.HiddenInput()
        self.fields["phone"].widget.attrs["autofocus"] = True
        self._offer_owners()
        self._offer_dates()

    def _offer_owners(self):
        """Giving to somebody else is for those who may assign; everybody else takes what the rule says."""
        givers = list(self.user.branches_with("students.assign_enquiry").filter(pk__in=self.fields["branch"].queryset))
        if not givers:
            del self.fields["owner"]
            return
        self.fields["owner"].queryset = colleagues_at(givers, self.today).order_by("name")

    def _offer_dates(self):
        self.dates = quick_dates(self.now, self.branches[0].time_zone)
        words = [(key, word) for key, (word, _at) in self.dates.items()]
        self.fields["next"].choices = [*words, (PICK, pgettext_lazy("next contact", "Another day"))]

    @property
    def has_more(self):
        """Something is wrong, or chosen, in what is folded away."""
        folded = [*(self[name] for name in MORE if name in self.fields), *self.custom_optional]
        return any(field.errors or field.value() for field in folded)

    def clean_next_at(self):
        at = self.cleaned_data["next_at"]
        if self.cleaned_data.get("next") != PICK:
            return None
        if at is None:
            raise ValidationError(_("Choose the day and the time."))
        if at <= self.now:
            raise ValidationError(_("This moment is over: choose a later one."))
        return at

    def clean(self):
        data = super().clean()
        owner, branch = data.get("owner"), data.get("branch")
        if owner and branch and not colleagues_at([branch], self.today).filter(pk=owner.pk).exists():
            self.add_error("owner", _("%(person)s does not work at %(branch)s.") % {"person": owner, "branch": branch})
        return data

    def facts(self):
        """By the clock of the branch where it is registered."""
        data, branch = self.cleaned_data, self.cleaned_data["branch"]
        dates = quick_dates(self.now, branch.time_zone)
        chosen = dates[data["next"]][1] if data["next"] in dates else data.get("next_at")
        return super().facts() | {"branch": branch, "owner": data.get("owner"), "next_follow_up_at": chosen}


class EnquiryFactsForm(FactsForm):
    """What is known of an enquiry, put right. The first channel stays, once there is one."""

    def __init__(self, *args, enquiry, **kwargs):
        initial = {name: getattr(enquiry, name) for name in ("child_name", "grade", "guardian_name", "note")}
        initial |= {"phone": national(enquiry.phone), "course": enquiry.course_id, "channel": enquiry.channel_id}
        initial["referrer"] = str(enquiry.referred_by or "")
        known = {"initial": initial, "branches": [enquiry.branch], "custom_values": enquiry.custom_values}
        super().__init__(*args, **kwargs | known)
        self.enquiry = enquiry
        if enquiry.channel_id:
            del self.fields["channel"]
        else:
            self.fields["channel"].required = False
        if enquiry.course_id:  # also one that is not offered any more
            offered = self.fields["course"].queryset | Course.objects.filter(pk=enquiry.course_id)
            self.fields["course"].queryset = offered

    def clean_referred_by(self):
        """The name that stands there already means the child that is there already."""
        before = self.enquiry.referred_by
        if before and self.cleaned_data.get("referrer") == str(before):
            return before
        return super().clean_referred_by()


class LostForm(forms.Form):
    """Why an enquiry came to nothing."""

    lost_reason = forms.ChoiceField(
        label=pgettext_lazy("lost", "Why"),
        choices=Enquiry.LostReason.choices,
        widget=forms.Select({"class": "qx-select"}),
    )
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        words = _("In your words")
        self.fields["reason"].widget.attrs |= {"class": "eq-words", "placeholder": words, "aria-label": words}


class AskForm(forms.Form):
    """Whose enquiry is wanted: known by its whole number, so that nobody goes through the numbers of the rows."""

    enquiry = forms.IntegerField()
    phone = forms.CharField(max_length=30)
    ask_reason = forms.CharField(max_length=200, required=False)

    def clean_phone(self):
        return parse_phone(self.cleaned_data["phone"])
