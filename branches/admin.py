"""The back office: lists, choices and objects limited to what the person may see."""

from django.contrib import admin
from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from branches.models import Branch, CalendarDay, LegalEntity, Membership, Room, SchoolBreak, User
from core.forms import YuanField

admin.site.unregister(Group)  # rights come from memberships


class BranchScopedMixin:
    """Rows, choices and rights of an admin or inline by branch; what nobody may see does not exist (404)."""

    def get_queryset(self, request):
        ordering = self.get_ordering(request)
        rows = self.model._default_manager.all()
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(request.user)
        return rows.order_by(*ordering) if ordering else rows

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name.endswith("_minor"):
            return YuanField(
                label=capfirst(db_field.verbose_name),
                required=not db_field.blank,
                widget=UnfoldAdminDecimalFieldWidget(),
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        choices = db_field.related_model._default_manager.all()
        if "queryset" not in kwargs and hasattr(choices, "visible_to"):
            kwargs["queryset"] = choices.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_view_permission(self, request, obj=None):
        return self._may("view", request, obj) or self._may("change", request, obj)

    def has_add_permission(self, request, obj=None):
        return self._may("add", request, obj)

    def has_change_permission(self, request, obj=None):
        return self._may("change", request, obj)

    def has_delete_permission(self, request, obj=None):
        return self._may("delete", request, obj)

    def _may(self, what, request, obj):
        permission = f"{self.opts.app_label}.{what}_{self.opts.model_name}"
        return request.user.has_perm(permission, obj)


class BranchScopedAdmin(BranchScopedMixin, ModelAdmin):
    list_per_page = 50
    compressed_fields = True
    warn_unsaved_form = True

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        raise Http404

    def history_view(self, request, object_id, extra_context=None):
        if not self.has_view_permission(request):  # the right comes before the object, as on the other pages
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class BranchScopedInline(BranchScopedMixin, TabularInline):
    extra = 0


class BranchScopedFilter(RelatedFieldListFilter):
    """A filter whose choices are the rows one may see."""

    def field_choices(self, field, request, model_admin):
        visible = field.related_model._default_manager.visible_to(request.user)
        return field.get_choices(include_blank=False, limit_choices_to={"pk__in": visible.values("pk")})


@admin.register(Branch)
class BranchAdmin(BranchScopedAdmin):
    list_display = ["name", "code", "sms_signature", "class_reminder_on", "renewal_threshold"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": [("name", "code", "color"), ("phone", "address"), "time_zone"]}),
        (
            _("Messages"),
            {
                "fields": [
                    "sms_signature",
                    ("quiet_from", "quiet_until"),
                    ("most_service_a_day", "most_offers_a_week", "sms_part_price_fen"),
                    "digest_times",
                    ("class_reminder_on", "class_reminder_at"),
                    ("renewal_reminder_on", "renewal_reminder_at"),
                    ("renewal_threshold", "renewal_days"),
                ]
            },
        ),
        (
            _("Lesson credits"),
            {
                "fields": [
                    "consumption_order",
                    "revenue_method",
                    ("may_owe", "absent_takes_credit", "leave_takes_credit"),
                ]
            },
        ),
        (_("Timetable"), {"fields": ["rule_pack", ("school_from", "school_until")]}),
        (_("Discounts"), {"fields": ["discount_limit_percent"]}),
        (_("Refunds"), {"fields": [("refund_limit_minor", "refund_manager_limit_minor"), "refund_full_days"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        """Nobody raises the limit of what they may approve."""
        if request.user.has_perm("enrolments.approve_large_refund"):
            return ["channels"]
        return ["channels", "refund_limit_minor", "refund_manager_limit_minor", "discount_limit_percent"]

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return fieldsets
        return [*fieldsets, (pgettext_lazy("messages", "Channels"), {"fields": ["channels"]})]

    @admin.display(description=_("channels of messages"))
    def channels(self, branch):
        address = reverse("branch_channels", args=[branch.pk])
        return format_html('<a class="qx-link" href="{}">{}</a>', address, _("Which channel carries what"))


@admin.register(Room)
class RoomAdmin(BranchScopedAdmin):
    list_display = ["name", "branch", "capacity", "area_m2"]
    list_filter = [("branch", BranchScopedFilter)]
    search_fields = ["name"]
    list_select_related = ["branch"]


@admin.register(LegalEntity)
class LegalEntityAdmin(BranchScopedAdmin):
    list_display = ["name", "branch", "credit_code", "licence_expires_date"]
    list_select_related = ["branch"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "branch",
                    ("name", "credit_code"),
                    "address",
                    ("contact_name", "contact_phone"),
                ]
            },
        ),
        (
            _("Licences"),
            {
                "fields": [
                    ("licence_number", "licence_expires_date"),
                    "approving_authority",
                    "registering_authority",
                    ("registration_expires_date", "registration_is_unlimited"),
                    ("teaches_online", "icp_number"),
                ]
            },
        ),
        (
            _("Contracts and receipts"),
            {"fields": [("supervision", "supervised_account"), "refund_days_before", "own_terms"]},
        ),
    ]

    def get_readonly_fields(self, request, obj=None):
        """Whose details they are is for whoever may add some: a manager keeps to the own branch."""
        return [] if self.has_add_permission(request) else ["branch"]


@admin.register(CalendarDay)
class CalendarDayAdmin(BranchScopedAdmin):
    list_display = ["day", "branch", "kind", "reason", "source"]
    list_filter = [("branch", BranchScopedFilter)]
    list_select_related = ["branch"]
    ordering = ["-day"]


@admin.register(SchoolBreak)
class SchoolBreakAdmin(BranchScopedAdmin):
    list_display = ["name", "branch", "first_date", "last_date"]
    list_filter = [("branch", BranchScopedFilter)]
    list_select_related = ["branch"]
    ordering = ["-first_date"]


class MembershipInline(BranchScopedInline):
    model = Membership


@admin.register(User)
class StaffAdmin(BranchScopedAdmin, UserAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["name", "username", "is_active", "roles_text"]
    list_filter = ["is_active"]
    search_fields = ["name", "username"]
    ordering = ["name"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["name", "username", "password", "phone", "is_active"]}),
    ]
    add_fieldsets = [(None, {"fields": ["name", "username", "password1", "password2"]})]
    inlines = [MembershipInline]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("memberships__branch")

    def get_fieldsets(self, request, obj=None):
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["name", "username", "phone", "is_active"]})]  # to look at: not even a hash

    @admin.display(description=_("Roles"))
    def roles_text(self, user):
        return "、".join(str(membership) for membership in user.memberships.all())
