"""Renewals of a whole class: drafts in one go, their list, and slips to hand out."""

from datetime import timedelta
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import FormView, TemplateView

from branches.pages import StaffPageMixin
from core.clock import local_date
from dashboard.class_renewal_forms import RenewalsForm
from dashboard.class_renewals import candidates_of, drafts_of, packages_of, prepare_renewals
from enrolments.models import DiscountRule, Enrolment, Order
from enrolments.services import OrderError
from scheduling.models import ClassGroup

OFFER_DAYS = timedelta(days=21)


class OfClassMixin(StaffPageMixin):
    """A class that the person may see, and prepare orders for at its branch."""

    permission_required = "enrolments.add_order"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        groups = ClassGroup.objects.visible_to(request.user).select_related("branch", "course", "teacher")
        self.group = get_object_or_404(groups, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, self.group):
            raise PermissionDenied

    @cached_property
    def now(self):
        return timezone.now()

    @property
    def today(self):
        return local_date(self.now, self.group.branch.time_zone)

    @cached_property
    def drafts(self):
        return list(drafts_of(self.group, Order.objects.visible_to(self.request.user)))


class ClassRenewalsView(OfClassMixin, FormView):
    """Pick the children, see how many and how much, prepare; below it what was prepared."""

    template_name = "dashboard/class_renewals.html"
    form_class = RenewalsForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {
            "candidates": candidates_of(self.group, now=self.now),
            "packages": packages_of(self.group),
            "discounts": DiscountRule.objects.in_branches([self.group.branch_id]).on(self.today),
            "lapses_date": self.today + OFFER_DAYS,
            "today": self.today,
        }

    def get_context_data(self, **kwargs):
        context = super().get_context_data(
            title=_("Renewals of %(class)s") % {"class": self.group}, group=self.group, drafts=self.drafts, **kwargs
        )
        form = context["form"]
        picked = [one for one in form.candidates if one.is_due and one.package]
        return context | {
            "count": len(picked),
            "sum_minor": sum(one.package.price_minor for one in picked),
            "open_count": sum(order.status == Order.Status.DRAFT for order in self.drafts),
            "prices": dict(packages_of(self.group).values_list("pk", "price_minor")),
            "discounts": {rule.pk: _off(rule) for rule in form.fields["discount"].queryset},
        }

    def form_valid(self, form):
        before = len(self.drafts)
        data = form.cleaned_data
        try:
            prepare_renewals(
                group=self.group,
                packages=form.chosen,
                discount=data["discount"],
                lapses_date=data["lapses_date"],
                by=self.request.user,
                now=self.now,
            )
        except OrderError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        del self.drafts
        number = len(self.drafts) - before
        messages.success(
            self.request, ngettext("%(n)d draft prepared.", "%(n)d drafts prepared.", number) % {"n": number}
        )
        return redirect("class_renewals", pk=self.group.pk)


def _off(rule):
    """What a discount takes off, for the page's own sums: per mille of the price, or fen."""
    return {"per_mille": int(rule.percent * 10)} if rule.percent else {"minor": rule.amount_minor}


class RenewalSlipsView(OfClassMixin, TemplateView):
    """A slip for each open draft of the class, to print and hand out."""

    template_name = "dashboard/renewal_slips.html"

    def get_context_data(self, **kwargs):
        open_drafts = [order for order in self.drafts if order.status == Order.Status.DRAFT]
        students = [item.student_id for order in open_drafts for item in order.items.all()]
        accounts = Enrolment.objects.filter(branch=self.group.branch_id, course=self.group.course_id)
        balances = dict(accounts.filter(student__in=students).values_list("student", "balance"))
        title = _("Renewal slips of %(class)s") % {"class": self.group}
        return super().get_context_data(title=title, group=self.group, orders=open_drafts, balances=balances, **kwargs)
