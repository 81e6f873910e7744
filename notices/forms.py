"""What is written, for whom, and what the buttons of a notice carry."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch
from core.clock import local_date
from courses.models import Course, Subject
from messaging.lint import has_errors
from notices.audience import MANY, SINGLE, Audience, offered_classes
from notices.models import LONGEST_TEXT, Notice
from notices.services.drafts import WORDS
from notices.words import Wording
from scheduling.models import ClassGroup


class ClassChoiceField(forms.ModelMultipleChoiceField):
    """Classes by name; with the branch where there are several."""

    names_branch = False

    def label_from_instance(self, group):
        return f"{group.branch} · {group}" if self.names_branch else str(group)


def _several(queryset, label, field=forms.ModelMultipleChoiceField, **kwargs):
    return field(queryset, label=label, required=False, widget=forms.CheckboxSelectMultiple, **kwargs)


class NoticeForm(forms.ModelForm):
    """The words and the choice of people; `audience` is what was chosen."""

    warnings = ()  # what carriers frown on, once the words were looked at

    token = forms.CharField(max_length=64, widget=forms.HiddenInput)
    branches = _several(Branch.objects.none(), gettext_lazy("Branches"))
    class_groups = _several(ClassGroup.objects.none(), gettext_lazy("Classes"), ClassChoiceField)
    courses = _several(Course.objects.all(), gettext_lazy("Courses"))
    subjects = _several(Subject.objects.all(), pgettext_lazy("notice", "Subjects"))

    class Meta:
        model = Notice
        fields = [*WORDS, *MANY, *SINGLE]
        labels = {
            "text": gettext_lazy("What you want to say"),
            "with_names": gettext_lazy("Begin with the child's name"),
            "purpose": gettext_lazy("What it is"),
            "last_date": gettext_lazy("Not after this day"),
            "who": pgettext_lazy("notice", "Who"),
            "run_out_days": gettext_lazy("Lessons run out within so many days"),
            "credits_at_most": gettext_lazy("So many lessons left, or fewer"),
            "is_owing": gettext_lazy("Has an order that is not fully paid"),
        }
        widgets = {
            "text": forms.Textarea(attrs={"rows": 5, "maxlength": LONGEST_TEXT, "autofocus": True}),
            "last_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "purpose": forms.RadioSelect,
            "who": forms.RadioSelect,
        }
        error_messages = {"text": {"required": gettext_lazy("Write what you want to say.")}}

    def __init__(self, *args, branches, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.all_branches = list(branches)
        self.today = local_date(now, self.all_branches[0].time_zone)
        self.fields["branches"].queryset = branches
        self.fields["purpose"].choices = Notice.PURPOSES
        chosen = self.instance.class_groups.values("pk") if self.instance.pk else []
        self.fields["class_groups"].queryset = offered_classes(branches, now=now, chosen=chosen)
        self.fields["class_groups"].names_branch = len(self.all_branches) > 1

    @property
    def is_of_one_branch(self):
        return len(self.all_branches) == 1

    @property
    def has_narrowed(self):
        """Something beyond branches and classes is chosen: the page shows these fields at once."""
        names = ["courses", "subjects", "run_out_days", "credits_at_most", "is_owing"]
        return any(self[name].value() for name in names) or self["who"].value() == Notice.Who.ALL

    def clean_text(self):
        """A line ends as a phone counts it, with one sign."""
        return self.cleaned_data["text"].replace("\r\n", "\n")

    def clean_last_date(self):
        day = self.cleaned_data["last_date"]
        if day and day < self.today:
            raise forms.ValidationError(_("This day is over: choose a later one, or none."))
        return day

    def clean(self):
        data = super().clean()
        groups = list(data.get("class_groups", []))
        if groups:  # a class brings its branch with it
            data["branches"] = list({group.branch_id: group.branch for group in groups}.values())
        elif self.is_of_one_branch:
            data["branches"] = self.all_branches
        if not data.get("branches"):
            self.add_error("branches", _("Choose a branch or a class."))
        elif "text" in data and "purpose" in data:
            self._check_words(data)
        return data

    def _check_words(self, data):
        wording = Wording(self.draft)
        found = [finding for branch in data["branches"] for finding in wording.findings(branch)]
        sentences = dict.fromkeys(finding.sentence for finding in found if finding.is_error)
        if has_errors(found):
            self.add_error("text", list(sentences))
        self.warnings = list(dict.fromkeys(finding.sentence for finding in found if not finding.is_error))

    @property
    def words(self):
        return {name: self.cleaned_data.get(name) for name in WORDS}

    @property
    def draft(self):
        """The words as a notice that is not kept; an empty text is one too."""
        words = self.words | {"text": self.cleaned_data.get("text", ""), "purpose": self.cleaned_data.get("purpose")}
        return Notice(**words)

    @property
    def audience(self):
        many = {name: list(self.cleaned_data.get(name, [])) for name in MANY}
        return Audience(**many, **{name: self.cleaned_data.get(name) for name in SINGLE})


class StepForm(forms.Form):
    """What a button of a notice carries: the step, the number that was seen, why it is sent back."""

    step = forms.CharField(max_length=20)
    number = forms.IntegerField(min_value=0, required=False)
    reason = forms.CharField(max_length=200, required=False)
    token = forms.CharField(max_length=64, required=False)


class NoticeFilterForm(forms.Form):
    state = forms.ChoiceField(
        label=pgettext_lazy("notice", "State"),
        choices=[("", gettext_lazy("All notices")), *Notice.State.choices],
        required=False,
    )
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=gettext_lazy("All branches"), required=False
    )

    def __init__(self, *args, branches, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = branches
        if len(branches) == 1:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.label}
        self.is_valid()  # a field with an error says so, and filters nothing

    def narrow(self, notices):
        state, branch = self.cleaned_data.get("state"), self.cleaned_data.get("branch")
        if branch:
            notices = notices.in_branches([branch.pk])
        return notices.filter(state=state) if state else notices
