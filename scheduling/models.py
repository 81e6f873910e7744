"""Class groups, their weekly rules, the dated lessons, and who attends them."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, Room, User
from courses.models import Course
from enrolments.models import Enrolment
from scheduling.querysets import (
    AttendanceQuerySet,
    BookingQuerySet,
    ClassGroupQuerySet,
    KeptClashQuerySet,
    LessonQuerySet,
)


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class ClassGroup(models.Model):
    """班级. `teacher` is the class teacher; a lesson may have another one."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="class_groups", verbose_name=_("branch"))
    name = models.CharField(_("name"), max_length=50)
    course = models.ForeignKey(Course, models.PROTECT, related_name="class_groups", verbose_name=_("course"))
    teacher = models.ForeignKey(User, models.PROTECT, related_name="class_groups", verbose_name=_("class teacher"))
    capacity = models.PositiveSmallIntegerField(pgettext_lazy("class", "capacity"))
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


class Lesson(models.Model):
    """课次: one dated lesson. Times are UTC; `local_date` is the branch's day."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held")
        CANCELLED = "cancelled", _("Cancelled")

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="lessons", verbose_name=_("branch"))
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="lessons", verbose_name=_("class group"))
    rule = models.ForeignKey(
        ScheduleRule, models.SET_NULL, null=True, blank=True, related_name="lessons", verbose_name=_("weekly rule")
    )
    number = models.PositiveSmallIntegerField(_("lesson number"))
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    local_date = models.DateField(pgettext_lazy("calendar", "day"))
    teacher = models.ForeignKey(User, models.PROTECT, related_name="lessons", verbose_name=_("teacher"))
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="lessons", verbose_name=_("room")
    )
    credits = models.DecimalField(_("credits"), max_digits=3, decimal_places=1, default=Decimal(1))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PLANNED)
    cancel_reason = models.CharField(_("reason of cancelling"), max_length=200, blank=True)
    is_booked = models.BooleanField(
        _("takes its time"), default=True, editable=False
    )  # False only inside a transaction that moves lessons past one another
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
        ]
        indexes = [
            models.Index(fields=["branch", "starts_at"], name="lesson_branch_starts"),
            models.Index(fields=["teacher", "starts_at"], name="lesson_teacher_starts"),
            models.Index(fields=["status", "starts_at"], name="lesson_status_starts"),
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

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="attendances", verbose_name=_("lesson"))
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


class Booking(models.Model):
    """A teacher, room or child taken from `starts_at` until `ends_at`. Written by triggers alone (bookings.py)."""

    class Kind(models.TextChoices):
        TEACHER = "teacher", _("teacher")
        ROOM = "room", _("room")
        STUDENT = "student", _("student")

    kind = models.CharField(max_length=10, choices=Kind)
    resource_id = models.BigIntegerField()
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="bookings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    clash_group = models.BigIntegerField()

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        indexes = [models.Index(fields=["kind", "resource_id", "starts_at"], name="booking_resource_starts")]
        constraints = [models.UniqueConstraint(fields=["lesson", "kind", "resource_id"], name="booking_once_a_lesson")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.resource_id}"


class KeptClash(models.Model):
    """A clash that somebody knowingly kept, with the reason; shown until one of the lessons moves."""

    kind = models.CharField(_("kind"), max_length=10, choices=Booking.Kind)
    resource_id = models.BigIntegerField()
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="kept_clashes", verbose_name=_("lesson"))
    other = models.ForeignKey(
        Lesson, models.CASCADE, related_name="kept_clashes_of_others", verbose_name=_("clashes with")
    )
    clash_group = models.BigIntegerField(editable=False)
    reason = models.CharField(_("reason"), max_length=200)
    kept_by = models.ForeignKey(User, models.PROTECT, related_name="kept_clashes", verbose_name=_("kept by"))
    kept_at = models.DateTimeField(_("kept at"))

    objects = KeptClashQuerySet.as_manager()

    class Meta:
        verbose_name = _("kept clash")
        verbose_name_plural = _("kept clashes")
        constraints = [
            models.UniqueConstraint(fields=["kind", "resource_id", "lesson", "other"], name="keptclash_once"),
            models.CheckConstraint(name="keptclash_has_reason", condition=~Q(reason="")),
        ]
        indexes = [models.Index(fields=["kind", "resource_id"], name="keptclash_resource")]

    def __str__(self):
        return f"{self.lesson} / {self.other}"

    @staticmethod
    def bookings():
        return Booking.objects.all()
