from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from messaging.models import OutboundMessage
from scheduling.clashes import LessonClashError
from scheduling.forms import ChangeFilterForm
from scheduling.models import TimetableChange
from scheduling.notices import CHANGE_NOTICE, GIVEN_UP
from scheduling.services import UNDO_WITHIN, ScheduleError, undo_change


def may_undo(user, change):
    """Whoever may do it may take it back."""
    is_day = change.kind == TimetableChange.Kind.CANCEL_DAY
    return user.has_perm("scheduling.cancel_day" if is_day else "scheduling.change_lesson", change)


class ChangeListView(StaffPageMixin, ListView):
    """What was changed on the timetable, by whom, when and why."""

    title = gettext_lazy("Changes of the timetable")
    permission_required = "scheduling.view_timetablechange"
    template_name = "scheduling/changes.html"
    context_object_name = "changes"
    paginate_by = 25

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return ChangeFilterForm(self.request.GET, branches=branches)

    def get_queryset(self):
        visible = self.form.narrow(TimetableChange.objects.visible_to(self.request.user))
        related = ("branch", "by", "undoes", "undone_by__by")
        return visible.select_related(*related).annotate(lesson_count=Count("lessons")).order_by("-at", "-pk")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, **kwargs)
        recent = [change for change in context["changes"] if self._is_undoable(change)]
        told = families_told(recent)
        for change in recent:
            change.is_undoable, change.told_count = True, told.get(change.pk, 0)
        return context

    def _is_undoable(self, change):
        is_recent = timezone.now() - change.at <= UNDO_WITHIN
        is_done = hasattr(change, "undone_by") or change.kind == TimetableChange.Kind.UNDO
        return is_recent and not is_done and may_undo(self.request.user, change)


def families_told(changes):
    """{change id: families that were told of it, or are about to be}: one query."""
    if not changes:
        return {}
    notices = OutboundMessage.objects.filter(
        branch__in={change.branch_id for change in changes},
        due_at__gte=min(change.at for change in changes),
        kind=CHANGE_NOTICE,
        subject__in=[f"change:{change.pk}" for change in changes],
    ).exclude(status__in=GIVEN_UP)
    counted = notices.order_by().values("subject").annotate(number=Count("pk")).values_list("subject", "number")
    return {int(subject.partition(":")[2]): number for subject, number in counted}


class UndoChangeView(StaffPageMixin, View):
    permission_required = "scheduling.view_timetablechange"
    http_method_names = ["post"]

    def post(self, request, pk):
        change = get_object_or_404(TimetableChange.objects.visible_to(request.user).select_related("branch"), pk=pk)
        if not may_undo(request.user, change):
            raise PermissionDenied
        try:
            undone = undo_change(change=change, by=request.user, now=timezone.now())
        except (ScheduleError, LessonClashError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, self._what_was_done(undone))
        return redirect("timetable_changes")

    def _what_was_done(self, undone):
        count = undone.lessons.count() if undone else 0
        return ngettext(
            "Undone: %(n)d lesson stands as before. Families that were told of the change are told of this.",
            "Undone: %(n)d lessons stand as before. Families that were told of the change are told of this.",
            count,
        ) % {"n": count}
