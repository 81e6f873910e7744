"""The list of classes, and who goes where: waiting for a seat, moving to another class."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import Branch, User
from courses.models import Course
from enrolments.models import Enrolment
from scheduling.forms.lesson import DateInput
from scheduling.models import ClassGroup, ClassMember


class WaitForm(forms.Form):
    """Who waits for a seat: a child of the course that is not in the class."""

    enrolment = forms.ModelChoiceField(
        Enrolment.objects.none(), label=gettext_lazy("Child"), empty_label=gettext_lazy("Choose a child")
    )

    def __init__(self, *args, class_group, **kwargs):
        super().__init__(*args, **kwargs)
        inside = class_group.members.filter(left_date__isnull=True)
        here = Enrolment.objects.filter(branch=class_group.branch_id, course=class_group.course_id)
        outside = here.exclude(pk__in=inside.values("enrolment")).select_related("student")
        self.fields["enrolment"].queryset = outside.order_by("student__name", "pk")
        self.fields["enrolment"].label_from_instance = lambda enrolment: enrolment.student.name
        self.fields["enrolment"].widget.attrs |= {"class": "qx-select", "aria-label": self.fields["enrolment"].label}


class TransferForm(forms.Form):
    """Which children go where, and from when."""

    member = forms.ModelMultipleChoiceField(
        ClassMember.objects.none(), label=gettext_lazy("Children"), widget=forms.CheckboxSelectMultiple
    )
    target = forms.ModelChoiceField(ClassGroup.objects.none(), label=gettext_lazy("To the class"))
    from_date = forms.DateField(label=gettext_lazy("From this day on"), widget=DateInput(format="%Y-%m-%d"))
    ends_source = forms.BooleanField(
        label=gettext_lazy("Then the old class ends"),
        required=False,
        help_text=gettext_lazy("Its lessons to come are cancelled. Only when nobody stays in it."),
    )
    keep_reason = forms.CharField(label=gettext_lazy("Reason to keep it all the same"), max_length=200, required=False)

    def __init__(self, *args, class_group, may_keep_clash, may_end, **kwargs):
        super().__init__(*args, **kwargs)
        members = class_group.members.filter(left_date__isnull=True).select_related("enrolment__student")
        self.fields["member"].queryset = members.order_by("enrolment__student__name", "pk")
        self.fields["member"].label_from_instance = lambda member: member.enrolment.student.name
        same = ClassGroup.objects.filter(branch=class_group.branch_id, course=class_group.course_id)
        self.fields["target"].queryset = same.exclude(pk=class_group.pk).with_counts().order_by("name")
        self.fields["target"].label_from_instance = _class_with_seats
        if not may_keep_clash:
            del self.fields["keep_reason"]
        if not may_end:
            del self.fields["ends_source"]


def _class_with_seats(group):
    level = f" {group.level}" if group.level else ""
    return f"{group.name}{level} · {group.student_count}/{group.capacity}"


class ClassFilterForm(forms.Form):
    """What the list of classes is narrowed down to, and its order."""

    LOOKUPS = {"branch": "branch", "course": "course", "teacher": "teacher"}
    STATES = [
        ("", pgettext_lazy("classes", "Running")),
        ("over", gettext_lazy("Over-full")),
        ("free", gettext_lazy("With free seats")),
        ("waiting", gettext_lazy("With a waiting list")),
        ("finished", pgettext_lazy("classes", "Finished")),
    ]
    SORTS = {
        "": ("next_starts_at", "name"),
        "name": ("name",),
        "full": ("free_seats", "name"),
        "left": ("lessons_left", "name"),
    }
    q = forms.CharField(label=gettext_lazy("Class or teacher"), max_length=50, required=False)
    branch = forms.ModelChoiceField(
        Branch.objects.none(), label=gettext_lazy("Branch"), empty_label=gettext_lazy("All branches"), required=False
    )
    course = forms.ModelChoiceField(
        Course.objects.none(), label=gettext_lazy("Course"), empty_label=gettext_lazy("All courses"), required=False
    )
    teacher = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("Teacher"), empty_label=gettext_lazy("All teachers"), required=False
    )
    sort = forms.ChoiceField(
        label=pgettext_lazy("of a list", "Order"),
        choices=[
            ("", gettext_lazy("Next lesson first")),
            ("name", gettext_lazy("By name")),
            ("full", gettext_lazy("Fullest first")),
            ("left", gettext_lazy("Fewest lessons left")),
        ],
        required=False,
    )
    state = forms.ChoiceField(choices=STATES, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, groups, branches, **kwargs):
        super().__init__(*args, **kwargs)
        groups = groups.order_by()
        self.fields["branch"].queryset = branches
        self.fields["course"].queryset = Course.objects.filter(pk__in=groups.values("course"))
        self.fields["teacher"].queryset = User.objects.filter(pk__in=groups.values("teacher"))
        if len(branches) < 2:
            self.fields["branch"].widget = forms.HiddenInput()
        for bound in self.visible_fields():
            at_once = {} if bound.name == "q" else {"data-submit": True}
            bound.field.widget.attrs |= {"class": "qx-select", "aria-label": bound.label, **at_once}
        self.fields["q"].widget.attrs |= {"placeholder": self.fields["q"].label, "type": "search"}
        self.is_valid()  # a field with an error says so, and filters nothing

    def narrow(self, groups):
        chosen = {lookup: self.cleaned_data.get(name) for name, lookup in self.LOOKUPS.items()}
        groups = groups.filter(**{lookup: value for lookup, value in chosen.items() if value})
        text = self.cleaned_data.get("q")
        return groups.filter(Q(name__icontains=text) | Q(teacher__name__icontains=text)) if text else groups

    @property
    def chosen_state(self):
        return self.cleaned_data.get("state", "")

    @property
    def order(self):
        return self.SORTS[self.cleaned_data.get("sort", "")]
