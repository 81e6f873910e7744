"""The rules for enquiries of a branch, in plain sentences."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from sales.forms.policy import PolicyForm
from sales.models import SalesPolicy
from sales.services.policy import change_policy


class SalesPolicyView(StaffPageMixin, FormView):
    """Of ?branch=…, else of the first of the person's branches."""

    title = gettext_lazy("Rules for enquiries")
    permission_required = "sales.change_salespolicy"
    template_name = "sales/policy.html"
    form_class = PolicyForm

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required).order_by("name"))

    @cached_property
    def policy(self):
        policies = SalesPolicy.objects.filter(branch__in=self.branches).select_related("branch")
        text = self.request.GET.get("branch", "")
        return get_object_or_404(policies, pk=text if text.isdecimal() else self.branches[0].pk)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"instance": self.policy}

    def get_context_data(self, **kwargs):
        return super().get_context_data(policy=self.policy, branches=self.branches, **kwargs)

    def form_valid(self, form):
        change_policy(policy=form.instance, now=timezone.now())
        messages.success(self.request, _("The rules of %(branch)s were saved.") % {"branch": self.policy})
        return redirect(f"{reverse('sales_policy')}?branch={self.policy.pk}")
