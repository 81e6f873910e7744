"""The forecast of renewals by week, and the children behind each number."""

import json
from datetime import timedelta
from functools import cached_property

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.generic import ListView, TemplateView

from branches.models import User
from branches.pages import StaffPageMixin
from courses.models import Course
from renewals.forecast.expectation import by_week, expectations, fen, tenth, total_of
from renewals.forecast.forms import ForecastForm
from renewals.forecast.sets import Grouping, cells, group_of, hits_of, to_come
from renewals.models import RenewalOpportunity
from renewals.rates.scope import Scope
from students.models import Student

BAR = 18  # pixels
NOBODY = "none"  # in place of a group: without a teacher or an owner


class ForecastMixin(StaffPageMixin):
    """Only of the branches where the person may see the rates: it is reckoned with them, and speaks of money."""

    permission_required = "renewals.view_rates"

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return ForecastForm(self.request.GET, branches=branches, now=self.now)

    @cached_property
    def rows(self):
        scope = Scope(branch_ids=self.form.branch_ids)
        return to_come(scope.accounts(None), mondays=self.form.mondays, now=self.now)

    @property
    def address(self):
        """What was chosen, for links: without the week, the group and the page."""
        chosen = self.request.GET.copy()
        for name in ("week", "group", "at", "page"):
            chosen.pop(name, None)
        return chosen.urlencode()


class ForecastView(ForecastMixin, TemplateView):
    title = _("Renewal forecast")
    template_name = "renewals/forecast.html"

    def get_context_data(self, **kwargs):
        weeks = by_week(self.cells, self.expected, self.form.mondays)
        return super().get_context_data(
            form=self.form,
            last_term=self.form.last_term,
            weeks=[_week(monday, one) for monday, one in weeks.items()],
            groups=list(self._groups()),
            total=_words(total_of(weeks.values())),
            unpriced=sum(one.unpriced for one in self.expected.values()),
            chart=_chart(weeks),
            address=self.address,
            **kwargs,
        )

    @cached_property
    def cells(self):
        return list(cells(self.rows, self.form.grouping))

    @cached_property
    def expected(self):
        scope = Scope(branch_ids=self.form.branch_ids)
        return expectations(self.cells, hits_of(scope, self.form.last_term, self.form.grouping))

    def _groups(self):
        """The most expected money first."""
        model = Course if self.form.grouping == Grouping.COURSE else User
        names = model.objects.in_bulk([one.group_id for one in self.expected.values() if one.group_id])
        branches = {} if self.form.branch_chosen else {one.pk: one for one in self.form.branches}
        for one in sorted(self.expected.values(), key=lambda one: (-(one.minor or 0), -one.due, one.branch_id)):
            yield {
                "one": one,
                "name": names.get(one.group_id),
                "key": one.group_id or NOBODY,
                "branch": branches.get(one.branch_id),
                "renewals": None if one.renewals is None else tenth(one.renewals),
                "minor": None if one.minor is None else fen(one.minor),
            }


def _week(monday, one):
    return {"monday": monday, **_words(one)}


def _words(one):
    return {"due": one.due, "unrated": one.unrated, "renewals": tenth(one.renewals), "minor": fen(one.minor)}


def _chart(weeks):
    """For the theme's bars: what is due, and what is expected of it."""
    renewals = [float(tenth(one.renewals)) for one in weeks.values()]
    series = [  # the first is drawn over the second
        (pgettext("forecast", "Expected"), renewals, "var(--color-primary-600)"),
        (pgettext("forecast", "Due"), [one.due for one in weeks.values()], "var(--color-base-300)"),
    ]
    return json.dumps(
        {
            "labels": [f"{monday:%m-%d}" for monday in weeks],
            "datasets": [
                {"label": label, "data": data, "backgroundColor": colour, "displayYAxis": True, "maxBarThickness": BAR}
                for label, data, colour in series
            ],
        }
    )


class ForecastChildrenView(ForecastMixin, ListView):
    """Who is behind a week or a group, when each runs out, and what its next package costs."""

    title = _("Renewals to come")
    template_name = "renewals/forecast_children.html"
    paginate_by = 50

    def get_queryset(self):
        rows = self._of_week(self._of_group(self.rows))
        return rows.select_related("student", "course", "branch").order_by("renews_on", "student__name_initials", "pk")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(
            form=self.form, back=f"{reverse('renewal_forecast')}?{self.address}", week=self.week, **kwargs
        )
        page = list(context["page_obj"].object_list)
        stages = dict(RenewalOpportunity.Stage.choices)
        visible = Student.objects.visible_to(self.request.user).filter(pk__in=[row.student_id for row in page])
        return context | {
            "children": [(row, stages.get(row.open_stage)) for row in page],
            "linked": set(visible.values_list("pk", flat=True)),
        }

    @cached_property
    def week(self):
        """The Monday asked for; None for all weeks, 404 for what is none of them."""
        text = self.request.GET.get("week")
        found = next((monday for monday in self.form.mondays if monday.isoformat() == text), None)
        if text and not found:
            raise Http404
        return found

    def _of_week(self, rows):
        return rows.filter(renews_on__gte=self.week, renews_on__lt=self.week + timedelta(days=7)) if self.week else rows

    def _of_group(self, rows):
        group, at = self.request.GET.get("group"), self.request.GET.get("at")
        if at:
            rows = rows.filter(branch=_number(at))
        if not group:
            return rows
        rows = rows.annotate(group=group_of(self.form.grouping))
        return rows.filter(group__isnull=True) if group == NOBODY else rows.filter(group=_number(group))


def _number(text):
    if not text.isdecimal():
        raise Http404
    return int(text)
