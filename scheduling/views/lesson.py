"""One lesson: all about it on a page, moved and cancelled from there or from the board."""

import json
from functools import cached_property

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View

from core.clock import span_text
from scheduling.board import alternative_data, series_url, wall
from scheduling.forms import CancelForm, MoveForm
from scheduling.history import history_of
from scheduling.models import Attendance, KeptClash, Lesson, LessonChange
from scheduling.services import ScheduleError, cancel_lesson
from scheduling.timetable import state_of
from scheduling.views.move import try_move
from scheduling.views.roll_call import OfLessonMixin


class LessonPageMixin(OfLessonMixin):
    """The page, with whatever form was sent and could not be done."""

    template_name = "scheduling/lesson.html"

    def page(self, **kwargs):
        return TemplateResponse(self.request, self.template_name, self.get_context_data(**kwargs))

    def get_context_data(self, **kwargs):
        lesson, user, now = self.lesson, self.request.user, timezone.now()
        may_change = user.has_perm("scheduling.change_lesson", lesson)
        is_planned = lesson.status == Lesson.Status.PLANNED
        forms = {"move_form": MoveForm(lesson=lesson), "cancel_form": cancel_form(lesson)} if may_change else {}
        return super().get_context_data(
            **{
                "title": lesson.class_group.name,
                "lesson": lesson,
                "state": state_of(lesson, now),
                "attendances": self._attendances(),
                "trial_count": lesson.trials.active().count(),
                "kept": KeptClash.objects.visible_to(user).filter(lesson=lesson).with_lessons(),
                "overrides": lesson.overrides.select_related("by").order_by("-at") if may_change else [],
                "history": history_of(lesson, user=user, now=now),
                "may_move": may_change and is_planned,
                "series_url": series_url(lesson) if may_change and lesson.rule_id else "",
                **forms,
                **kwargs,
            }
        )

    def _attendances(self):
        rows = Attendance.objects.visible_to(self.request.user).filter(lesson=self.lesson)
        related = ("enrolment__student", "lesson")
        return list(rows.select_related(*related).order_by("enrolment__student__name_initials", "pk"))


class LessonView(LessonPageMixin, TemplateView):
    """What is known about a lesson, and what can be done with it."""


def cancel_form(lesson, data=None):
    return CancelForm(data, prefix="cancel", initial={"version": lesson.version})


class LessonMoveView(LessonPageMixin, View):
    """Another time, teacher or room. The board sends JSON and hears JSON; the page sends a form."""

    permission_required = "scheduling.change_lesson"
    related = ("class_group", "branch", "room", "teacher")  # a drop needs no more, and somebody waits for it

    @cached_property
    def is_board(self):
        return self.request.content_type == "application/json"

    def post(self, request, *args, **kwargs):
        form = MoveForm(self._data(), lesson=self.lesson)
        if not form.is_valid():
            return self._unreadable(form)
        row, refusal = try_move(self.lesson, wanted=form.cleaned_data, user=request.user, now=timezone.now())
        if self.is_board:
            return self._refused(refusal) if refusal else self._done(row)
        if refusal:
            return self.page(move_form=form, refusal=refusal, alternatives=self._one_tap(refusal.alternatives))
        lesson = row.lesson if row else self.lesson
        messages.success(request, _("The lesson is now on %(when)s.") % {"when": self._when(lesson)})
        return redirect("lesson", pk=lesson.pk)

    def _data(self):
        if not self.is_board:
            return self.request.POST
        try:
            data = json.loads(self.request.body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    def _unreadable(self, form):
        if not self.is_board:
            return self.page(move_form=form)
        errors = [str(error) for errors in form.errors.values() for error in errors]
        return JsonResponse({"message": " ".join(errors)}, status=400)

    def _refused(self, refusal):
        zone = self.lesson.branch.time_zone
        return JsonResponse(
            {
                "message": refusal.message,
                "clashes": refusal.clashes,
                "warnings": [finding_data(finding) for finding in refusal.findings],
                "alternatives": [alternative_data(one, zone) for one in refusal.alternatives],
                "needs_reason": refusal.may_keep,
                "may_keep": refusal.may_keep,
                "is_stale": refusal.is_stale,
            },
            status=409,
        )

    def _done(self, row):
        lesson = row.lesson if row else self.lesson
        zone = self.lesson.branch.time_zone
        return JsonResponse(
            {
                "message": _("%(lesson)s: %(when)s") % {"lesson": self.lesson.class_group, "when": self._when(lesson)},
                "version": lesson.version,
                "start": wall(lesson.starts_at, zone),
                "end": wall(lesson.ends_at, zone),
                "teacher": lesson.teacher_id,
                "room": lesson.room_id,
                "undoUrl": undo_url(row or latest_change(lesson)),
            }
        )

    def _one_tap(self, alternatives):
        """Each with the form that takes it."""
        return [(one, MoveForm(lesson=self.lesson, place=one, auto_id=False)) for one in alternatives]

    def _when(self, lesson):
        return span_text(lesson.starts_at, lesson.ends_at, self.lesson.branch.time_zone)


def finding_data(finding):
    rule = finding.rule
    source = f"{rule.source} {rule.article}".strip()
    return {"rule": rule.code, "title": str(rule.title), "text": finding.text, "source": source}


def latest_change(lesson):
    """The LessonChange by which the lesson stands as it does; None for one that never changed."""
    return LessonChange.objects.filter(lesson=lesson, version=lesson.version).first()


def undo_url(row):
    """Where the change of a lesson is taken back."""
    return reverse("undo_change", args=[row.change_id]) if row else ""


class CancelLessonView(LessonPageMixin, View):
    """The lesson does not take place; the class gets another at its end, or has one less."""

    permission_required = "scheduling.change_lesson"

    def post(self, request, *args, **kwargs):
        form = cancel_form(self.lesson, request.POST)
        if not form.is_valid():
            return self.page(cancel_form=form)
        try:
            added = cancel_lesson(lesson=self.lesson, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ScheduleError as error:
            form.add_error(None, str(error))
            return self.page(cancel_form=form)
        messages.success(request, self._sentence(added))
        return redirect("lesson", pk=self.lesson.pk)

    def _sentence(self, added):
        if not added:
            return _("The lesson was cancelled; the class has one lesson less.")
        last = added[-1]
        return ngettext(
            "The lesson was cancelled. One was added at the end: %(when)s.",
            "The lesson was cancelled. %(n)d were added at the end, the last on %(when)s.",
            len(added),
        ) % {"n": len(added), "when": span_text(last.starts_at, last.ends_at, self.lesson.branch.time_zone)}
