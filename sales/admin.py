from django.contrib import admin

from branches.admin import BranchScopedAdmin, BranchScopedFilter
from sales.models import Campaign


@admin.register(Campaign)
class CampaignAdmin(BranchScopedAdmin):
    """Those of the whole school are the owner's to write, and everybody's to see."""

    list_display = ["name", "channel", "branch", "first_date", "last_date"]
    list_filter = [("branch", BranchScopedFilter)]
    list_select_related = ["channel", "branch"]
    search_fields = ["name"]

    def has_view_permission(self, request, obj=None):
        return super().has_view_permission(request)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "branch" and not request.user.is_owner:
            kwargs["required"] = True
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
