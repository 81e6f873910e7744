"""Asking for a refund: one screen, with what every formula gives beside it."""

from functools import cached_property

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from branches.pages import StaffPageMixin
from core.clock import local_date
from core.money import yuan
from dashboard.refund_forms import MaterialFormSet, RefundForm
from dashboard.refunds import classes_to_leave, leaves, start_refund
from enrolments.models import Enrolment, Payment, Refund
from enrolments.refund_sheet import candidates_of, draw_sheet
from enrolments.refund_words import columns_of
from enrolments.services import RefundError


class RefundNewView(StaffPageMixin, TemplateView):
    """One screen: who ends it, what is given back, and beside it what every formula gives."""

    permission_required = "enrolments.add_refund"
    template_name = "dashboard/refund_new.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not request.user.has_perm(self.permission_required):
            return
        enrolments = Enrolment.objects.visible_to(request.user).select_related("student", "course", "branch__books")
        self.enrolment = get_object_or_404(enrolments, pk=kwargs["pk"])

    def has_permission(self):
        return self.request.user.has_perm(self.permission_required, getattr(self, "enrolment", None))

    def get(self, request, *args, **kwargs):
        if under_way := self.enrolment.refunds.open().first():
            return redirect("refund", pk=under_way.pk)
        return self._page(*self._forms())

    def post(self, request, *args, **kwargs):
        form, materials = self._forms(request.POST)
        is_valid = form.is_valid() & materials.is_valid()
        if "X-Fragment" in request.headers:
            return render(request, "dashboard/refund_preview.html", self._preview(form, materials))
        return self._start(form, materials) if is_valid else self._page(form, materials)

    @cached_property
    def now(self):
        return timezone.now()

    @property
    def day(self):
        return local_date(self.now, self.enrolment.branch.time_zone)

    @cached_property
    def candidates(self):
        return candidates_of(self.enrolment)

    def _forms(self, data=None):
        facts = {"candidates": self.candidates, "day": self.day, "method": self._method()}
        return RefundForm(data, **facts), MaterialFormSet(data, prefix="materials")

    def _method(self):
        """Money goes back the way it came."""
        orders = [one.lot.item.order_id for one in self.candidates if one.lot.item]
        payments = Payment.objects.filter(order__in=orders, amount_minor__gt=0).exclude(method=Payment.Method.BOOK)
        return payments.order_by("-received_at").values_list("method", flat=True).first() or Payment.Method.WECHAT

    def _page(self, form, materials, error=""):
        title = _("Refund of %(course)s: %(student)s") % {
            "course": self.enrolment.course,
            "student": self.enrolment.student,
        }
        withdraw_until = max(
            (one.withdraw_until for one in self.candidates if one.may_withdraw(self.day)), default=None
        )
        context = {
            "title": title,
            "enrolment": self.enrolment,
            "candidates": self.candidates,
            "chosen_lots": {int(pk) for pk in form["lots"].value() or [] if str(pk).isdecimal()},
            "withdraw_until": withdraw_until,
            "days_to_withdraw": (withdraw_until - self.day).days if withdraw_until else 0,
            "has_materials": bool(materials.deductions) if materials.is_bound else False,
            "error": error,
            **self._preview(form, materials),
        }
        return self.render_to_response(self.get_context_data(**context))

    def _preview(self, form, materials):
        """The sheet, once it is known who ends it and what is given back."""
        wish = form.wish(materials) if form.is_bound and hasattr(form, "cleaned_data") else None
        sheet = draw_sheet(self.enrolment, wish, day=self.day, candidates=self.candidates) if wish else None
        goes = sheet and leaves(self.enrolment, sheet)
        return {
            "form": form,
            "materials": materials,
            "sheet": sheet,
            "columns": columns_of(sheet) if sheet else [],
            "leaving": classes_to_leave(self.enrolment, day=self.day) if goes else [],
        }

    def _start(self, form, materials):
        data, wish = form.cleaned_data, form.wish(materials)
        shown = draw_sheet(self.enrolment, wish, day=self.day, candidates=self.candidates)
        if shown["amount"] != data["seen"]:
            error = "" if data["seen"] is None else _("The figures have changed meanwhile: look at them again.")
            return self._page(form, materials, error)
        facts = {name: data[name] for name in ("reason", "method", "token")}
        try:
            refund = start_refund(enrolment=self.enrolment, wish=wish, by=self.request.user, now=self.now, **facts)
        except RefundError as error:
            return self._page(form, materials, str(error))
        messages.success(self.request, _said(refund))
        return redirect("refund", pk=refund.pk)


def _said(refund):
    amount = {"amount": yuan(refund.amount_minor)}
    if refund.status == Refund.Status.APPROVED:
        return _("Refund of %(amount)s: it can be paid now.") % amount
    return _("Refund of %(amount)s asked for; somebody else approves it now.") % amount
