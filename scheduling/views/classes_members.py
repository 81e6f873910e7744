"""Who waits for a seat, and who moves to another class."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from django.views.generic import TemplateView

from branches.pages import StaffPageMixin
from core.clock import local_date
from scheduling.clashes import LessonClashError
from scheduling.forms import TransferForm, WaitForm
from scheduling.models import WaitingListEntry
from scheduling.services import (
    ScheduleError,
    accept_offer,
    add_to_waiting_list,
    preview_transfer,
    transfer_members,
    withdraw_from_waiting_list,
)
from scheduling.views.class_pages import OfClassMixin

REFUSALS = (LessonClashError, ScheduleError)


class WaitView(OfClassMixin, View):
    """A child is put onto the waiting list of a class."""

    permission_required = "scheduling.add_waitinglistentry"

    def post(self, request, *args, **kwargs):
        form = WaitForm(request.POST, class_group=self.group)
        if form.is_valid():
            self._add(form.cleaned_data["enrolment"])
        else:
            messages.error(request, _("Choose the child who waits for a seat."))
        return redirect("class_detail", pk=self.group.pk)

    def _add(self, enrolment):
        facts = {"class_group": self.group, "by": self.request.user, "now": timezone.now()}
        try:
            entry = add_to_waiting_list(enrolment=enrolment, **facts)
        except ScheduleError as error:
            messages.error(self.request, str(error))
            return
        if entry.status == WaitingListEntry.Status.OFFERED:
            text = _("There is a seat: it is held for %(student)s. Ask the family and press “Takes the seat”.")
        else:
            text = _("%(student)s waits for a seat; the list offers it by itself as soon as one is free.")
        messages.success(self.request, text % {"student": enrolment.student})


class WaitingEntryView(StaffPageMixin, View):
    """The family says yes (action=accept), or no more (action=withdraw)."""

    permission_required = "scheduling.add_waitinglistentry"

    def post(self, request, *args, **kwargs):
        entries = WaitingListEntry.objects.visible_to(request.user).select_related("class_group", "enrolment__student")
        entry = get_object_or_404(entries, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, entry.class_group):
            raise PermissionDenied
        try:
            self._act(entry, is_accepted=request.POST.get("action") == "accept")
        except REFUSALS as error:
            messages.error(request, str(error))
        return redirect("class_detail", pk=entry.class_group_id)

    def _act(self, entry, *, is_accepted):
        now, names = timezone.now(), {"student": entry.enrolment.student, "class": entry.class_group}
        if is_accepted:
            accept_offer(entry=entry, by=self.request.user, now=now)
            messages.success(self.request, _("%(student)s is in %(class)s now.") % names)
        else:
            withdraw_from_waiting_list(entry=entry, now=now)
            messages.success(self.request, _("%(student)s does not wait for %(class)s any more.") % names)


class TransferView(OfClassMixin, TemplateView):
    """GET shows what moving the ticked children comes to; POST moves them."""

    title = gettext_lazy("Move to another class")
    permission_required = "scheduling.place_student"
    template_name = "scheduling/class_transfer.html"

    def get(self, request, *args, **kwargs):
        today = local_date(timezone.now(), self.group.branch.time_zone)
        data = request.GET.copy()
        data.setdefault("from_date", today.isoformat())
        form = self._form(data if "target" in data else None, initial=data.dict() | {"member": data.getlist("member")})
        return self._page(form)

    def post(self, request, *args, **kwargs):
        form = self._form(request.POST)
        if not form.is_valid():
            return self._page(form)
        data = form.cleaned_data
        try:
            joined = transfer_members(
                members=data["member"],
                target=data["target"],
                from_date=data["from_date"],
                by=request.user,
                now=timezone.now(),
                keep_reason=data.get("keep_reason", ""),
                ends_source=data.get("ends_source", False),
            )
        except REFUSALS as error:
            form.add_error(None, str(error))
            return self._page(form)
        text = ngettext("%(number)d child moved to %(class)s.", "%(number)d children moved to %(class)s.", len(joined))
        messages.success(request, text % {"number": len(joined), "class": data["target"]})
        return redirect("class_detail", pk=data["target"].pk)

    def _form(self, data, initial=None):
        may_end = self.request.user.has_perm("scheduling.change_classgroup", self.group)
        rights = {"may_keep_clash": self.may_keep_clash, "may_end": may_end}
        return TransferForm(data, initial=initial, class_group=self.group, **rights)

    def _page(self, form):
        may_open = self.request.user.has_perm("scheduling.add_classgroup", self.group)
        context = {"form": form, "group": self.group, "may_open": may_open, **self._preview(form)}
        return self.render_to_response(self.get_context_data(**context))

    def _preview(self, form):
        """What the move comes to; shown again beside a refusal."""
        if not form.is_bound or {"member", "target", "from_date"} & form.errors.keys():
            return {}
        data = form.cleaned_data
        try:
            facts = {"members": data["member"], "target": data["target"], "from_date": data["from_date"]}
            return {"transfer": preview_transfer(**facts)}
        except ScheduleError as error:
            return {"refusal": str(error)}
