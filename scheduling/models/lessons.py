"""The dated lessons, and who attends them."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, Room, User
from enrolments.models import Enrolment
from scheduling.models.classes import ClassGroup, ScheduleRule
from scheduling.querysets import AttendanceQuerySet, LessonQuerySet


class Lesson(models.Model):
    """课次: one dated lesson. Times are UTC; `local_date` is the branch's day.

    `teacher` is who really teaches: pay follows it, the class keeps its class teacher. `has_own_…` says what was
    changed by hand on this lesson: a later change of the class leaves that alone.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", _("Cancelled")

    # db_index=False: an index of two columns below begins with it.
    branch = models.ForeignKey(Branch, models.PROTECT, db_index=False, related_name="lessons", verbose_name=_("branch"))
    class_group = models.ForeignKey(
        ClassGroup, models.PROTECT, db_index=False, related_name="lessons", verbose_name=_("class group")
    )
    rule = models.ForeignKey(
        ScheduleRule, models.SET_NULL, null=True, blank=True, related_name="lessons", verbose_name=_("weekly rule")
    )
    number = models.PositiveSmallIntegerField(_("lesson number"))
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    local_date = models.DateField(pgettext_lazy("calendar", "day"))
    teacher = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="lessons", verbose_name=_("teacher"))
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="lessons", verbose_name=_("room")
    )
    credits = models.DecimalField(_("credits"), max_digits=3, decimal_places=1, default=Decimal(1))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PLANNED)
    cancel_reason = models.CharField(_("reason of cancelling"), max_length=200, blank=True)
    is_booked = models.BooleanField(
        _("takes its time"), default=True, editable=False
    )  # False only inside a transaction that moves lessons past one another
    version = models.PositiveIntegerField(
        _("version"), default=1, editable=False
    )  # counts its changes: two people at once, and SEQUENCE in calendar feeds
    has_own_time = models.BooleanField(_("own time"), default=False, editable=False)
    has_own_teacher = models.BooleanField(_("own teacher"), default=False, editable=False)
    has_own_room = models.BooleanField(_("own room"), default=False, editable=False)
    roll_called_at = models.DateTimeField(_("roll called at"), null=True, blank=True)
    roll_called_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="called_lessons", verbose_name=_("roll called by")
    )

    objects = LessonQuerySet.as_manager()

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        ordering = ["starts_at", "pk"]
        permissions = [
            ("view_timetable", "Can see the timetable"),
            ("call_roll", "Can call the roll"),
            ("undo_roll_call", "Can undo a roll call"),
            ("place_student", "Can place a student in a class"),
            ("keep_clash", "Can keep a clash"),
            ("pass_block", "Can pass a rule that blocks"),
            ("cancel_day", "Can cancel a branch's day"),
        ]
        indexes = [
            models.Index(fields=["branch", "starts_at"], name="lesson_branch_starts"),
            models.Index(fields=["teacher", "starts_at"], name="lesson_teacher_starts"),
            models.Index(fields=["status", "starts_at"], name="lesson_status_starts"),
            models.Index(fields=["class_group", "status", "starts_at"], name="lesson_class_status_starts"),
        ]
        constraints = [
            models.CheckConstraint(name="lesson_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="lesson_credits_not_negative", condition=Q(credits__gte=0)),
            models.CheckConstraint(
                name="lesson_held_when_called",
                condition=Q(status="held", roll_called_at__isnull=False, roll_called_by__isnull=False)
                | (~Q(status="held") & Q(roll_called_at__isnull=True, roll_called_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="lesson_cancelled_with_reason", condition=~Q(status="cancelled") | ~Q(cancel_reason="")
            ),
            models.UniqueConstraint(
                fields=["class_group", "starts_at"],
                condition=~Q(status="cancelled"),
                name="lesson_once_in_class",
            ),
        ]

    def __str__(self):
        return f"{self.class_group} {self.local_date:%Y-%m-%d}"

    @property
    def is_held(self):
        return self.status == self.Status.HELD


class Attendance(models.Model):
    """A child expected at a lesson, and after the roll call how it came. Paid from `enrolment`."""

    class Status(models.TextChoices):
        EXPECTED = "expected", _("Expected")
        PRESENT = "present", _("Present")
        LATE = "late", _("Late")
        LEAVE = "leave", _("On leave")
        ABSENT = "absent", _("Absent")

    lesson = models.ForeignKey(
        Lesson, models.CASCADE, db_index=False, related_name="attendances", verbose_name=_("lesson")
    )  # attendance_once begins with it
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="attendances", verbose_name=_("enrolment"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.EXPECTED)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [models.UniqueConstraint(fields=["lesson", "enrolment"], name="attendance_once")]

    def __str__(self):
        return f"{self.enrolment.student} {self.lesson}"

    @property
    def reference(self):
        """What the ledger calls this attendance."""
        return f"attendance:{self.pk}"
