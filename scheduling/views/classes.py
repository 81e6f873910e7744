"""The list of classes, and the page of one: who is in it, who waits, when it meets."""

from functools import cached_property

from django.db.models import Count, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import DetailView, ListView

from branches.pages import StaffPageMixin
from core.clock import local_date
from enrolments.models import Enrolment
from scheduling.forms import ClassFilterForm, WaitForm
from scheduling.models import ClassGroup, Lesson, WaitingListEntry
from scheduling.seats import with_seats
from scheduling.services import seats_of
from scheduling.services.series import rules_at

NEXT_LESSONS = 6
CHIPS = {"over": "bad", "waiting": "warn"}


def with_facts(groups, now):
    """Adds to `with_counts`: next_starts_at, lessons_left, waiting_count, offer_count and free_seats."""
    to_come = Lesson.objects.planned().filter(class_group=OuterRef("pk"), starts_at__gt=now).order_by()
    of_group = to_come.values("class_group")
    entries = WaitingListEntry.objects.filter(class_group=OuterRef("pk")).order_by().values("class_group")
    return groups.with_counts().annotate(
        next_starts_at=Subquery(of_group.annotate(first=Min("starts_at")).values("first")),
        lessons_left=Coalesce(Subquery(of_group.annotate(number=Count("pk")).values("number")), 0),
        waiting_count=Coalesce(Subquery(entries.open().annotate(number=Count("pk")).values("number")), 0),
        offer_count=Coalesce(Subquery(entries.offered(now).annotate(number=Count("pk")).values("number")), 0),
        free_seats=F("capacity") - F("student_count"),
    )


class ClassListView(StaffPageMixin, ListView):
    """All classes of a person: for a teacher the own ones."""

    title = _("Classes")
    permission_required = "scheduling.view_timetable"
    template_name = "scheduling/class_list.html"
    paginate_by = 50
    STATES = {
        "over": Q(lessons_left__gt=0, free_seats__lt=0),
        "free": Q(lessons_left__gt=0, free_seats__gt=0),
        "waiting": Q(waiting_count__gt=0),
        "finished": Q(lessons_left=0),
    }

    def get_queryset(self):
        chosen = self.STATES.get(self.form.chosen_state, Q(lessons_left__gt=0))
        related = self.groups.filter(chosen).select_related("course", "branch", "teacher")
        return related.with_current_rules(timezone.localdate()).order_by(*self.form.order, "pk")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            form=self.form,
            cards=self._cards(),
            may_open=self.request.user.has_perm("scheduling.add_classgroup"),
            is_filtered=any(self.request.GET.values()),
            **kwargs,
        )

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return ClassFilterForm(self.request.GET, groups=self._visible(), branches=branches)

    @cached_property
    def groups(self):
        return with_facts(self.form.narrow(self._visible()), timezone.now())

    def _visible(self):
        return ClassGroup.objects.visible_to(self.request.user)

    def _cards(self):
        """How many of each state, asked once."""
        states = {"running": Q(lessons_left__gt=0), **self.STATES}
        numbers = self.groups.order_by().aggregate(**{name: Count("pk", filter=q) for name, q in states.items()})
        return [
            {
                "value": value,
                "label": label,
                "number": numbers[value or "running"],
                "state": CHIPS.get(value, "") if numbers[value or "running"] else "",
                "is_chosen": value == self.form.chosen_state,
            }
            for value, label in ClassFilterForm.STATES
        ]


class ClassDetailView(StaffPageMixin, DetailView):
    """One class: seats, children with what is left, the waiting list, when it meets and the next lessons."""

    permission_required = "scheduling.view_timetable"
    template_name = "scheduling/class_detail.html"
    context_object_name = "group"

    def get_queryset(self):
        groups = ClassGroup.objects.visible_to(self.request.user)
        return with_facts(groups.select_related("branch", "course", "teacher"), timezone.now())

    def get_context_data(self, **kwargs):
        group, user = self.object, self.request.user
        today = local_date(timezone.now(), group.branch.time_zone)
        may_wait = user.has_perm("scheduling.add_waitinglistentry", group)
        context = super().get_context_data(
            title=group.name,
            seats=seats_of(group),
            rules=rules_at(group, today),
            today=today,
            lessons=self._next_lessons(group),
            members=self._members(group, today),
            waiting=self._waiting(group),
            wait_form=WaitForm(class_group=group) if may_wait else None,
            may_see_children=user.has_perm("students.view_student", group),
            may_place=user.has_perm("scheduling.place_student", group),
            may_change=user.has_perm("scheduling.change_classgroup", group),
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context

    def _next_lessons(self, group):
        lessons = with_seats(group.lessons.planned().filter(starts_at__gt=timezone.now()))
        return lessons.select_related("branch", "teacher", "room").order_by("starts_at")[:NEXT_LESSONS]

    def _members(self, group, today):
        """Children in the class with their balance, also those who will leave."""
        there = group.members.filter(Q(left_date__isnull=True) | Q(left_date__gt=today))
        members = list(there.select_related("enrolment__student").order_by("enrolment__student__name", "pk"))
        balances = Enrolment.objects.visible_to(self.request.user)
        found = balances.in_bulk([member.enrolment_id for member in members])
        for member in members:
            member.account = found.get(member.enrolment_id)
        return members

    def _waiting(self, group):
        entries = WaitingListEntry.objects.visible_to(self.request.user).open().filter(class_group=group)
        return entries.select_related("enrolment__student").order_by("added_at", "pk")
