"""The account of a child in a course: what it is made of, what may be done with it, and the paper."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from dashboard.confirmations import confirmed_rows
from dashboard.statement import frozen, lots_of, parts_of, rows_of
from enrolments.models import CreditEntry, Enrolment, Suspension, Transfer
from enrolments.pdf.statement import statement_pdf


class AccountPageMixin(StaffPageMixin):
    """A page about one enrolment that the person may see; the right must hold in its branch."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not request.user.has_perm(self.permission_required):
            return  # dispatch says so: the right comes before the object
        enrolments = Enrolment.objects.visible_to(request.user)
        related = ("student", "course", "branch__books")
        self.enrolment = get_object_or_404(enrolments.select_related(*related), pk=kwargs["pk"])

    def has_permission(self):
        return self.request.user.has_perm(self.permission_required, getattr(self, "enrolment", None))

    @property
    def today(self):
        return local_date(timezone.now(), self.enrolment.branch.time_zone)


class StatementView(AccountPageMixin, ListView):
    """Newest first, a hundred a page; the sums are of all entries."""

    permission_required = "enrolments.view_creditentry"
    template_name = "dashboard/statement.html"
    paginate_by = 100

    def get_queryset(self):
        return CreditEntry.objects.filter(enrolment=self.enrolment).select_related("recorded_by").order_by("-sequence")

    def get_context_data(self, **kwargs):
        enrolment = self.enrolment
        suspensions = list(Suspension.objects.filter(enrolment=enrolment).select_related("recorded_by"))
        context = super().get_context_data(
            title=_("%(student)s: %(course)s") % {"student": enrolment.student, "course": enrolment.course},
            enrolment=enrolment,
            parts=parts_of(enrolment),
            lots=lots_of(enrolment),
            suspensions=suspensions,
            is_away=any(suspension.ended_date is None for suspension in suspensions),
            transfers=self._transfers(),
            today=self.today,
            **kwargs,
        )
        rows = rows_of(context["page_obj"].object_list, enrolment.branch.time_zone)
        context["rows"] = confirmed_rows(rows, branch=enrolment.branch, today=self.today)
        return context

    def _transfers(self):
        """Those that can still be undone from here."""
        transfers = Transfer.objects.standing().filter(source=self.enrolment)
        return transfers.select_related("target__student", "guardian", "recorded_by")


class StatementPdfView(AccountPageMixin, View):
    """All of it on paper."""

    permission_required = "enrolments.view_creditentry"

    def get(self, request, *args, **kwargs):
        pdf = statement_pdf(frozen(self.enrolment, today=self.today))
        name = f"statement-{self.enrolment.pk}.pdf"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return HttpResponse(pdf, content_type="application/pdf", headers=headers)
