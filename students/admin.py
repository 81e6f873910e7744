from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from branches.admin import BranchScopedAdmin, BranchScopedFilter, BranchScopedInline
from core.phones import masked
from students.models import Channel, Enquiry, Guardianship, Student


class GuardianshipInline(BranchScopedInline):
    model = Guardianship
    autocomplete_fields = ["guardian"]


@admin.register(Student)
class StudentAdmin(BranchScopedAdmin):
    """The child's facts. New children are taken in on the page for it, which knows their branch."""

    list_display = ["name", "gender", "birth_date", "school", "grade"]
    search_fields = ["name", "name_initials"]
    fields = [("name", "gender", "birth_date"), ("school", "grade"), ("adviser", "channel"), "note"]
    inlines = [GuardianshipInline]

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(Channel)
class ChannelAdmin(BranchScopedAdmin):
    list_display = ["name", "is_referral", "is_active", "position"]
    search_fields = ["name"]


class FollowUpDueFilter(admin.SimpleListFilter):
    title = _("follow-up")
    parameter_name = "due"

    def lookups(self, request, model_admin):
        return [("yes", _("due"))]

    def queryset(self, request, queryset):
        if self.value() != "yes":
            return queryset
        return queryset.due(timezone.now())


@admin.register(Enquiry)
class EnquiryAdmin(BranchScopedAdmin):
    list_display = [
        "child_name",
        "masked_phone",
        "branch",
        "course",
        "stage",
        "owner",
        "next_follow_up_at",
    ]
    list_filter = [FollowUpDueFilter, "stage", ("branch", BranchScopedFilter)]
    search_fields = ["child_name", "guardian_name", "phone"]
    list_select_related = ["branch", "course", "owner"]

    @admin.display(description=Enquiry._meta.get_field("phone").verbose_name)
    def masked_phone(self, enquiry):
        return masked(enquiry.phone)
