from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from core.clock import local_date
from core.money import yuan
from courses.models import Course, CoursePackage
from dashboard.forms import EnrolForm, PlaceForm, StudentForm
from enrolments.models import Enrolment
from enrolments.services import enrol_student
from scheduling.clashes import LessonClashError
from scheduling.models import ClassGroup
from scheduling.services import ScheduleError, place_student
from students.models import Student
from students.services import register_student


def teaching(course, branches):
    """The running classes of a course with their seats, as a choice."""
    today = timezone.localdate()
    groups = ClassGroup.objects.filter(course=course, branch__in=branches).running(today)
    return groups.with_counts().with_current_rules(today).select_related("teacher", "branch").order_by("name")


class StudentCreateView(StaffPageMixin, FormView):
    """Take in a new child; then straight to its enrolment."""

    title = gettext_lazy("New student")
    permission_required = "students.add_student"
    template_name = "dashboard/student_new.html"
    form_class = StudentForm

    def get_form_kwargs(self):
        branches = self.request.user.branches_with("students.add_student")
        return super().get_form_kwargs() | {"branches": branches}

    def form_valid(self, form):
        data = form.cleaned_data
        del data["token"]
        student = register_student(**data)
        messages.success(self.request, _("%(student)s was taken in.") % {"student": student})
        return redirect("enrol", pk=student.pk)


class EnrolView(StaffPageMixin, FormView):
    """Enrol a found child in a package: course, package, class if one fits, how it was paid."""

    permission_required = "enrolments.add_enrolment"
    template_name = "dashboard/enrol.html"
    form_class = EnrolForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        self.student = get_object_or_404(Student.objects.visible_to(request.user), pk=kwargs["pk"])
        self.branches = request.user.branches_with("enrolments.add_enrolment")
        course_id = request.GET.get("course", "")
        self.course = Course.objects.filter(pk=course_id).first() if course_id.isdecimal() else None

    def get_form_kwargs(self):
        here = self.branches.filter(pk__in=self.student.branches.all()).first() or self.branches.first()
        packages = CoursePackage.objects.on_sale().filter(course=self.course).select_related("course")
        return super().get_form_kwargs() | {
            "branches": self.branches,
            "branch": here,
            "packages": packages,
            "class_groups": teaching(self.course, self.branches),
        }

    def get_context_data(self, **kwargs):
        courses = Course.objects.filter(is_active=True, packages__is_active=True).distinct()
        return super().get_context_data(
            title=_("Enrol %(student)s") % {"student": self.student},
            student=self.student,
            course=self.course,
            courses=courses,
            **kwargs,
        )

    def form_valid(self, form):
        try:
            lot = self._enrol(form.cleaned_data)
        except (LessonClashError, ScheduleError) as error:
            form.add_error("class_group", str(error))
            return self.form_invalid(form)
        messages.success(
            self.request,
            _("Enrolled: %(package)s. %(amount)s received.") % {"package": lot.package, "amount": yuan(lot.paid_minor)},
        )
        return redirect("student", pk=self.student.pk)

    @transaction.atomic
    def _enrol(self, data):
        now, user = timezone.now(), self.request.user
        lot = enrol_student(
            student=self.student,
            branch=data["branch"],
            package=data["package"],
            method=data["method"],
            sold_by=user,
            start_date=data["start_date"],
            now=now,
            token=data["token"],
        )
        if data["class_group"]:
            place_student(
                class_group=data["class_group"],
                enrolment=lot.enrolment,
                joined_date=data["start_date"],
                by=user,
                now=now,
            )
        return lot


class PlaceView(StaffPageMixin, FormView):
    """Put an enrolled child into a class."""

    permission_required = "scheduling.place_student"
    template_name = "dashboard/place.html"
    form_class = PlaceForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not request.user.has_perm(self.permission_required):
            return
        enrolments = Enrolment.objects.visible_to(request.user).select_related("student", "course", "branch")
        self.enrolment = get_object_or_404(enrolments, pk=kwargs["pk"])

    def has_permission(self):
        return self.request.user.has_perm(self.permission_required, getattr(self, "enrolment", None))

    def get_form_kwargs(self):
        today = local_date(timezone.now(), self.enrolment.branch.time_zone)
        groups = teaching(self.enrolment.course, [self.enrolment.branch])
        may_keep_clash = self.request.user.has_perm("scheduling.keep_clash", self.enrolment)
        kwargs = {"class_groups": groups, "today": today, "may_keep_clash": may_keep_clash}
        return super().get_form_kwargs() | kwargs

    def get_context_data(self, **kwargs):
        title = _("Choose a class for %(student)s") % {"student": self.enrolment.student}
        return super().get_context_data(title=title, enrolment=self.enrolment, **kwargs)

    def form_valid(self, form):
        data = form.cleaned_data
        try:
            place_student(
                class_group=data["class_group"],
                enrolment=self.enrolment,
                joined_date=data["joined_date"],
                keep_reason=data.get("keep_reason", ""),
                by=self.request.user,
                now=timezone.now(),
            )
        except (LessonClashError, ScheduleError) as error:
            form.add_error("class_group", str(error))
            return self.form_invalid(form)
        messages.success(
            self.request,
            _("%(student)s is in %(class)s from %(day)s on.")
            % {"student": self.enrolment.student, "class": data["class_group"], "day": data["joined_date"]},
        )
        return redirect(reverse("student", args=[self.enrolment.student_id]))
