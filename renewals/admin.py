from django.contrib import admin

from branches.admin import BranchScopedAdmin, BranchScopedInline
from renewals.models import ReminderPolicy, ReminderStep


class ReminderStepInline(BranchScopedInline):
    """Part of the policy: whoever may change that may change its steps."""

    model = ReminderStep

    def _may(self, what, request, obj):
        permission = "renewals.view_reminderpolicy" if what == "view" else "renewals.change_reminderpolicy"
        return request.user.has_perm(permission, obj)


@admin.register(ReminderPolicy)
class ReminderPolicyAdmin(BranchScopedAdmin):
    """Made with its branch, and kept as long as that."""

    list_display = ["branch", "most", "days_between", "desk_limit"]
    list_select_related = ["branch"]
    search_fields = ["branch__name"]
    fields = ["branch", ("most", "days_between"), "desk_limit"]
    readonly_fields = ["branch"]
    inlines = [ReminderStepInline]
