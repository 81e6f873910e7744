"""Timetables to hang on the wall or to hand out."""

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.generic import View

from branches.models import Room, User
from branches.pages import StaffPageMixin
from core.clock import local_date, monday_of
from scheduling.forms.printing import DayForm
from scheduling.models import ClassGroup, ClassMember, Lesson
from students.models import Student


class TimetablePdfView(StaffPageMixin, View):
    """The week of a teacher or a room, or the list of a class; of each only what the person may see."""

    permission_required = "scheduling.view_timetable"

    def get(self, request, *args, **kwargs):
        printers = {"teacher": self._teacher, "room": self._room, "class": self._class}
        if kwargs["kind"] not in printers:
            raise Http404
        pdf = printers[kwargs["kind"]](kwargs["pk"])
        name = f'inline; filename="timetable-{kwargs["kind"]}.pdf"'
        return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name})

    def _teacher(self, pk):
        from scheduling.pdf_timetable import teacher_week  # half a second, which only this page needs to spend

        user = self.request.user
        whole = user.branch_ids_with("scheduling.view_lesson")
        teachers = User.objects.all() if whole is None else User.objects.in_branches(whole)
        teacher = user if pk == user.pk else get_object_or_404(teachers, pk=pk)
        return teacher_week(teacher=teacher, **self._lessons(timezone.get_current_timezone_name(), teacher=teacher))

    def _room(self, pk):
        from scheduling.pdf_timetable import room_week

        room = get_object_or_404(Room.objects.visible_to(self.request.user).select_related("branch"), pk=pk)
        return room_week(room=room, **self._lessons(room.branch.time_zone, room=room))

    def _class(self, pk):
        from scheduling.pdf_timetable import class_list

        groups = ClassGroup.objects.visible_to(self.request.user).select_related("course", "teacher", "branch")
        group = get_object_or_404(groups, pk=pk)
        return class_list(
            class_group=group,
            members=_members(group),
            today=local_date(timezone.now(), group.branch.time_zone),
            with_phones=self.request.user.has_perm("parents.view_guardian", group),
        )

    def _lessons(self, time_zone, **of):
        today = local_date(timezone.now(), time_zone)
        monday = monday_of(DayForm(self.request.GET).day_or(today))
        week = Lesson.objects.visible_to(self.request.user).filter(
            local_date__range=(monday, monday + timedelta(days=6)), **of
        )
        return {"lessons": week.active().for_timetable(), "monday": monday, "today": today}


def _members(group):
    """Those in the class now, by name, with their guardians: two queries."""
    in_class = ClassMember.objects.filter(class_group=group, left_date__isnull=True)
    in_order = in_class.select_related("enrolment").order_by("enrolment__student__name_initials", "pk")
    members = list(in_order)
    students = Student.objects.with_guardians().in_bulk([member.enrolment.student_id for member in members])
    for member in members:
        member.enrolment.student = students[member.enrolment.student_id]
    return members
