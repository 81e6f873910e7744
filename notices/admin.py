from django.contrib import admin

from branches.admin import BranchScopedAdmin
from notices.models import NoticePolicy


@admin.register(NoticePolicy)
class NoticePolicyAdmin(BranchScopedAdmin):
    """Made with its branch, and kept as long as that."""

    list_display = ["branch", "alone_up_to"]
    list_select_related = ["branch"]
    search_fields = ["branch__name"]
    fields = ["branch", "alone_up_to"]
    readonly_fields = ["branch"]
