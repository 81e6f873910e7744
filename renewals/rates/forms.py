"""Which period and whose children the rates of renewal are of."""

from django import forms
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import User
from core.clock import local_date, month_after, month_of
from courses.models import Course
from renewals.rates.formulas import Period, month_period
from renewals.rates.scope import Scope
from scheduling.models import ClassGroup
from students.models import Student

MONTHS_SHOWN = 25  # this one, and those before
LONGEST = 366  # days of a period
EVERYWHERE = "all"  # in place of a branch


class ScopeForm(forms.Form):
    """Whose: a branch, or all of them that the person may see the rates of. Without a choice the first branch."""

    branch = forms.ChoiceField(label=gettext_lazy("Branch"), required=False)

    def __init__(self, data, *, branches, now):
        super().__init__(data)
        self.branches = list(branches)
        first = self.branches[0] if self.branches else None
        self.today = local_date(now, first.time_zone if first else "Asia/Shanghai")
        everywhere = [(EVERYWHERE, _("All branches"))] if len(self.branches) > 1 else []
        self.fields["branch"].choices = [(str(one.pk), str(one)) for one in self.branches] + everywhere
        if not everywhere:
            self.fields["branch"].widget = forms.HiddenInput()
        for field in self.fields.values():
            field.widget.attrs |= {"class": "qx-select", "data-submit": True, "aria-label": field.label}

    @property
    def branch_chosen(self):
        """None for all of them."""
        chosen = str(self.data.get("branch") or "")
        if chosen == EVERYWHERE:
            return None
        return next(
            (one for one in self.branches if str(one.pk) == chosen), self.branches[0] if self.branches else None
        )

    @property
    def branch_ids(self):
        chosen = self.branch_chosen
        return frozenset([chosen.pk] if chosen else [one.pk for one in self.branches])

    @property
    def branch_value(self):
        return str(self.branch_chosen.pk) if self.branch_chosen else EVERYWHERE


class RateForm(ScopeForm):
    """A month, or a term from a day until a day; of one course, class teacher, class or adviser when one is chosen."""

    month = forms.ChoiceField(label=pgettext_lazy("calendar", "Month"), required=False)
    first = forms.DateField(label=gettext_lazy("from day"), required=False)
    last = forms.DateField(label=gettext_lazy("until day"), required=False)
    course = forms.ModelChoiceField(Course.objects.none(), label=gettext_lazy("Course"), required=False)
    teacher = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Class teacher"), required=False)
    adviser = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Adviser"), required=False)
    class_group = forms.ModelChoiceField(ClassGroup.objects.none(), label=gettext_lazy("Class"), required=False)
    field_order = ["month", "branch", "course", "teacher", "class_group", "adviser", "first", "last"]

    def __init__(self, data, *, branches, now):
        super().__init__(data, branches=branches, now=now)
        months = [month_after(month_of(self.today), -back) for back in range(MONTHS_SHOWN)]
        self.months = {f"{month:%Y-%m}": month for month in months}
        words = [(value, formats.date_format(month, "YEAR_MONTH_FORMAT")) for value, month in self.months.items()]
        self.fields["month"].choices = [("", _("A term")), *words] if self.data.get("first") else words
        self._offer()
        for name in ("first", "last"):
            attrs = {"type": "date", "class": "qx-select", "aria-label": self.fields[name].label}
            self.fields[name].widget = forms.DateInput(attrs, format="%Y-%m-%d")

    def _offer(self):
        """What there is in the branches chosen; teachers and classes of one branch, not of a hundred."""
        groups = ClassGroup.objects.filter(branch__in=self.branch_ids)
        one_branch = groups if self.branch_chosen else groups.none()
        advisers = Student.objects.filter(branches__in=self.branch_ids).values("adviser")
        offered = {
            "course": (Course.objects.all(), _("All courses")),
            "teacher": (User.objects.filter(pk__in=one_branch.values("teacher")).order_by("name"), _("All teachers")),
            "class_group": (one_branch.order_by("name"), _("All classes")),
            "adviser": (User.objects.filter(pk__in=advisers).order_by("name"), _("All advisers")),
        }
        for name, (rows, nobody) in offered.items():
            self.fields[name].queryset, self.fields[name].empty_label = rows, nobody

    def clean(self):
        data = super().clean()
        first, last = data.get("first"), data.get("last")
        if bool(first) != bool(last):
            raise forms.ValidationError(_("A term has a first and a last day: choose both, or neither for a month."))
        if first and not 0 <= (last - first).days < LONGEST:
            raise forms.ValidationError(_("The last day comes after the first, within a year: choose other days."))
        return data

    @property
    def period(self):
        """The term when its days are right, else the month that was chosen, else this month."""
        if self.is_valid() and self.cleaned_data.get("first"):
            return Period(self.cleaned_data["first"], self.cleaned_data["last"])
        return month_period(self.months.get(self.cleaned_data.get("month"), self.today))

    @property
    def scope(self):
        self.is_valid()  # a field with an error says so, and narrows nothing down
        chosen = {name: self.cleaned_data.get(name) for name in ("course", "teacher", "adviser", "class_group")}
        return Scope(branch_ids=self.branch_ids, **chosen)
