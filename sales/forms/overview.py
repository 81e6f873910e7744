"""How the lists of enquiries are narrowed down and ordered, and what is done with the ticked ones."""

from django import forms
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course
from sales.todo import IN_POOL, NOBODYS
from students.forms import CustomFilterForm
from students.models import Channel, Enquiry

Stage = Enquiry.Stage
OPEN, EVERY = "", "any"
POOL = "pool"  # instead of a colleague


def _stage_order():
    steps = [When(stage=stage, then=Value(number)) for number, stage in enumerate(Stage.values)]
    return Case(*steps, output_field=IntegerField())


class EnquiryFilterForm(forms.Form):
    """Everything is asked in the address; nothing chosen means: open ones, those due first."""

    WHOSE = [
        ("mine", pgettext_lazy("enquiry", "Mine")),
        ("nobodys", pgettext_lazy("enquiry", "Nobody's")),
        ("pool", pgettext_lazy("enquiry", "In the pool")),
        ("all", pgettext_lazy("enquiry", "All")),
    ]
    DUE = [
        ("now", _("To do today")),
        ("overdue", pgettext_lazy("follow-up", "Overdue")),
        ("today", pgettext_lazy("follow-up", "Later today")),
        ("none", pgettext_lazy("follow-up", "No date")),
        ("idle", _("Nobody works them")),
        ("pool", _("Soon back in the pool")),
    ]
    SORTS = {
        "due": F("next_follow_up_at"),
        "child": F("child_name"),
        "stage": _stage_order(),
        "owner": F("owner__name"),
        "contact": F("last_contact_at"),
        "registered": F("registered_date"),
    }
    LOOKUPS = {"branch": "branch", "channel": "channel", "course": "course", "owner": "owner"}

    q = forms.CharField(
        label=pgettext_lazy("list", "Search"),
        max_length=50,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, or last digits of the phone")}),
    )
    whose = forms.ChoiceField(choices=[("", ""), *WHOSE], required=False, widget=forms.HiddenInput)
    stage = forms.ChoiceField(
        label=pgettext_lazy("enquiry", "Stage"),
        choices=[(OPEN, _("All open ones")), *Stage.choices, (EVERY, _("Closed ones too"))],
        required=False,
    )
    due = forms.ChoiceField(label=_("Next follow-up"), choices=[("", _("Any date")), *DUE], required=False)
    owner = forms.ModelChoiceField(
        User.objects.none(), label=_("followed up by"), empty_label=_("All colleagues"), required=False
    )
    channel = forms.ModelChoiceField(
        Channel.objects.none(), label=_("Channel"), empty_label=_("All channels"), required=False
    )
    course = forms.ModelChoiceField(
        Course.objects.none(), label=_("Course"), empty_label=_("All courses"), required=False
    )
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=_("Branch"), empty_label=_("All branches"), required=False
    )
    sort = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data, *, user, branches, colleagues, conditions, only=None):
        """`only`: one of WHOSE, for a page that shows no others."""
        super().__init__(data)
        self.user, self.conditions, self.only = user, conditions, only
        offers = {"branch": branches, "channel": Channel.objects.all(), "course": Course.objects.filter(is_active=True)}
        for name, rows in offers.items():
            self.fields[name].queryset = rows
        self.fields["owner"].queryset = colleagues
        for name in ["owner", "due"] if only == "pool" else []:  # nobody's, and without a date
            del self.fields[name]
        self.has_branches = len(branches) > 1
        if not self.has_branches:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.visible_fields():
            field.field.widget.attrs |= {"class": "qx-select", "aria-label": field.label}
            if field.name != "q":
                field.field.widget.attrs["data-submit"] = True
        self.is_valid()  # a field with an error filters nothing
        self.custom = CustomFilterForm(data, target="enquiry", form_id="enquiry-filters")

    def chosen(self, name):
        return self.cleaned_data.get(name) or ""

    @property
    def whose_chosen(self):
        """Without a choice: one's own; for who leads, and for who searches, all."""
        if self.only or self.chosen("whose"):
            return self.only or self.chosen("whose")
        return "all" if self.chosen("q") or self.chosen("owner") or self._leads else "mine"

    @property
    def _leads(self):
        return self.user.has_perm("students.assign_enquiry")

    def narrow(self, enquiries):
        """By everything but whose they are: the tabs count these."""
        chosen = {lookup: self.cleaned_data.get(name) for name, lookup in self.LOOKUPS.items()}
        enquiries = enquiries.filter(**{lookup: value for lookup, value in chosen.items() if value})
        text, due = self.chosen("q"), self.chosen("due")
        enquiries = enquiries.matching(text) if text else enquiries
        enquiries = enquiries.open().filter(self.conditions[due]) if due else enquiries
        return self.custom.narrow(self._in_stage(enquiries))

    def _in_stage(self, enquiries):
        stage = self.chosen("stage")
        if stage in Stage.values:
            return enquiries.filter(stage=stage)
        return enquiries if stage == EVERY or self.chosen("q") else enquiries.open()

    @property
    def tabs(self):
        """name → condition."""
        return {"mine": Q(owner=self.user), "nobodys": NOBODYS, "pool": IN_POOL, "all": Q(pk__isnull=False)}

    @property
    def order(self):
        name = self.chosen("sort")
        column = self.SORTS.get(name.removeprefix("-"), self.SORTS["due"])
        if name.startswith("-") and name.removeprefix("-") in self.SORTS:
            return [column.desc(nulls_last=True), "-pk"]
        return [column.asc(nulls_last=True), "-pk"]


class GiveForm(forms.Form):
    """The ticked enquiries, and to whom they go: a colleague of their branches, or the pool."""

    pick = forms.ModelMultipleChoiceField(
        Enquiry.objects.none(), error_messages={"required": _("Tick the enquiries first.")}
    )
    to = forms.ChoiceField(error_messages={"required": _("Choose a colleague, or the pool.")})
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    confirmed = forms.BooleanField(required=False)
    next = forms.ChoiceField(choices=[("enquiry", "")], required=False)  # back to its page, instead of to the list

    def __init__(self, data=None, *, enquiries, colleagues, **kwargs):
        super().__init__(data, **kwargs)
        self.colleagues = {str(one.pk): one for one in colleagues}
        self.fields["pick"].queryset = enquiries
        self.fields["to"].choices = [(POOL, ""), *((pk, str(one)) for pk, one in self.colleagues.items())]

    @property
    def receiver(self):
        """None: the pool."""
        return self.colleagues.get(self.cleaned_data["to"])


class GiveUpForm(forms.Form):
    reason = forms.CharField(max_length=200)
