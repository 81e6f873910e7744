"""The job queue's tables: for superusers, to look at. What runs stands in settings.PERIODIC_JOBS."""

import django_q.admin  # noqa: F401  (registers its own pages, which we replace)
from django.contrib import admin
from django.template.defaultfilters import truncatechars
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin

for model in (Failure, OrmQ, Schedule, Success):
    admin.site.unregister(model)


class SuperuserReadOnlyAdmin(ModelAdmin):
    """Tasks carry arguments and results of any kind, so nobody else sees them; nobody edits them."""

    actions = None

    def has_module_permission(self, request):
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Schedule)
class ScheduleAdmin(SuperuserReadOnlyAdmin):
    list_display = ["func", "minutes", "next_run"]
    search_fields = ["func"]


@admin.register(Success)
class SuccessAdmin(SuperuserReadOnlyAdmin):
    list_display = ["func", "started", "stopped"]
    list_filter = ["func"]
    search_fields = ["func", "name"]


@admin.register(Failure)
class FailureAdmin(SuperuserReadOnlyAdmin):
    list_display = ["func", "started", "stopped", "short_result"]
    list_filter = ["func"]
    search_fields = ["func", "name"]

    @admin.display(description=_("result"))
    def short_result(self, task):
        return truncatechars(task.result, 100)


@admin.register(OrmQ)
class QueuedTaskAdmin(SuperuserReadOnlyAdmin):
    list_display = ["name", "func", "lock"]
    search_fields = ["key"]
