"""Class groups, their weekly rules, and who is in them or waits for a seat."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, Room, User, Weekday
from courses.models import Course
from enrolments.models import Enrolment
from scheduling.querysets import ClassGroupQuerySet, WaitingListQuerySet


class ClassGroup(models.Model):
    """班级. `teacher` is the class teacher; a lesson may have another one."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="class_groups", verbose_name=_("branch"))
    name = models.CharField(_("name"), max_length=50)
    course = models.ForeignKey(Course, models.PROTECT, related_name="class_groups", verbose_name=_("course"))
    teacher = models.ForeignKey(User, models.PROTECT, related_name="class_groups", verbose_name=_("class teacher"))
    capacity = models.PositiveSmallIntegerField(pgettext_lazy("class", "capacity"))
    is_capacity_hard = models.BooleanField(
        _("never over-full"), default=False, help_text=_("Otherwise a full class takes one more, with a warning.")
    )
    make_up_seats = models.PositiveSmallIntegerField(
        _("extra seats for make-ups"), default=0, help_text=_("Per lesson, beyond the seats of the class.")
    )
    level = models.CharField(
        _("level"), max_length=20, blank=True, help_text=_("Make-ups are offered within one course and level.")
    )
    first_date = models.DateField(_("first day"))
    lessons_total = models.PositiveSmallIntegerField(_("lessons in all"))
    lessons_before = models.PositiveSmallIntegerField(
        _("lessons before"), default=0, help_text=_("Held before the class was kept here, by its weekly rule.")
    )
    credits_per_lesson = models.DecimalField(
        _("credits per lesson"), max_digits=3, decimal_places=1, default=Decimal(1)
    )

    objects = ClassGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("class group")
        verbose_name_plural = _("class groups")
        ordering = ["branch", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "name"],
                name="classgroup_name_in_branch",
                violation_error_message=_("This branch has a class of this name already."),
            ),
            models.CheckConstraint(
                name="classgroup_counts",
                condition=Q(capacity__gt=0, lessons_total__gt=0, lessons_before__lte=F("lessons_total")),
            ),
            models.CheckConstraint(name="classgroup_credits", condition=Q(credits_per_lesson__gte=0)),
        ]

    def __str__(self):
        return self.name


class ScheduleRule(models.Model):
    """排课规则: a weekly lesson at a wall-clock time of the branch. Lessons remember the rule they came from."""

    class_group = models.ForeignKey(ClassGroup, models.CASCADE, related_name="rules", verbose_name=_("class group"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    start_time = models.TimeField(_("from"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    teacher = models.ForeignKey(User, models.PROTECT, related_name="schedule_rules", verbose_name=_("teacher"))
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="schedule_rules", verbose_name=_("room")
    )
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("weekly rule")
        verbose_name_plural = _("weekly rules")
        ordering = ["weekday", "start_time"]
        constraints = [
            models.CheckConstraint(name="schedulerule_weekday", condition=Q(weekday__lte=6)),
            models.CheckConstraint(name="schedulerule_minutes", condition=Q(minutes__gt=0)),
        ]

    def __str__(self):
        return f"{self.get_weekday_display()} {self.start_time:%H:%M}"


class ClassMember(models.Model):
    """A child in a class, from a day, until it leaves; the lessons are paid from `enrolment`."""

    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="members", verbose_name=_("class group"))
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="class_members", verbose_name=_("enrolment"))
    joined_date = models.DateField(_("joined"))
    left_date = models.DateField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("class member")
        verbose_name_plural = _("class members")
        constraints = [
            models.UniqueConstraint(
                fields=["class_group", "enrolment"],
                condition=Q(left_date__isnull=True),
                name="classmember_once",
                violation_error_message=_("The child is in this class already."),
            )
        ]

    def __str__(self):
        return f"{self.enrolment.student} {self.class_group}"

    def is_there_on(self, day):
        return self.joined_date <= day and (self.left_date is None or day < self.left_date)


class WaitingListEntry(models.Model):
    """A child that waits for a seat. The first in line is offered it, until `offered_until`."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("waiting list", "Waiting")
        OFFERED = "offered", pgettext_lazy("waiting list", "Seat offered")
        ACCEPTED = "accepted", pgettext_lazy("waiting list", "Took the seat")
        LAPSED = "lapsed", pgettext_lazy("waiting list", "Offer lapsed")
        WITHDRAWN = "withdrawn", pgettext_lazy("waiting list", "Withdrawn")

    class_group = models.ForeignKey(ClassGroup, models.CASCADE, related_name="waiting", verbose_name=_("class group"))
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="waiting", verbose_name=_("enrolment"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.WAITING)
    added_at = models.DateTimeField(_("since"))
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("added by"))
    offered_until = models.DateTimeField(_("offered until"), null=True, blank=True)

    objects = WaitingListQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting list entry")
        verbose_name_plural = _("waiting list")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["class_group", "enrolment"],
                condition=Q(status__in=["waiting", "offered"]),
                name="waitinglist_once",
                violation_error_message=_("The child waits for this class already."),
            ),
            models.CheckConstraint(
                name="waitinglist_offer_ends",
                condition=~Q(status="offered") | Q(offered_until__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.enrolment.student} {self.class_group}"
