from datetime import timedelta
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.generic import DetailView, ListView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from scheduling.clashes import LessonClashError
from scheduling.forms import MakeUpFilterForm
from scheduling.make_ups import fitting_lessons
from scheduling.models import Lesson, MakeUp
from scheduling.services import MakeUpError, ScheduleError, book_make_up, cancel_make_up

COUNTED_DAYS = 90  # the rate of make-ups is that of the lessons missed in so many days


class OfMakeUpMixin(StaffPageMixin):
    """A page about one right, for those who book make-ups."""

    permission_required = "scheduling.add_makeup"

    @cached_property
    def make_up(self):
        related = (
            "original__lesson__branch",
            "original__lesson__class_group",
            "original__enrolment__student",
            "original__enrolment__course",
            "attendance__lesson__branch",
            "attendance__lesson__class_group",
            "attendance__lesson__teacher",
        )
        rights = MakeUp.objects.visible_to(self.request.user).select_related(*related)
        make_up = get_object_or_404(rights, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(self.permission_required, make_up.original.lesson):
            raise PermissionDenied
        return make_up


class MakeUpView(OfMakeUpMixin, DetailView):
    """Lessons that fit, best first; one button books."""

    template_name = "scheduling/make_up.html"

    def get_object(self, queryset=None):
        return self.make_up

    def post(self, request, *args, **kwargs):
        chosen = request.POST.get("lesson", "")
        lessons = Lesson.objects.visible_to(request.user)
        lesson = lessons.filter(pk=chosen).first() if chosen.isdecimal() else None
        if lesson is None:
            messages.error(request, _("Choose a lesson."))
            return redirect("make_up", pk=self.make_up.pk)
        try:
            book_make_up(make_up=self.make_up, lesson=lesson, by=request.user, now=timezone.now())
        except (MakeUpError, ScheduleError, LessonClashError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The make-up is booked."))
        return redirect("make_up", pk=self.make_up.pk)

    def get_context_data(self, **kwargs):
        make_up, now = self.make_up, timezone.now()
        today = local_date(now, make_up.original.lesson.branch.time_zone)
        is_open = MakeUp.objects.open(today).filter(pk=make_up.pk).exists()
        lessons = Lesson.objects.visible_to(self.request.user)
        context = super().get_context_data(
            title=_("Make-up"),
            make_up=make_up,
            missed=make_up.original.lesson,
            student=make_up.original.enrolment.student,
            booked=make_up.attendance,
            is_open=is_open,
            is_expired=make_up.expires_date < today,
            offers=fitting_lessons(make_up, lessons=lessons, now=now) if is_open else [],
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context


class CancelMakeUpView(OfMakeUpMixin, View):
    """Give the seat back; another lesson can be chosen."""

    def post(self, request, *args, **kwargs):
        try:
            cancel_make_up(make_up=self.make_up, by=request.user, now=timezone.now())
        except MakeUpError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The make-up was cancelled. Its right is open again."))
        return redirect("make_up", pk=self.make_up.pk)


class MakeUpState(models.TextChoices):
    OPEN = "open", pgettext_lazy("make-up", "To be arranged")
    BOOKED = "booked", pgettext_lazy("make-up", "Booked")
    TAKEN = "taken", pgettext_lazy("make-up", "Made up")
    EXPIRED = "expired", pgettext_lazy("make-up", "Expired")


class MakeUpListView(StaffPageMixin, ListView):
    """Who still has a lesson to make up; what ends first stands first."""

    title = gettext_lazy("Make-ups")
    permission_required = "scheduling.view_makeup"
    template_name = "scheduling/make_up_list.html"
    paginate_by = 30

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        form = MakeUpFilterForm(self.request.GET, branches=branches)
        form.is_valid()  # what is not valid filters nothing
        return form

    @property
    def state(self):
        chosen = self.form.cleaned_data.get("state")
        return MakeUpState(chosen) if chosen in MakeUpState.values else MakeUpState.OPEN

    def rights(self):
        rights = MakeUp.objects.visible_to(self.request.user)
        if branch := self.form.cleaned_data.get("branch"):
            rights = rights.filter(original__lesson__branch=branch)
        if course := self.form.cleaned_data.get("course"):
            rights = rights.filter(original__enrolment__course=course)
        return rights

    def get_queryset(self):
        of_state = self._in_state(self.rights(), self.state).select_related(
            "original__lesson__branch",
            "original__lesson__class_group",
            "original__enrolment__student",
            "original__enrolment__course",
            "attendance__lesson__branch",
            "attendance__lesson__class_group",
        )
        newest_first = self.state in (MakeUpState.TAKEN, MakeUpState.EXPIRED)
        return of_state.order_by("-expires_date", "-pk") if newest_first else of_state.order_by("expires_date", "pk")

    def _in_state(self, rights, state):
        today = timezone.localdate()
        return {
            MakeUpState.OPEN: lambda: rights.open(today),
            MakeUpState.BOOKED: rights.booked,
            MakeUpState.TAKEN: rights.taken,
            MakeUpState.EXPIRED: lambda: rights.expired(today),
        }[state]()

    def get_context_data(self, **kwargs):
        rights, today = self.rights(), timezone.localdate()
        numbers = _numbers(rights, today)
        since = today - timedelta(days=COUNTED_DAYS)
        recent = _numbers(rights.filter(original__lesson__local_date__gte=since), today)
        given = sum(recent.values())
        return super().get_context_data(
            today=today,
            form=self.form,
            state=self.state,
            tiles=[(state, numbers[state], state == self.state) for state in MakeUpState],
            rate=round(100 * recent[MakeUpState.TAKEN] / given) if given else None,
            taken=recent[MakeUpState.TAKEN],
            given=given,
            counted_days=COUNTED_DAYS,
            **kwargs,
        )


def _numbers(rights, today):
    """How many rights are in which state: one query."""
    unused = MakeUp.objects.usable().filter(attendance__isnull=True).values("pk")
    return rights.order_by().aggregate(
        **{
            MakeUpState.OPEN: Count("pk", filter=Q(pk__in=unused, expires_date__gte=today)),
            MakeUpState.EXPIRED: Count("pk", filter=Q(pk__in=unused, expires_date__lt=today)),
            MakeUpState.BOOKED: Count("pk", filter=Q(attendance__lesson__status="planned")),
            MakeUpState.TAKEN: Count("pk", filter=Q(attendance__lesson__status="held")),
        }
    )
