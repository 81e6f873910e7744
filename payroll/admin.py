from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from branches.admin import BranchScopedAdmin, BranchScopedFilter, BranchScopedInline
from payroll.forms import PayRateForm, PaySchemeForm, PayTierFormSet
from payroll.models import PayRate, PayScheme, PayTier


class PayTierInline(BranchScopedInline):
    """Part of the scheme: whoever may change that may change its bands."""

    model = PayTier
    formset = PayTierFormSet

    def _may(self, what, request, obj):
        permission = "payroll.view_payscheme" if what == "view" else "payroll.change_payscheme"
        return request.user.has_perm(permission, obj)


@admin.register(PayScheme)
class PaySchemeAdmin(BranchScopedAdmin):
    """A scheme that has paid somebody keeps its figures: “Save as new” makes the next one from it."""

    form = PaySchemeForm
    save_as = True
    list_display = ["name", "basis"]
    list_filter = ["basis"]
    search_fields = ["name"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "basis"),
                    "amount_minor",
                    ("children_included", "extra_minor"),
                    "is_progressive",
                ]
            },
        ),
        (_("Bonus for full classes"), {"fields": [("full_class_children", "full_class_minor")]}),
        (_("By the month"), {"fields": [("base_minor", "minimum_lessons"), "guaranteed_minor"]}),
        (
            _("What counts"),
            {
                "fields": [
                    ("counts_trials", "counts_make_ups"),
                    ("counts_leave", "counts_absent"),
                    "pays_substitutes",
                ]
            },
        ),
    ]
    conditional_fields = {
        "amount_minor": "basis == 'lesson' || basis == 'heads'",
        "children_included": "basis == 'heads'",
        "extra_minor": "basis == 'heads'",
        "is_progressive": "basis == 'tiers'",
    }
    inlines = [PayTierInline]


@admin.register(PayRate)
class PayRateAdmin(BranchScopedAdmin):
    form = PayRateForm
    list_display = ["teacher", "branch", "course", "scheme", "valid_from", "valid_until"]
    list_filter = [("branch", BranchScopedFilter), "scheme"]
    search_fields = ["teacher__name"]
    list_select_related = ["teacher", "branch", "course", "scheme"]
    fields = [("teacher", "branch"), ("scheme", "course"), ("valid_from", "valid_until")]
