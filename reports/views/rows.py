"""The enquiries, lessons, children or entries behind a number, a page at a time."""

from functools import cached_property

from django.http import Http404
from django.urls import reverse
from django.views.generic import ListView

from reports import words
from reports.forms import BASES
from reports.rows import kind_of
from reports.views.base import NONE, NumbersMixin

PAGES = {**dict.fromkeys(words.FUNNEL, "numbers_funnel"), **dict.fromkeys(words.LESSONS, "numbers_lessons")}


class RowsView(NumbersMixin, ListView):
    template_name = "reports/rows.html"
    paginate_by = 50
    dimensions = tuple(words.DIMENSIONS)

    @cached_property
    def figure(self):
        return self.request.GET.get("figure", "leads")

    @cached_property
    def kind(self):
        kind = kind_of(self.figure)
        if kind is None:
            raise Http404
        return kind(self.scope, self.form.chosen_basis)

    @cached_property
    def group(self):
        """(dimension, id or None) when one group was asked for; 404 for what is none."""
        asked, dimension = self.request.GET.get("group"), self.request.GET.get("by")
        if not asked:
            return None
        if dimension not in self.kind.group_fields or not (asked == NONE or asked.isdecimal()):
            raise Http404
        return dimension, None if asked == NONE else int(asked)

    def get_queryset(self):
        rows = self.kind.rows(self.figure)
        if self.group:
            rows = self.kind.narrowed(rows, *self.group)
        return self.kind.listed(rows)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        told = words.FIGURES[self.figure]
        page = self.kind.completed(list(context["page_obj"].object_list))
        return context | {
            "title": told.name,
            "told": told,
            "basis_name": BASES[self.form.chosen_basis] if self.figure in words.FUNNEL else "",
            "group_name": self._group_name() if page else "",
            "scope": self.scope,
            "titles": self.kind.titles,
            "lines": [list(zip(self.kind.titles, self.kind.cells(row, self.figure), strict=True)) for row in page],
            "back": f"{reverse(PAGES.get(self.figure, 'numbers_money'))}?{self.address}",
        }

    def _group_name(self):
        if not self.group:
            return ""
        dimension, key = self.group
        return self.names_of(dimension, [key]).get(key, "")
