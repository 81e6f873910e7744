"""The list of enquiries: whom to get in touch with now, whose they are, and giving several away at once."""

import logging
from collections import Counter
from functools import cached_property

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.generic import ListView, TemplateView, View

from branches.pages import StaffPageMixin
from core.workbook import workbook_response
from sales.colleagues import colleagues_at, ever_at
from sales.forms.overview import POOL, EnquiryFilterForm, GiveForm
from sales.neglect import warned_pool_at, with_idle_since
from sales.services.giving import give_enquiries, pool_enquiries
from sales.todo import ASSIGN, conditions
from sales.workbook import enquiries_workbook
from students.custom_fields import put_cells
from students.models import Enquiry
from students.services import EnquiryError

MOST_ROWS = 20_000  # of a workbook that one page makes
CHIPS = {"new": "info", "contacted": "info", "trial_booked": "info", "came": "warn", "signed": "ok", "lost": ""}

access_log = logging.getLogger("access")


class EnquiryChoiceMixin(StaffPageMixin):
    """The enquiries that a person may see, as the address narrows them down."""

    permission_required = "students.view_enquiry"
    only = None  # one of EnquiryFilterForm.WHOSE

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        user = self.request.user
        return EnquiryFilterForm(
            self.request.GET,
            user=user,
            branches=user.branches_with(self.permission_required),
            colleagues=ever_at(user.branch_ids_with(self.permission_required)),
            conditions=conditions(user, now=self.now),
            only=self.only,
        )

    @cached_property
    def narrowed(self):
        return self.form.narrow(with_idle_since(Enquiry.objects.visible_to(self.request.user)))

    @cached_property
    def tabs(self):
        """Whose they are, each with its number: one query."""
        counts = self.narrowed.order_by().aggregate(
            **{name: Count("pk", filter=condition) for name, condition in self.form.tabs.items()}
        )
        return [
            {"name": name, "label": label, "number": counts[name], "is_chosen": name == self.form.whose_chosen}
            for name, label in self.form.WHOSE
        ]

    @property
    def chosen(self):
        return self.narrowed.filter(self.form.tabs[self.form.whose_chosen])

    def described(self, enquiries):
        """With what only the page knows: is it late, will it be taken back, may the reader see the number."""
        led = self.request.user.branch_ids_with(ASSIGN)
        for enquiry in enquiries:
            enquiry.chip = CHIPS[enquiry.stage]
            planned_at = enquiry.next_follow_up_at if enquiry.is_open else None
            enquiry.is_late = planned_at is not None and planned_at <= self.now
            enquiry.pool_at = warned_pool_at(enquiry, enquiry.branch.sales_policy, self.now)
            is_led = led is None or enquiry.branch_id in led
            enquiry.shows_phone = is_led or enquiry.owner_id == self.request.user.pk
        return enquiries


class EnquiryListView(EnquiryChoiceMixin, ListView):
    title = gettext_lazy("Enquiries")
    template_name = "sales/enquiry_list.html"
    paginate_by = 50

    def get_queryset(self):
        related = self.chosen.select_related("branch__sales_policy", "course", "channel", "owner")
        return related.order_by(*self.form.order)

    def get_paginator(self, *args, **kwargs):
        paginator = super().get_paginator(*args, **kwargs)
        paginator.count = next(tab["number"] for tab in self.tabs if tab["is_chosen"])  # it was counted already
        return paginator

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, tabs=self.tabs, now=self.now, **kwargs)
        enquiries = self.described(list(context["page_obj"].object_list))
        return context | {
            "enquiries": enquiries,
            "colleagues": self._colleagues(),
            "columns": self._columns(),
            "custom_columns": put_cells(enquiries, self.form.custom.shown),
            "is_narrowed": self.form.custom.is_used
            or any(self.form.chosen(name) for name in ["q", "stage", "due", "owner", "channel", "course"]),
        }

    def _colleagues(self):
        """Whom the reader may give enquiries to; empty for who may not."""
        user = self.request.user
        if not user.has_perm(ASSIGN):
            return []
        return colleagues_at(user.branches_with(ASSIGN), timezone.localdate(self.now))

    def _columns(self):
        """What the table can be ordered by: each leads to its order, a second click to the reverse."""
        titles = {
            "child": _("Child"),
            "stage": pgettext("enquiry", "Stage"),
            "owner": _("Followed up by"),
            "due": _("Next follow-up"),
            "contact": _("Last contact"),
        }
        sort = self.form.chosen("sort") or "due"
        for name, title in titles.items():
            direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
            yield {"title": title, "sort": f"-{name}" if sort == name else name, "direction": direction}


class EnquiryExportView(EnquiryChoiceMixin, View):
    """The same enquiries as a workbook, of the branches where the person may take them out of the house."""

    permission_required = "students.export_enquiry"
    http_method_names = ["get"]

    def get(self, request):
        branch_ids = request.user.branch_ids_with(self.permission_required)
        enquiries = self.chosen if branch_ids is None else self.chosen.in_branches(branch_ids)
        related = enquiries.select_related("branch__sales_policy", "course", "channel", "owner")
        rows = list(related.order_by(*self.form.order)[: MOST_ROWS + 1])
        if len(rows) > MOST_ROWS:
            text = _("More than %(most)d enquiries do not fit into one file: choose a branch, a channel or a stage.")
            messages.error(request, text % {"most": MOST_ROWS})
            return redirect(f"{reverse('enquiry_list')}?{request.GET.urlencode()}")
        access_log.info("%s enquiries exported by staff %s", len(rows), request.user.pk)
        return workbook_response(enquiries_workbook(self.described(rows), self.form.custom.shown), "enquiries.xlsx")


class EnquiryGiveView(StaffPageMixin, TemplateView):
    """POST only: the ticked ones go to a colleague or to the pool. First the page says how many of whose they are."""

    title = gettext_lazy("Give enquiries to somebody")
    permission_required = ASSIGN
    template_name = "sales/enquiry_give.html"
    http_method_names = ["post"]

    def post(self, request):
        form = self._form(request.POST)
        if not form.is_valid():
            sentences = [sentence for errors in form.errors.values() for sentence in errors]
            messages.error(request, " ".join(map(str, sentences)))
            return redirect(self._way_back)
        if form.cleaned_data["confirmed"]:
            return self._give(form)
        return self.render_to_response(self.get_context_data(form=form, **self._told(form)))

    def _form(self, data):
        """Only of the branches where the person gives them out."""
        user = self.request.user
        branch_ids = user.branch_ids_with(ASSIGN)
        visible = Enquiry.objects.visible_to(user)
        enquiries = visible if branch_ids is None else visible.in_branches(branch_ids)
        colleagues = colleagues_at(user.branches_with(ASSIGN), timezone.localdate())
        return GiveForm(data, enquiries=enquiries, colleagues=colleagues)

    def _told(self, form):
        picked = list(form.cleaned_data["pick"].select_related("owner", "branch"))
        owners = Counter(str(enquiry.owner or pgettext("owner of an enquiry", "Nobody")) for enquiry in picked)
        return {
            "picked": picked,
            "owners": owners.most_common(),
            "receiver": form.receiver,
            "to": form.cleaned_data["to"],
            "way_back": self._way_back,
        }

    def _give(self, form):
        data = form.cleaned_data
        if data["to"] == POOL and not data["reason"].strip():
            form.add_error("reason", _("Say why: whoever claims them will read it."))
            return self.render_to_response(self.get_context_data(form=form, **self._told(form)))
        facts = {"enquiries": data["pick"], "by": self.request.user, "now": timezone.now(), "reason": data["reason"]}
        try:
            number = pool_enquiries(**facts) if data["to"] == POOL else give_enquiries(owner=form.receiver, **facts)
        except EnquiryError as error:
            messages.error(self.request, str(error))
        else:
            messages.success(self.request, _said(number, form.receiver))
        if data["next"] == "enquiry":
            return redirect("enquiry", data["pick"][0].pk)
        return redirect(self._way_back)

    @property
    def _way_back(self):
        """To the list as it was narrowed down."""
        return f"{reverse('enquiry_list')}?{self.request.GET.urlencode()}"


def _said(number, receiver):
    if receiver:
        text = ngettext(
            "%(number)d enquiry is with %(owner)s now.", "%(number)d enquiries are with %(owner)s now.", number
        )
        return text % {"number": number, "owner": receiver}
    text = ngettext("%(number)d enquiry is in the pool now.", "%(number)d enquiries are in the pool now.", number)
    return text % {"number": number}
