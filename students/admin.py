from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from branches.admin import BranchScopedAdmin, BranchScopedFilter, BranchScopedInline
from core.phones import masked
from students.custom_fields import name_of
from students.forms import CustomFieldsMixin
from students.models import Channel, CustomField, Enquiry, Guardianship, Student


class GuardianshipInline(BranchScopedInline):
    model = Guardianship
    autocomplete_fields = ["guardian"]


class StudentFactsForm(CustomFieldsMixin, forms.ModelForm):
    custom_target = "student"
    custom_widgets = {
        CustomField.Kind.TEXT: UnfoldAdminTextInputWidget,
        CustomField.Kind.NUMBER: UnfoldAdminDecimalFieldWidget,
        CustomField.Kind.DATE: UnfoldAdminSingleDateWidget,
        CustomField.Kind.CHOICE: UnfoldAdminSelectWidget,
        CustomField.Kind.YES_NO: UnfoldAdminSelectWidget,
    }


@admin.register(Student)
class StudentAdmin(BranchScopedAdmin):
    """The child's facts. New children are taken in on the page for it, which knows their branch."""

    list_display = ["name", "gender", "birth_date", "school", "grade"]
    search_fields = ["name", "name_initials"]
    fields = [("name", "gender", "birth_date"), ("school", "grade"), ("adviser", "channel"), "note"]
    form = StudentFactsForm
    inlines = [GuardianshipInline]

    def get_form(self, request, obj=None, **kwargs):
        """The custom fields are the form's own: the model knows nothing of them."""
        kwargs["fields"] = flatten_fieldsets(super().get_fieldsets(request, obj))
        return super().get_form(request, obj, **kwargs)

    def get_fieldsets(self, request, obj=None):
        names = [name_of(field) for field in CustomField.objects.of("student")]
        more = [(_("Custom fields"), {"fields": names})] if names and self.has_change_permission(request, obj) else []
        return [*super().get_fieldsets(request, obj), *more]

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
