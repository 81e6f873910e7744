from datetime import timedelta
from functools import cached_property

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from core.clock import day_text, local_date
from core.money import yuan
from courses.models import Course, CoursePackage
from dashboard.forms import PlaceForm, StudentForm
from dashboard.order_forms import BY_LESSONS, EnrolForm
from dashboard.orders import last_package, offers_of, sell
from enrolments.models import DiscountRule, Enrolment, Order
from enrolments.services import OrderError, PaymentError, PrepaymentError, WalletError, add_line, prepare_order
from scheduling.clashes import LessonClashError
from scheduling.models import ClassGroup
from scheduling.services import ScheduleError, place_student
from students.models import Student
from students.services import link_enquiries, register_student

DRAFT_DAYS = timedelta(days=30)  # a draft written at the desk is an offer for so long


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
        with transaction.atomic():
            student = register_student(**data)
            enquiry = link_enquiries(student=student, branch=data["branch"], phone=data["phone"])
        messages.success(self.request, _("%(student)s was taken in.") % {"student": student})
        course = {"course": enquiry.course_id} if enquiry and enquiry.course_id else {}
        return redirect(reverse("enrol", args=[student.pk], query=course))


class EnrolView(StaffPageMixin, FormView):
    """Sell a child a course: what, in which class, how it is paid. Also one more line of a draft (?order=17)."""

    permission_required = "enrolments.add_enrolment"
    template_name = "dashboard/enrol.html"
    form_class = EnrolForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        self.student = get_object_or_404(Student.objects.visible_to(request.user), pk=kwargs["pk"])
        self.order = self._draft(request.GET.get("order", ""))
        self.branches = request.user.branches_with("enrolments.add_enrolment")
        if self.order:
            self.branches = self.branches.filter(pk=self.order.branch_id)
        course_id = request.GET.get("course", "")
        courses = Course.objects.select_related("subject")
        self.course = courses.filter(pk=course_id).first() if course_id.isdecimal() else None

    def _draft(self, pk):
        drafts = Order.objects.visible_to(self.request.user).filter(status=Order.Status.DRAFT).select_related("branch")
        return get_object_or_404(drafts, pk=pk) if pk.isdecimal() else None

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def branch(self):
        """Where it is most likely sold: where the child comes to."""
        return self.branches.filter(pk__in=self.student.branches.all()).first() or self.branches.first()

    @cached_property
    def packages(self):
        return CoursePackage.objects.on_sale().filter(course=self.course).select_related("course__subject")

    def get_form_kwargs(self):
        today = local_date(self.now, self.branch.time_zone)
        return super().get_form_kwargs() | {
            "course": self.course,
            "guardian": self.student.main_guardian,
            "today": today,
            "adds": bool(self.order),
            "choices": {
                "branch": self.branches,
                "package": self.packages,
                "class_group": teaching(self.course, self.branches),
                "discount": DiscountRule.objects.in_branches(self.branches).on(today),
            },
        }

    def get_initial(self):
        """The package that the child had last: the same once more is one click."""
        last = last_package(self.student, self.course) if self.course else None
        return {"branch": self.branch, "package": last.pk if last else None}

    def get_context_data(self, **kwargs):
        courses = Course.objects.filter(is_active=True, packages__is_active=True).distinct()
        return super().get_context_data(
            title=_("Enrol %(student)s") % {"student": self.student},
            student=self.student,
            course=self.course,
            courses=courses,
            order=self.order,
            by_lessons=BY_LESSONS,
            law=offers_of(self.packages, student=self.student, branch=self.branch, now=self.now),
            **kwargs,
        )

    def form_valid(self, form):
        try:
            return self._act(form)
        except PrepaymentError as error:
            form.add_error(None, str(error))
            return self.render_to_response(self.get_context_data(form=form, refused=error))
        except (OrderError, PaymentError, WalletError) as error:
            form.add_error(None, str(error))
        except (LessonClashError, ScheduleError) as error:
            form.add_error("class_group", str(error))
        return self.form_invalid(form)

    def _act(self, form):
        data, user, line = form.cleaned_data, self.request.user, form.line(self.student)
        if self.order:
            add_line(order=self.order, line=line, by=user, token=data["token"])
            return redirect("order", pk=self.order.pk)
        if self.request.POST.get("action") == "draft":
            order = self._prepare(line, data)
            until = {"day": day_text(order.lapses_date)}
            messages.success(self.request, _("Kept as a draft until %(day)s.") % until)
        else:
            order = self._sell(form, line, data)
            order.refresh_from_db()
            amount = {"amount": yuan(order.paid_minor)}
            messages.success(self.request, _("Enrolled. %(amount)s received.") % amount)
        return redirect("order", pk=order.pk)

    @transaction.atomic
    def _sell(self, form, line, data):
        order = self._prepare(line, data)
        sell(
            order=order,
            tenders=form.tenders(line.amount_minor),
            by=self.request.user,
            now=self.now,
            token=data["token"],
            pass_reason=data["pass_reason"],
            due_date=data["due_date"],
        )
        return order

    def _prepare(self, line, data):
        return prepare_order(
            branch=data["branch"],
            guardian=self.student.main_guardian,
            lines=[line],
            by=self.request.user,
            now=self.now,
            token=data["token"],
            lapses_date=local_date(self.now, data["branch"].time_zone) + DRAFT_DAYS,
        )


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
