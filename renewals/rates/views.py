"""The rates of renewal side by side, and the children behind each."""

from functools import cached_property

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, TemplateView, View

from branches.pages import StaffPageMixin
from core.workbook import workbook_response
from renewals.rates.children import children_of, one_of_each
from renewals.rates.forms import RateForm
from renewals.rates.formulas import benchmarks_for
from renewals.rates.report import CODES, Report
from renewals.rates.words import LISTS, STAGES, WORDS
from renewals.rates.workbook import rates_workbook
from students.models import Student


class RateMixin(StaffPageMixin):
    """Only of the branches where the person may see the rates: they speak of colleagues' work."""

    permission_required = "renewals.view_rates"

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return RateForm(self.request.GET, branches=branches, now=self.now)

    @cached_property
    def report(self):
        return Report(self.form.scope, self.form.period, self.form.today)

    @property
    def carried(self):
        """What the term's form takes along of the choices in the other one."""
        names = ("branch", "course", "teacher", "class_group", "adviser")
        return [(name, value) for name in names if (value := self.request.GET.get(name))]

    @property
    def address(self):
        """What was chosen, for links: without the list and its page."""
        chosen = self.request.GET.copy()
        for name in ("list", "page"):
            chosen.pop(name, None)
        return chosen.urlencode()


class RateListView(RateMixin, TemplateView):
    title = gettext_lazy("Renewal rates")
    template_name = "renewals/rates.html"

    def get_context_data(self, **kwargs):
        course = self.form.scope.course
        headline, *others = [(WORDS[line.rate.code], line) for line in self.report.lines]
        return super().get_context_data(
            form=self.form,
            report=self.report,
            headline=headline,
            others=others,
            benchmarks=[(STAGES[one.stage], one) for one in benchmarks_for(course.stage if course else None)],
            address=self.address,
            carried=self.carried,
            **kwargs,
        )


class RateChildrenView(RateMixin, ListView):
    """Who is in the numerator, who is not and why, and who renewed without being counted below the line."""

    template_name = "renewals/rate_children.html"
    paginate_by = 50

    @property
    def code(self):
        return self.kwargs["code"]

    @property
    def list_name(self):
        return self.request.GET.get("list", "in")

    @cached_property
    def line(self):
        if self.code not in CODES:
            raise Http404
        return getattr(self.report, self.code.lower())

    @cached_property
    def lists(self):
        """{name: rows} of what can be shown of this rate."""
        line = self.line
        lists = {"in": line.inside, "out": line.missing, "below": line.denominator}
        if self.code in ("R1", "R2", "R3"):
            lists["outside"] = line.outside
        if self.code == "R7":
            lists |= {"running": self.report.running, "expanded": self.report.expanded}
        return lists

    def get_queryset(self):
        if self.list_name not in self.lists:
            raise Http404
        return one_of_each(self.lists[self.list_name], with_due=self.code == "R7")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(
            title=_("%(code)s: %(name)s") % {"code": self.code, "name": WORDS[self.code].name},
            form=self.form,
            report=self.report,
            line=self.line,
            words=WORDS[self.code],
            lists=[(name, LISTS[name], name == self.list_name) for name in self.lists],
            address=self.address,
            back=f"{reverse('renewal_rates')}?{self.address}",
            **kwargs,
        )
        children = list(self._children(list(context["page_obj"].object_list)))
        return context | {"children": children, "linked": self._linked(children)}

    def _children(self, page):
        return children_of(page, self.line, period=self.report.period, today=self.form.today)

    def _linked(self, children):
        """Whose page the person may open: a child may have gone to another branch since."""
        ids = [child.enrolment.student_id for child in children]
        return set(Student.objects.visible_to(self.request.user).filter(pk__in=ids).values_list("pk", flat=True))


class RateExportView(RateMixin, View):
    """The table as a workbook: numbers only, no names."""

    def get(self, request):
        name = f"renewal-rates-{self.report.period.first:%Y-%m-%d}.xlsx"
        return workbook_response(rates_workbook(self.report), name)
