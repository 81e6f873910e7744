"""A family's wallet: its statement, money in, money out."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import ListView

from branches.pages import StaffPageMixin
from core.money import yuan
from dashboard.money_forms import WalletForm
from enrolments.models import WalletEntry
from enrolments.services import WalletError, pay_out_wallet, top_up_wallet, wallet_balance
from parents.models import Guardian


class WalletView(StaffPageMixin, ListView):
    """Newest first. POST action=top_up or pay_out moves money."""

    permission_required = "enrolments.view_walletentry"
    template_name = "dashboard/wallet.html"
    paginate_by = 50
    RIGHTS = {"top_up": "enrolments.add_walletentry", "pay_out": "enrolments.pay_out_wallet"}

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():
            self.guardian = get_object_or_404(Guardian.objects.visible_to(request.user), pk=kwargs["pk"])

    def get_queryset(self):
        entries = WalletEntry.objects.filter(guardian=self.guardian).select_related("branch", "recorded_by")
        return entries.order_by("-sequence")

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            title=_("Wallet of %(guardian)s") % {"guardian": self.guardian},
            guardian=self.guardian,
            children=self.guardian.students.visible_to(user).order_by("name"),
            balance_minor=wallet_balance(self.guardian),
            form=kwargs.pop("form", None) or self._form("top_up"),
            may={action: bool(user.branches_with(right)) for action, right in self.RIGHTS.items()},
            **kwargs,
        )

    def _form(self, action, data=None):
        here = self.request.user.branches_with(self.RIGHTS[action])
        return WalletForm(data, branches=here.filter(students__guardians=self.guardian).distinct())

    def post(self, request, *args, **kwargs):
        action = request.POST.get("action", "")
        if action not in self.RIGHTS or not request.user.has_perm(self.RIGHTS[action]):
            raise PermissionDenied
        form = self._form(action, request.POST)
        if form.is_valid():
            try:
                return self._move(action, form.cleaned_data)
            except WalletError as error:
                form.add_error("amount", str(error))
        self.object_list = self.get_queryset()
        return self.render_to_response(self.get_context_data(form=form))

    def _move(self, action, data):
        service = top_up_wallet if action == "top_up" else pay_out_wallet
        facts = {name: data[name] for name in ("branch", "method", "reason", "token")}
        facts |= {"reference": "", "by": self.request.user, "now": timezone.now()}
        entry = service(guardian=self.guardian, amount_minor=data["amount"], **facts)
        messages.success(
            self.request, _("The wallet holds %(amount)s now.") % {"amount": yuan(entry.balance_after_minor)}
        )
        return redirect("wallet", pk=self.guardian.pk)
