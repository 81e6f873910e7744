from collections import Counter
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView

from branches.pages import StaffPageMixin
from enrolments.models import Enrolment
from messaging.models import OutboundMessage
from renewals.forms import RenewalFilterForm
from renewals.notifications import RENEWAL_REMINDER
from renewals.querysets import current_members, due, with_run_out
from renewals.rules import Forecast, Urgency
from students.models import Guardianship

STATES = {Urgency.USED_UP: "bad", Urgency.SOON: "warn", Urgency.LATER: ""}


@dataclass(frozen=True)
class Row:
    """One line of the list: the forecast, whose it is, and what the family was told last."""

    forecast: Forecast
    enrolment: Enrolment
    guardianship: Guardianship | None
    may_call: bool
    last_message: OutboundMessage | None


class RenewalListView(StaffPageMixin, ListView):
    """The work list of renewals: whose credits run out, whom to call, and what the family was told."""

    title = _("Renewals")
    permission_required = "renewals.view_renewals"
    template_name = "renewals/renewal_list.html"
    paginate_by = 50

    def get_queryset(self):
        chosen = self.form.urgency_chosen
        forecasts = [one for one in self.forecasts if chosen in ("", None, one.urgency)]
        return sorted(forecasts, key=self.form.order)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, cards=self._cards(), **kwargs)
        return context | {"rows": list(self._rows(context["page_obj"].object_list))}

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return RenewalFilterForm(self.request.GET, branches=branches, enrolments=self._visible())

    @cached_property
    def forecasts(self):
        """What is due, as narrowed down, of every urgency: asked once, then counted, ordered and paged here."""
        rows = due(with_run_out(self.form.narrow(self._visible()), now=self.now), now=self.now)
        columns = ["pk", "student__name", "student__name_initials", "balance", "weekly_credits", "today"]
        return [Forecast(*values) for values in rows.values_list(*columns, "run_out_date")]

    def _visible(self):
        return Enrolment.objects.visible_to(self.request.user)

    def _cards(self):
        counts = Counter(forecast.urgency for forecast in self.forecasts)
        return [
            {
                "urgency": urgency,
                "number": counts[urgency],
                "state": STATES[urgency] if counts[urgency] else "done",
                "is_chosen": urgency == self.form.urgency_chosen,
            }
            for urgency in Urgency
        ]

    def _rows(self, forecasts):
        enrolments = self._with_people().in_bulk([forecast.enrolment_id for forecast in forecasts])
        messages = self._last_messages(enrolments.values())
        callable_ids = self.request.user.branch_ids_with("parents.view_guardian")
        for forecast in forecasts:
            enrolment = enrolments[forecast.enrolment_id]
            yield Row(
                forecast=forecast,
                enrolment=enrolment,
                guardianship=next(iter(enrolment.student.all_guardianships), None),
                may_call=callable_ids is None or enrolment.branch_id in callable_ids,
                last_message=messages.get(f"enrolment:{enrolment.pk}"),
            )

    def _with_people(self):
        guardianships = Guardianship.objects.select_related("guardian").order_by("-is_main", "pk")
        members = current_members(self.now).select_related("class_group")
        return (
            self._visible()
            .select_related("student__adviser", "course", "branch")
            .prefetch_related(
                Prefetch("student__guardianships", guardianships, to_attr="all_guardianships"),
                Prefetch("class_members", members, to_attr="current_members"),
            )
        )

    def _last_messages(self, enrolments):
        """The latest reminder by what it speaks of."""
        messages = OutboundMessage.objects.visible_to(self.request.user).filter(
            kind=RENEWAL_REMINDER, about__in={f"student:{enrolment.student_id}" for enrolment in enrolments}
        )
        return {message.subject: message for message in messages.order_by("due_at", "pk")}
