"""Credits that go elsewhere or are corrected: from the statement of an account."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from branches.pages import StaffPageMixin
from core.money import yuan
from dashboard.money_forms import CorrectionForm, ReasonForm, TransferForm
from dashboard.views.statement import AccountPageMixin
from enrolments.models import CreditLot, Transfer
from enrolments.services import (
    CorrectionError,
    TransferError,
    WalletError,
    carry_over,
    correct_credits,
    family_of,
    transfer_credits,
    undo_transfer,
)


class TransferView(AccountPageMixin, FormView):
    """What is left goes to a brother or sister at its price, or its value to the wallet."""

    permission_required = "enrolments.add_transfer"
    template_name = "dashboard/transfer.html"
    form_class = TransferForm

    def get_form_kwargs(self):
        student = self.enrolment.student
        facts = {"lots": self._lots(), "children": family_of(student), "guardian": student.main_guardian}
        return super().get_form_kwargs() | facts

    def _lots(self):
        lots = CreditLot.objects.filter(enrolment=self.enrolment).with_credits()
        return lots.select_related("package", "item__order", "enrolment").order_by("pk")

    def get_context_data(self, **kwargs):
        lots = list(self._lots())
        form = kwargs.get("form") or self.get_form()
        chosen = {int(pk) for pk in form["lots"].value() or [] if str(pk).isdecimal()}
        return super().get_context_data(
            title=_("Transfer of %(course)s: %(student)s")
            % {"course": self.enrolment.course, "student": self.enrolment.student},
            enrolment=self.enrolment,
            lots=lots,
            chosen=chosen,
            value_minor=sum(lot.value_left_minor for lot in lots),
            **kwargs | {"form": form},
        )

    def form_valid(self, form):
        lots = CreditLot.objects.filter(enrolment=self.enrolment, pk__in=form.cleaned_data["lots"])
        facts = {name: form.cleaned_data[name] for name in ("reason", "token")}
        facts |= {"source": self.enrolment, "lots": list(lots), "by": self.request.user, "now": timezone.now()}
        try:
            if form.child:
                transfer = transfer_credits(student=form.child, **facts)
            else:
                transfer = carry_over(guardian=form.guardian, **facts)
        except TransferError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        return self._done(transfer)

    def _done(self, transfer):
        amount = {"amount": yuan(transfer.amount_minor), "to": transfer.target or transfer.guardian}
        if transfer.target_id:
            messages.success(self.request, _("Lessons worth %(amount)s transferred: %(to)s.") % amount)
            return redirect("statement", pk=transfer.target_id)
        messages.success(self.request, _("%(amount)s are in the wallet of %(to)s now.") % amount)
        return redirect("wallet", pk=transfer.guardian_id)


class TransferUndoView(StaffPageMixin, View):
    """POST only."""

    permission_required = "enrolments.add_transfer"
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        transfers = Transfer.objects.visible_to(request.user).select_related("source", "target__student", "guardian")
        transfer = get_object_or_404(transfers, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, transfer):
            raise PermissionDenied
        form = ReasonForm(request.POST)
        try:
            if form.is_valid():
                facts = {"reason": form.cleaned_data["reason"], "by": request.user, "now": timezone.now()}
                undo_transfer(transfer=transfer, **facts)
                messages.success(request, _("The transfer is undone: everything is where it was."))
            else:
                messages.error(request, _("Say why."))
        except (TransferError, WalletError) as error:
            messages.error(request, str(error))
        return redirect("statement", pk=transfer.source_id)


class CorrectionView(AccountPageMixin, FormView):
    """What the books say wrongly; its reason stands in the statement."""

    permission_required = "enrolments.correct_credits"
    template_name = "dashboard/correction.html"
    form_class = CorrectionForm

    def get_form_kwargs(self):
        lots = CreditLot.objects.filter(enrolment=self.enrolment).select_related("package", "enrolment").order_by("pk")
        return super().get_form_kwargs() | {"lots": lots}

    def get_context_data(self, **kwargs):
        title = _("Correct %(course)s: %(student)s")
        facts = {"course": self.enrolment.course, "student": self.enrolment.student}
        return super().get_context_data(title=title % facts, enrolment=self.enrolment, **kwargs)

    def form_valid(self, form):
        try:
            correct_credits(**form.cleaned_data, by=self.request.user, now=timezone.now())
        except CorrectionError as error:
            form.add_error("difference", str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("Corrected; the reason stands in the statement."))
        return redirect("statement", pk=self.enrolment.pk)
