import logging

from django.utils import timezone
from django.views.generic import DetailView

from branches.pages import StaffPageMixin
from dashboard.orders import STATES
from dashboard.timeline import timeline_of
from enrolments.models import Enrolment, Order, Suspension
from messaging.models import InboundMessage, OutboundMessage
from renewals.querysets import with_run_out
from sales.forms.follow_up import StudentFollowUpForm, branches_to_write_at
from sales.timeline import enquiry_events
from scheduling.models import Attendance, ClassMember, MakeUp
from students.custom_fields import shown_values
from students.models import CustomField, FollowUp, Student

access_log = logging.getLogger("access")

NEXT_LESSONS = 6


class StudentView(StaffPageMixin, DetailView):
    """One page: who, guardians, what is left and when it runs out, next lessons, and what happened."""

    permission_required = "students.view_student"
    template_name = "dashboard/student.html"

    def get_queryset(self):
        return Student.objects.visible_to(self.request.user).with_guardians().select_related("adviser")

    def get_context_data(self, **kwargs):
        user, student, now = self.request.user, self.object, timezone.now()
        access_log.info("student page %s seen by staff %s", student.pk, user.pk)
        accounts = list(self._accounts(user, student, now))
        context = super().get_context_data(
            title=student.name,
            accounts=accounts,
            memberships=self._memberships(accounts),
            away=Suspension.objects.open().filter(enrolment__in=accounts),
            next_lessons=self._next_lessons(user, student, now),
            make_ups=self._make_ups(user, student),
            open_orders=self._open_orders(user, student),
            timeline=timeline_of(
                student,
                accounts,
                OutboundMessage.objects.visible_to(user),
                InboundMessage.objects.visible_to(user),
                FollowUp.objects.visible_to(user),
                before=enquiry_events(student, user),
            ),
            follow_up_form=self._follow_up_form(user, student),
            custom_facts=shown_values(student, CustomField.objects.of("student")),
            today=timezone.localdate(),
            branches=student.branches.all(),
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context

    def _follow_up_form(self, user, student):
        branches = branches_to_write_at(user, student)
        return StudentFollowUpForm(branches=branches) if branches else None

    def _accounts(self, user, student, now):
        enrolments = Enrolment.objects.visible_to(user).filter(student=student)
        return with_run_out(enrolments, now=now).select_related("course", "branch").order_by("pk")

    def _open_orders(self, user, student):
        """What is owing, and what was prepared."""
        orders = Order.objects.visible_to(user).filter(pk__in=student.order_items.values("order"))
        return orders.filter(STATES["owing"] | STATES["draft"]).order_by("pk")

    def _memberships(self, accounts):
        members = ClassMember.objects.filter(enrolment__in=accounts, left_date__isnull=True)
        return members.select_related("class_group__teacher").prefetch_related("class_group__rules__room")

    def _next_lessons(self, user, student, now):
        attendances = Attendance.objects.visible_to(user).filter(
            enrolment__student=student, lesson__ends_at__gte=now, lesson__status="planned"
        )
        related = ("lesson__class_group", "lesson__teacher", "lesson__room", "lesson__branch", "make_up")
        return attendances.select_related(*related).order_by("lesson__starts_at")[:NEXT_LESSONS]

    def _make_ups(self, user, student):
        """Lessons that the child may still make up."""
        rights = MakeUp.objects.visible_to(user).open(timezone.localdate()).filter(original__enrolment__student=student)
        return rights.select_related("original__lesson__class_group")
