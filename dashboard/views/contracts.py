"""The service contract of an order for a child: what is missing is named, typed or left to the pen."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import FormView

from branches.models import LegalEntity
from branches.pages import StaffPageMixin
from dashboard.contracts import known_facts
from dashboard.document_forms import ContractForm
from dashboard.documents import orders_visible_to, print_contract
from dashboard.views.documents import pdf_response
from enrolments.contract_facts import PLACES, ContractIncompleteError, Place
from enrolments.models import Document
from enrolments.services import DocumentError, issue_contract
from students.models import Student


class ContractView(StaffPageMixin, FormView):
    """Everything known is filled in. What is issued cannot be changed; it is made void and issued anew."""

    permission_required = "enrolments.add_document"
    template_name = "dashboard/contract.html"
    form_class = ContractForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not request.user.has_perm(self.permission_required):
            return
        self.order = get_object_or_404(orders_visible_to(request.user), pk=kwargs["pk"])
        students = Student.objects.filter(order_items__order=self.order).select_related("adviser").distinct()
        self.student = get_object_or_404(students, pk=kwargs["student_pk"])
        if not request.user.has_perm(self.permission_required, self.order):
            raise PermissionDenied

    def dispatch(self, request, *args, **kwargs):
        if self.has_permission():
            standing = Document.objects.filter(
                kind="contract", order=self.order, student=self.student, voided_at__isnull=True
            ).first()
            if standing:
                return redirect("document", pk=standing.pk)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        facts = known_facts(self.order, self.student, now=timezone.now())
        return super().get_form_kwargs() | {"facts": facts}

    def form_valid(self, form):
        facts, by_hand, unkept = form.answers()
        try:
            document = issue_contract(
                order=self.order,
                student=self.student,
                facts=facts,
                by_hand=by_hand,
                typed=list(unkept),
                by=self.request.user,
                now=timezone.now(),
            )
        except (ContractIncompleteError, DocumentError) as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        return pdf_response(print_contract(document, unkept=unkept), "contract")

    def get_context_data(self, **kwargs):
        title = _("Contract for %(student)s, order %(order)s") % {"student": self.student, "order": self.order}
        context = super().get_context_data(title=title, order=self.order, student=self.student, **kwargs)
        context["missing"] = [
            (blank, box, by_hand, self._address(blank.field.place), PLACES[blank.field.place])
            for blank, box, by_hand in context["form"].missing
        ]
        return context

    def _address(self, place):
        """Where it is mended; empty where this person may not, or there is no such page."""
        user, branch, student = self.request.user, self.order.branch, self.student
        match place:
            case Place.SCHOOL:
                legal = LegalEntity.objects.visible_to(user).of(branch)
                return reverse("admin:branches_legalentity_change", args=[legal.pk]) if legal else self._new_legal()
            case Place.BRANCH if user.has_perm("branches.change_branch", branch):
                return reverse("admin:branches_branch_change", args=[branch.pk])
            case Place.STUDENT:
                return reverse("admin:students_student_change", args=[student.pk])
            case Place.GUARDIAN if guardian := self.order.guardian or student.main_guardian:
                return reverse("admin:parents_guardian_change", args=[guardian.pk])
            case Place.CLASS:
                return reverse("student", args=[student.pk])
        return ""

    def _new_legal(self):
        may_add = self.request.user.has_perm("branches.add_legalentity")
        return reverse("admin:branches_legalentity_add") if may_add else ""
