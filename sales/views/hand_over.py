"""A colleague leaves: who it is, what there is, who takes over, one button with the number on it."""

from collections import defaultdict

from django.contrib import messages
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from branches.models import User
from branches.pages import StaffPageMixin
from renewals.models import RenewalOpportunity
from sales.colleagues import colleagues_at
from sales.forms.hand_over import HandOverForm
from sales.services.hand_over import hand_over, work_of
from students.models import Enquiry, Student
from students.services import EnquiryError

KINDS = ["enquiries", "students", "renewals"]


class HandOverView(StaffPageMixin, TemplateView):
    """GET: everybody who follows something up; ?from=… one of them. POST: it goes to the ticked colleagues."""

    title = gettext_lazy("Somebody leaves")
    permission_required = "students.hand_over_enquiries"
    template_name = "sales/hand_over.html"

    def post(self, request, *args, **kwargs):
        if self.leaver is None:
            messages.error(request, _("Choose first who leaves."))
            return redirect("hand_over")
        form = HandOverForm(request.POST, colleagues=self.colleagues)
        try:
            if not form.is_valid():
                raise EnquiryError(_("Tick the colleagues who take over."))
            shares = hand_over(
                leaver=self.leaver,
                receivers=list(form.cleaned_data["receivers"]),
                branch_ids=self.branch_ids,
                total=form.cleaned_data["total"],
                by=request.user,
                now=self.now,
            )
        except EnquiryError as error:
            messages.error(request, str(error))
            return redirect(f"{reverse('hand_over')}?from={self.leaver.pk}")
        self._report(shares)
        return redirect("hand_over")

    def get_context_data(self, **kwargs):
        if self.leaver is None:
            return super().get_context_data(rows=self._rows(), **kwargs)
        counts = work_of(self.leaver, self.branch_ids).counts
        return super().get_context_data(
            leaver=self.leaver, counts=counts, total=sum(counts.values()), colleagues=self.colleagues, **kwargs
        )

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def branch_ids(self):
        return self.request.user.branch_ids_with(self.permission_required)

    @cached_property
    def leaver(self):
        """Whoever has work in the person's branches; an account that has ended too."""
        text = self.request.GET.get("from", "")
        if not text.isdecimal():
            return None
        leaver = User.objects.filter(pk=text).first()
        if leaver is None or not any(leaver.pk in found for found in self._numbers.values()):
            raise Http404
        return leaver

    @cached_property
    def colleagues(self):
        return self._at_work().exclude(pk=self.leaver.pk).order_by("name")

    def _at_work(self):
        branches = self.request.user.branches_with(self.permission_required)
        return colleagues_at(branches, timezone.localdate(self.now))

    @cached_property
    def _numbers(self):
        """kind → {person: how many}, of the branches where the reader hands over."""
        enquiries, students = Enquiry.objects.live().open(), Student.objects.all()
        renewals = RenewalOpportunity.objects.open()
        if self.branch_ids is not None:
            enquiries = enquiries.filter(branch__in=self.branch_ids)
            students = students.in_branches(self.branch_ids)
            renewals = renewals.filter(enrolment__branch__in=self.branch_ids)
        return {
            "enquiries": _count_by(enquiries, "owner"),
            "students": _count_by(students, "adviser"),
            "renewals": _count_by(renewals, "owner"),
        }

    def _rows(self):
        """Those who have left already first: their families are forgotten by now."""
        here = set(self._at_work())
        numbers = defaultdict(dict)
        for kind, found in self._numbers.items():
            for person, number in found.items():
                numbers[person][kind] = number
        people = User.objects.filter(pk__in=numbers).order_by("name")
        rows = [
            {"person": person, "has_left": person not in here} | dict.fromkeys(KINDS, 0) | numbers[person.pk]
            for person in people
        ]
        return sorted(rows, key=lambda row: not row["has_left"])

    def _report(self, shares):
        text = _("%(person)s took over %(enquiries)d enquiries, %(students)d children and %(renewals)d renewals.")
        for receiver, share in shares.items():
            facts = {kind: getattr(share, kind) for kind in KINDS}
            messages.success(self.request, text % {"person": receiver, **facts})


def _count_by(rows, person):
    counted = rows.filter(**{f"{person}__isnull": False}).order_by().values_list(person).annotate(Count("pk"))
    return dict(counted)
