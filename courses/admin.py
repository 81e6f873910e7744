from django.contrib import admin

from branches.admin import BranchScopedAdmin
from core.money import yuan
from courses.models import Course, CoursePackage, Subject


@admin.register(Subject)
class SubjectAdmin(BranchScopedAdmin):
    list_display = ["name", "is_academic"]
    search_fields = ["name"]


@admin.register(Course)
class CourseAdmin(BranchScopedAdmin):
    list_display = ["name", "subject", "minutes", "list_price", "is_active"]
    list_filter = ["is_active", "stage"]
    search_fields = ["name"]
    list_select_related = ["subject"]
    autocomplete_fields = ["continues_in"]

    @admin.display(description=Course._meta.get_field("list_price_minor").verbose_name, ordering="list_price_minor")
    def list_price(self, course):
        return yuan(course.list_price_minor)


@admin.register(CoursePackage)
class CoursePackageAdmin(BranchScopedAdmin):
    list_display = ["name", "course", "paid_credits", "gift_credits", "price", "validity_days", "is_active"]
    list_filter = ["is_active", "course"]
    search_fields = ["name", "course__name"]
    list_select_related = ["course"]

    @admin.display(description=CoursePackage._meta.get_field("price_minor").verbose_name, ordering="price_minor")
    def price(self, package):
        return yuan(package.price_minor)
