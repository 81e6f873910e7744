from django.contrib import admin, messages
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.admin import BranchScopedAdmin, BranchScopedFilter, BranchScopedInline
from core.clock import day_text
from scheduling.clashes import LessonClashError
from scheduling.models import ClassGroup, LeavePolicy, LeaveTier, ScheduleRule
from scheduling.services import ScheduleError, plan_lessons


class ScheduleRuleInline(BranchScopedInline):
    model = ScheduleRule


class OverFullFilter(admin.SimpleListFilter):
    title = gettext_lazy("seats")
    parameter_name = "full"

    def lookups(self, request, model_admin):
        return [("yes", gettext_lazy("over-full"))]

    def queryset(self, request, queryset):
        return queryset.filter(student_count__gt=F("capacity")) if self.value() == "yes" else queryset


@admin.register(ClassGroup)
class ClassGroupAdmin(BranchScopedAdmin):
    """Saving a class plans the lessons that it still lacks by its weekly rules."""

    list_display = ["name", "branch", "course", "teacher", "seats", "lessons"]
    list_filter = [OverFullFilter, ("branch", BranchScopedFilter), "course"]
    search_fields = ["name"]
    list_select_related = ["branch", "course", "teacher"]
    fields = [
        ("branch", "name"),
        ("course", "teacher"),
        ("capacity", "credits_per_lesson"),
        ("first_date", "lessons_total", "lessons_before"),
    ]
    inlines = [ScheduleRuleInline]

    def get_queryset(self, request):
        return super().get_queryset(request).with_counts()

    @admin.display(description=gettext_lazy("Seats taken"))
    def seats(self, group):
        return f"{group.student_count}/{group.capacity}"

    @admin.display(description=gettext_lazy("Lessons"))
    def lessons(self, group):
        return f"{group.lesson_count + group.lessons_before}/{group.lessons_total}"

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        try:
            lessons = plan_lessons(class_group=form.instance, by=request.user, now=timezone.now())
        except (LessonClashError, ScheduleError) as error:
            messages.error(request, _("The class is saved, but its lessons are not planned. %(why)s") % {"why": error})
            return
        if lessons:
            messages.success(
                request,
                _("%(number)d lessons planned, the last on %(day)s.")
                % {"number": len(lessons), "day": day_text(lessons[-1].local_date)},
            )


class LeaveTierInline(BranchScopedInline):
    """Part of the policy: whoever may change that may change its tiers."""

    model = LeaveTier

    def _may(self, what, request, obj):
        permission = "scheduling.view_leavepolicy" if what == "view" else "scheduling.change_leavepolicy"
        return request.user.has_perm(permission, obj)


@admin.register(LeavePolicy)
class LeavePolicyAdmin(BranchScopedAdmin):
    list_display = ["branch", "leaves_per_class", "make_up_days"]
    list_select_related = ["branch"]
    fields = ["branch", ("leaves_per_class", "make_up_days")]
    inlines = [LeaveTierInline]
