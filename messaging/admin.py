from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from branches.admin import BranchScopedAdmin, BranchScopedFilter
from messaging.models import FOR_STAFF, OutboundMessage, Status
from messaging.words import named_kinds

_GOOD = [Status.ACCEPTED, Status.SENT, Status.DELIVERED]
_DOUBTFUL = [Status.UNKNOWN, Status.SUPPRESSED, Status.EXPIRED]
LABELS = {
    **dict.fromkeys(Status.values, "info"),
    **dict.fromkeys(_GOOD, "success"),
    **dict.fromkeys(FOR_STAFF, "danger"),
    **dict.fromkeys(_DOUBTFUL, "warning"),
}


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return named_kinds()

    def queryset(self, request, messages):
        return messages.filter(kind=self.value()) if self.value() else messages


@admin.register(OutboundMessage)
class OutboundMessageAdmin(BranchScopedAdmin):
    """What was said to whom, and what became of it: to look at. Messages are written by the software only."""

    list_display = ["due_at", "kind_text", "phone", "text", "shown_status", "status_at", "branch"]
    list_filter = ["status", KindFilter, ("branch", BranchScopedFilter), "due_at"]
    list_select_related = ["branch"]
    search_fields = ["about", "subject", "recipient"]
    actions = None
    fields = [
        ("status", "status_at"), ("reason", "error_code"), ("branch", "kind_text"), ("phone", "channel"),
        "body", ("due_at", "useful_until"), ("attempt_count", "created_at"),
    ]  # fmt: skip
    readonly_fields = ["kind_text", "phone"]

    @display(description=_("status"), ordering="status", label=LABELS)
    def shown_status(self, message):
        return message.status, message.get_status_display()

    @admin.display(description=_("kind"), ordering="kind")
    def kind_text(self, message):
        return message.kind_text

    @admin.display(description=_("phone"))
    def phone(self, message):
        return message.masked_phone or "—"

    @admin.display(description=_("text"))
    def text(self, message):
        return message.body or "—"

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
