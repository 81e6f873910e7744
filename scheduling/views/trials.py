from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from courses.models import Course
from scheduling.clashes import LessonClashError
from scheduling.forms import OwnTrialForm, TrialResultForm
from scheduling.models import Lesson, TrialBooking
from scheduling.seats import with_seats
from scheduling.services import (
    ScheduleError,
    TrialElsewhereError,
    TrialError,
    book_trial,
    cancel_trial,
    open_trial_lesson,
    record_trial_result,
)
from students.models import Enquiry

NEXT_LESSONS = 20
FOUND = 8
RELATED = ("class_group__course", "branch", "teacher", "room")


class TrialPageMixin(StaffPageMixin):
    permission_required = "scheduling.add_trialbooking"

    def visible_or_404(self, rows, pk):
        """A row that the person may see, in a branch where trials are theirs to book."""
        row = get_object_or_404(rows.visible_to(self.request.user), pk=pk)
        if not self.request.user.has_perm(self.permission_required, row):
            raise PermissionDenied
        return row

    def book(self, *, enquiry, lesson, back):
        """Books and goes to the address `back`; a child that has a lesson then is asked about on the page itself."""
        facts = {"enquiry": enquiry, "lesson": lesson, "is_confirmed": "is_confirmed" in self.request.POST}
        try:
            book_trial(**facts, by=self.request.user, now=timezone.now())
        except TrialElsewhereError as error:
            asked = {"text": str(error), "enquiry": enquiry, "lesson": lesson}
            return self.render_to_response(self.get_context_data(asked=asked))
        except (TrialError, ScheduleError) as error:
            messages.error(self.request, str(error))
        else:
            messages.success(self.request, _("The trial of %(child)s is booked.") % {"child": enquiry})
        return redirect(back)


class EnquiryTrialView(TrialPageMixin, TemplateView):
    """The next lessons of the course with their seats; one button books. Or a lesson of its own."""

    template_name = "scheduling/trial.html"

    @cached_property
    def enquiry(self):
        return self.visible_or_404(Enquiry.objects.select_related("branch", "course"), self.kwargs["pk"])

    @cached_property
    def course(self):
        """The one that was asked for, unless another is chosen."""
        chosen = self.request.GET.get("course", "")
        return Course.objects.filter(pk=chosen).first() if chosen.isdecimal() else self.enquiry.course

    def post(self, request, *args, **kwargs):
        chosen = request.POST.get("lesson", "")
        lesson = Lesson.objects.visible_to(request.user).filter(pk=chosen).first() if chosen.isdecimal() else None
        back = reverse("enquiry_trial", args=[self.enquiry.pk])
        if lesson is None:
            messages.error(request, _("Choose a lesson."))
            return redirect(back)
        return self.book(enquiry=self.enquiry, lesson=lesson, back=back)

    def get_context_data(self, **kwargs):
        trials = self.enquiry.trials.select_related(*(f"lesson__{name}" for name in RELATED))
        return super().get_context_data(
            title=_("Trial lesson of %(child)s") % {"child": self.enquiry},
            enquiry=self.enquiry,
            course=self.course,
            courses=Course.objects.filter(is_active=True),
            lessons=self._lessons(),
            trials=trials.order_by("-lesson__starts_at"),
            **{"own_form": OwnTrialForm(branch=self.enquiry.branch)} | kwargs,
        )

    def _lessons(self):
        """Those at the branch of the enquiry in which it has no trial."""
        if self.course is None:
            return []
        booked = self.enquiry.trials.active().values("lesson")
        of_course = Lesson.objects.visible_to(self.request.user).planned().filter(class_group__course=self.course)
        to_come = of_course.filter(branch=self.enquiry.branch, starts_at__gt=timezone.now()).exclude(pk__in=booked)
        return with_seats(to_come).select_related(*RELATED).order_by("starts_at", "pk")[:NEXT_LESSONS]


class OwnTrialView(EnquiryTrialView):
    """A lesson for this trial alone."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        form = OwnTrialForm(request.POST, branch=self.enquiry.branch)
        if self.course is None:
            messages.error(request, _("Choose the course first."))
            return redirect("enquiry_trial", pk=self.enquiry.pk)
        if not form.is_valid() or not self._open(form):
            return self.render_to_response(self.get_context_data(own_form=form))
        messages.success(request, _("The trial of %(child)s is booked.") % {"child": self.enquiry})
        return redirect("enquiry_trial", pk=self.enquiry.pk)

    def _open(self, form):
        facts = {name: form.cleaned_data[name] for name in ("teacher", "room", "note", "is_confirmed")}
        try:
            return open_trial_lesson(
                enquiry=self.enquiry,
                branch=self.enquiry.branch,
                course=self.course,
                starts_at=form.starts_at(),
                by=self.request.user,
                now=timezone.now(),
                **facts,
            )
        except (LessonClashError, ScheduleError, TrialError) as error:
            form.add_error(None, str(error))
            form.is_asked = isinstance(error, TrialElsewhereError)
            return None


class LessonTrialsView(TrialPageMixin, TemplateView):
    """Who comes to try in a lesson; another one is found and booked here."""

    template_name = "scheduling/lesson_trials.html"
    title = gettext_lazy("Trial lessons")

    @cached_property
    def lesson(self):
        return self.visible_or_404(with_seats(Lesson.objects.select_related(*RELATED)), self.kwargs["pk"])

    def post(self, request, *args, **kwargs):
        chosen = request.POST.get("enquiry", "")
        enquiries = Enquiry.objects.visible_to(request.user)
        enquiry = enquiries.filter(pk=chosen).first() if chosen.isdecimal() else None
        back = reverse("lesson_trials", args=[self.lesson.pk])
        if enquiry is None:
            messages.error(request, _("Choose who comes to try."))
            return redirect(back)
        return self.book(enquiry=enquiry, lesson=self.lesson, back=back)

    def get_context_data(self, **kwargs):
        text = self.request.GET.get("q", "").strip()[:50]
        return super().get_context_data(
            lesson=self.lesson,
            is_planned=self.lesson.status == Lesson.Status.PLANNED,
            has_begun=self.lesson.starts_at <= timezone.now(),
            trials=self.lesson.trials.active().select_related("enquiry__course").order_by("pk"),
            text=text,
            found=self._found(text),
            statuses=TrialResultForm.base_fields["status"].choices,
            **kwargs,
        )

    def _found(self, text):
        """Without a text those who asked for this course; never who is there already."""
        there = self.lesson.trials.active().values("enquiry")
        enquiries = Enquiry.objects.visible_to(self.request.user).open().exclude(pk__in=there).select_related("course")
        found = enquiries.matching(text) if text else enquiries.filter(course=self.lesson.class_group.course_id)
        return found.filter(branch=self.lesson.branch_id)[:FOUND]


class OfTrialMixin(TrialPageMixin):
    @cached_property
    def trial(self):
        trials = TrialBooking.objects.visible_to(self.request.user).select_related("lesson", "enquiry")
        trial = get_object_or_404(trials, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(self.permission_required, trial.lesson):
            raise PermissionDenied
        return trial

    def back(self):
        """To the page that it was done from."""
        if self.request.POST.get("back") == "enquiry":
            return redirect("enquiry_trial", pk=self.trial.enquiry_id)
        return redirect("lesson_trials", pk=self.trial.lesson_id)


class CancelTrialView(OfTrialMixin, View):
    def post(self, request, *args, **kwargs):
        try:
            cancel_trial(trial=self.trial, by=request.user, now=timezone.now())
        except TrialError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The trial was cancelled."))
        return self.back()


class TrialResultView(OfTrialMixin, View):
    """Came or did not come, and how it was."""

    def post(self, request, *args, **kwargs):
        form = TrialResultForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Say whether the child came."))
            return self.back()
        try:
            record_trial_result(trial=self.trial, by=request.user, now=timezone.now(), **form.cleaned_data)
        except TrialError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The result is noted."))
        return self.back()
