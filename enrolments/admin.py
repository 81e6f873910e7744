from django.contrib import admin

from branches.admin import BranchScopedAdmin, BranchScopedFilter, BranchScopedInline
from core.money import yuan
from enrolments.models import CreditEntry, CreditLot, Enrolment


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

    def get_queryset(self, request):
        return super().get_queryset(request).with_balance()

    @admin.display(description=CreditEntry._meta.get_field("balance_after").verbose_name)
    def balance(self, enrolment):
        return enrolment.balance

    def has_add_permission(self, request, obj=None):
        return False
