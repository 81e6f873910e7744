from collections import Counter
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from enrolments.models import Enrolment
from messaging.models import OutboundMessage
from renewals.forms import LOST, NOW, ContactForm, RenewalFilterForm
from renewals.models import ReminderLine, RenewalNote, RenewalOpportunity
from renewals.overview import by_branch, is_too_much
from renewals.querysets import current_members, with_run_out
from renewals.rules import Forecast, Urgency, Work
from renewals.services import RenewalError, lose_opportunity, note_contact
from students.models import Guardianship

Stage = RenewalOpportunity.Stage
STAGE_STATES = {Stage.DUE: "", Stage.TOLD: "info", Stage.TALKED: "warn", Stage.PROMISED: "ok", Stage.LOST: "bad"}
STATES = {Urgency.USED_UP: "bad", Urgency.SOON: "warn", Urgency.LATER: ""}


@dataclass(frozen=True)
class Row:
    """One line of the board: the forecast, how far it has come, whose it is, and what the family was told last."""

    work: Work
    opportunity: RenewalOpportunity
    enrolment: Enrolment
    guardianship: Guardianship | None
    may_call: bool
    may_note: bool
    last_message: OutboundMessage | None

    @property
    def forecast(self):
        return self.work.forecast

    @property
    def stage_state(self):
        return STAGE_STATES[self.opportunity.stage]


class RenewalChoiceMixin(StaffPageMixin):
    """What the board shows by its filters: for the board itself, and for what is done with all that it shows."""

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return RenewalFilterForm(self.request.GET, branches=branches, opportunities=self._visible())

    @cached_property
    def works(self):
        """All that is open, as narrowed down: asked once, then counted, ordered and paged here."""
        mine = self._open_or_lost if self.form.stage_chosen == LOST else self._open_or_lost.to_work()
        found = list(mine.values_list("pk", "stage", "next_contact_date", "enrolment"))
        rows = with_run_out(Enrolment.objects.filter(pk__in={enrolment for *_work, enrolment in found}), now=self.now)
        columns = ["pk", "student__name", "student__name_initials", "balance", "weekly_credits", "today"]
        forecasts = {values[0]: Forecast(*values) for values in rows.values_list(*columns, "run_out_date")}
        return [Work(*work, forecasts[enrolment]) for *work, enrolment in found]

    def chosen_works(self):
        return sorted((work for work in self.works if self._is_chosen(work)), key=self.form.order)

    @cached_property
    def is_too_much(self):
        """For one board: a branch is chosen first."""
        return is_too_much(self._open_or_lost)

    @cached_property
    def _open_or_lost(self):
        visible = self.form.narrow(self._visible())
        return visible.lost_lately(self.now) if self.form.stage_chosen == LOST else visible.open()

    def _visible(self):
        return RenewalOpportunity.objects.visible_to(self.request.user)

    def _is_chosen(self, work):
        urgency, stage = self.form.urgency_chosen, self.form.stage_chosen
        is_stage = work.is_for_now if stage == NOW else not stage or stage == work.stage
        return is_stage and urgency in ("", None, work.forecast.urgency)


class RenewalListView(RenewalChoiceMixin, ListView):
    """The board of renewals: whom to call today, how far each has come, and what the family was told."""

    title = _("Renewals")
    permission_required = "renewals.view_renewals"
    template_name = "renewals/renewal_list.html"
    paginate_by = 30

    def get_queryset(self):
        return [] if self.is_too_much else self.chosen_works()

    def get_context_data(self, **kwargs):
        if self.is_too_much:
            rows = by_branch(self._open_or_lost, timezone.localdate(self.now))
            return super().get_context_data(form=self.form, branch_rows=rows, **kwargs)
        context = super().get_context_data(
            form=self.form,
            cards=self._cards(),
            stages=list(self._stages()),
            outcomes=ContactForm.OUTCOMES,
            days=ContactForm.DAYS,
            lost_reasons=RenewalOpportunity.LostReason.choices,
            **kwargs,
        )
        return context | {"rows": list(self._rows(context["page_obj"].object_list))}

    def _stages(self):
        """The chips above the board, each with how many it shows; how many were lost nobody needs to know here."""
        counts = Counter(work.stage for work in self.works)
        working = self.form.stage_chosen != LOST
        chips = [(NOW, pgettext_lazy("renewals", "To call now"), sum(work.is_for_now for work in self.works))]
        chips += [
            (stage.value, stage.label, counts[stage]) for stage in Stage if stage not in RenewalOpportunity.CLOSED
        ]
        for value, label, number in chips:
            yield {"value": value, "label": label, "number": number if working else None}
        yield {"value": LOST, "label": Stage.LOST.label, "number": None}

    def _cards(self):
        counts = Counter(work.forecast.urgency for work in self.works)
        return [
            {
                "urgency": urgency,
                "number": counts[urgency],
                "state": STATES[urgency] if counts[urgency] else "done",
                "is_chosen": urgency == self.form.urgency_chosen,
            }
            for urgency in Urgency
        ]

    def _rows(self, works):
        opportunities = self._with_people().in_bulk([work.opportunity_id for work in works])
        messages = self._last_messages(opportunities.values())
        callable_ids = self.request.user.branch_ids_with("parents.view_guardian")
        notable_ids = self.request.user.branch_ids_with("renewals.work_renewals")
        for work in works:
            opportunity = opportunities[work.opportunity_id]
            enrolment = opportunity.enrolment
            yield Row(
                work=work,
                opportunity=opportunity,
                enrolment=enrolment,
                guardianship=next(iter(opportunity.student.all_guardianships), None),
                may_call=callable_ids is None or enrolment.branch_id in callable_ids,
                may_note=notable_ids is None or enrolment.branch_id in notable_ids,
                last_message=messages.get(enrolment.pk),
            )

    def _with_people(self):
        guardianships = Guardianship.objects.select_related("guardian").order_by("-is_main", "pk")
        members = current_members(self.now).select_related("class_group")
        return (
            self._visible()
            .select_related("student", "owner", "enrolment__course", "enrolment__branch")
            .prefetch_related(
                Prefetch("student__guardianships", guardianships, to_attr="all_guardianships"),
                Prefetch("enrolment__class_members", members, to_attr="current_members"),
                Prefetch("notes", RenewalNote.objects.select_related("by").order_by("-pk"), to_attr="newest_notes"),
            )
        )

    def _last_messages(self, opportunities):
        """The latest reminder of each enrolment that the reader may see."""
        mine = ReminderLine.objects.visible_to(self.request.user).filter(
            enrolment__in={one.enrolment_id for one in opportunities}, was_dropped=False
        )
        lines = mine.select_related("message").order_by("message__due_at", "pk")
        return {line.enrolment_id: line.message for line in lines}


class ContactView(StaffPageMixin, View):
    """POST only: what the family said, by one button; back to the board as it was narrowed down."""

    permission_required = "renewals.work_renewals"
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        visible = RenewalOpportunity.objects.visible_to(request.user).select_related("enrolment__branch", "student")
        opportunity = get_object_or_404(visible, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, opportunity):
            raise PermissionDenied
        today = local_date(self.now, opportunity.enrolment.branch.time_zone)
        form = ContactForm(request.POST, opportunity=opportunity, today=today)
        if form.is_valid():
            self._note(opportunity, form.cleaned_data)
        else:
            messages.error(request, _refusal(form))
        return redirect(f"{reverse('renewals')}?{request.GET.urlencode()}")

    @cached_property
    def now(self):
        return timezone.now()

    def _note(self, opportunity, data):
        facts = {"opportunity": opportunity, "note": data["note"], "by": self.request.user, "now": self.now}
        try:
            if data["is_lost"]:
                lose_opportunity(reason=data["reason"], **facts)
            else:
                note_contact(stage=data["stage"], next_date=data["next_date"], **facts)
        except RenewalError as error:
            messages.error(self.request, str(error))
        else:
            messages.success(self.request, _("Noted: %(child)s.") % {"child": opportunity.student.name})


def _refusal(form):
    sentences = form.non_field_errors() or [_("Nothing was noted: choose one of the buttons.")]
    return " ".join(str(sentence) for sentence in sentences)
