from django.contrib import admin

from branches.admin import BranchScopedAdmin
from core.phones import masked
from parents.models import Guardian


@admin.register(Guardian)
class GuardianAdmin(BranchScopedAdmin):
    list_display = ["name", "masked_phone"]
    search_fields = ["name", "phone_tail", "phone"]
    fields = ["name", "phone", "other_phone", "language", "note"]

    @admin.display(description=Guardian._meta.get_field("phone").verbose_name)
    def masked_phone(self, guardian):
        return masked(guardian.phone)
