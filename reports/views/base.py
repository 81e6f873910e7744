"""What the pages of numbers share: the choice of days and branches, the links to rows, the workbook."""

from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from branches.models import Branch, User
from branches.pages import StaffPageMixin
from core.workbook import workbook_bytes, workbook_response
from courses.models import Course
from reports import words
from reports.forms import NumbersForm
from reports.tables import Column, formula_sheet
from students.models import Channel

NAMED = {"channel": Channel, "owner": User, "branch": Branch, "course": Course, "teacher": User}
NONE = "none"  # in place of a group: nothing was chosen there
CHOICES = ("period", "first", "last", "branch", "by", "basis")


class NumbersMixin(StaffPageMixin):
    """Only of the branches where the person may see the numbers; every row comes from `visible_to`."""

    permission_required = "reports.view_reports"
    dimensions = ()

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        dimensions = {name: words.DIVIDED[name] for name in self.dimensions}
        return NumbersForm(self.request.GET, branches=branches, now=self.now, dimensions=dimensions)

    @cached_property
    def scope(self):
        return self.form.scope_for(self.request.user)

    @property
    def chosen(self):
        """What was chosen, for links: nothing else from the address goes on."""
        return {name: self.request.GET[name] for name in CHOICES if self.request.GET.get(name)}

    @property
    def address(self):
        return urlencode(self.chosen)

    def link(self, figure, **more):
        """The page with the rows behind a figure; `group` is one of the groups of the dimension."""
        asked = {**self.chosen, "figure": figure, **more}
        asked = {name: value for name, value in asked.items() if value is not None}
        return f"{reverse('numbers_rows')}?{urlencode(asked)}"

    def names_of(self, dimension, keys):
        """{id: name} of the groups; what is nobody's has a name as well."""
        found = NAMED[dimension].objects.in_bulk([key for key in keys if key])
        return {key: str(found.get(key, "")) if key else str(words.WITHOUT.get(dimension, "")) for key in keys}


class TablesView(NumbersMixin, TemplateView):
    """A page of cards, a trend and tables; with `?xlsx` the tables as a workbook."""

    template_name = "reports/page.html"
    page = ""  # its tab, and the name of its URL
    with_basis = False
    cards = ()
    chart = None
    tables = ()

    def get(self, request, *args, **kwargs):
        if "xlsx" not in request.GET:
            return super().get(request, *args, **kwargs)
        tables = self.tables
        sheets = [*(table.sheet for table in tables), formula_sheet([one for table in tables for one in table.columns])]
        first = self.scope.period.first
        return workbook_response(workbook_bytes(sheets), f"{self.page}-{first:%Y-%m-%d}.xlsx")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            form=self.form,
            scope=self.scope,
            page=self.page,
            cards=list(self.cards),
            chart=self.chart,
            tables=self.tables,
            address=self.address,
            carried=[(name, value) for name, value in self.chosen.items() if name not in ("period", "first", "last")],
            with_basis=self.with_basis,
            **kwargs,
        )


def column(one):
    return Column(str(one.name), str(one.formula))


def heading(dimension):
    return Column(str(words.DIMENSIONS[dimension]), is_number=False)


def of_days(days):
    """What a link chooses in place of the page's own period."""
    return {"period": None, "first": days.first.isoformat(), "last": days.last.isoformat()}
