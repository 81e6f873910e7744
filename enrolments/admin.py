from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from branches.admin import BranchScopedAdmin, BranchScopedFilter, BranchScopedInline
from core.money import yuan
from enrolments.models import CreditEntry, CreditLot, DiscountRule, Enrolment


class ReadOnlyInline(BranchScopedInline):
    """Not even a superuser adds a row here: it would get round the services."""

    def has_add_permission(self, request, obj=None):
        return False


class CreditLotInline(ReadOnlyInline):
    model = CreditLot
    fields = readonly_fields = [
        "paid_credits",
        "gift_credits",
        "paid",
        "start_date",
        "expires_date",
        "sold_by",
    ]

    @admin.display(description=CreditLot._meta.get_field("paid_minor").verbose_name)
    def paid(self, lot):
        return yuan(lot.paid_minor)


class CreditEntryInline(ReadOnlyInline):
    model = CreditEntry
    fields = readonly_fields = ["occurred_at", "kind", "credits", "balance_after", "reason", "recorded_by"]
    ordering = ["-sequence"]
    per_page = 20


@admin.register(Enrolment)
class EnrolmentAdmin(BranchScopedAdmin):
    """To look at: enrolling, taking and giving back have pages of their own, and the ledger is not edited."""

    list_display = ["student", "course", "branch", "balance", "created_at"]
    list_filter = [("branch", BranchScopedFilter), "course"]
    search_fields = ["student__name", "student__name_initials"]
    list_select_related = ["student", "course", "branch"]
    inlines = [CreditLotInline, CreditEntryInline]

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(DiscountRule)
class DiscountRuleAdmin(BranchScopedAdmin):
    """Named discounts. Those of all branches are the owner's; a manager has those of the own branch."""

    list_display = ["name", "kind", "off", "branch", "valid_from", "valid_until", "is_active"]
    list_filter = ["is_active", "kind", ("branch", BranchScopedFilter)]
    search_fields = ["name"]
    list_select_related = ["branch"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "kind"),
                    ("percent", "amount_minor"),
                    ("valid_from", "valid_until"),
                    ("branch", "is_active"),
                ]
            },
        )
    ]

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        if branch := form.base_fields.get("branch"):
            branch.required = not request.user.is_owner
        return form

    @admin.display(description=_("discount"))
    def off(self, rule):
        return f"{rule.percent.normalize():f}%" if rule.percent else yuan(rule.amount_minor)
