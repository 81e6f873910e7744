"""When a teacher can teach, what, how much, and how far it is from branch to branch."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course
from scheduling.models.classes import Weekday
from scheduling.querysets import OfTeacherQuerySet


class AvailabilityWindow(models.Model):
    """When a teacher can teach, in wall-clock time: on a weekday, or on one `day` (which replaces its weekday).

    A teacher without windows can always teach. A dated window without times: not on this day at all.
    """

    teacher = models.ForeignKey(User, models.CASCADE, related_name="availability", verbose_name=_("teacher"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday, null=True, blank=True)
    day = models.DateField(pgettext_lazy("calendar", "day"), null=True, blank=True)
    start_time = models.TimeField(_("from"), null=True, blank=True)
    end_time = models.TimeField(pgettext_lazy("time", "until"), null=True, blank=True)

    objects = OfTeacherQuerySet.as_manager()

    class Meta:
        verbose_name = _("teaching time")
        verbose_name_plural = _("teaching times")
        ordering = ["teacher", "day", "weekday", "start_time"]
        constraints = [
            models.CheckConstraint(
                name="availability_weekday_or_day",
                condition=Q(weekday__isnull=False, day__isnull=True, weekday__lte=6)
                | Q(weekday__isnull=True, day__isnull=False),
            ),
            models.CheckConstraint(
                name="availability_hours",
                condition=Q(start_time__isnull=False, end_time__gt=F("start_time"))
                | Q(day__isnull=False, start_time__isnull=True, end_time__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.teacher} {self.day or self.get_weekday_display()}"


class TeacherAbsence(models.Model):
    """A teacher is away in [starts_at, ends_at), UTC. What it meant for lessons is in their changes."""

    class Kind(models.TextChoices):
        ILL = "ill", _("Ill")
        LEAVE = "leave", pgettext_lazy("teacher", "On leave")
        TRAINING = "training", _("In training")

    teacher = models.ForeignKey(User, models.PROTECT, related_name="absences", verbose_name=_("teacher"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.ILL)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    recorded_at = models.DateTimeField(_("recorded at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = OfTeacherQuerySet.as_manager()

    class Meta:
        verbose_name = _("teacher's absence")
        verbose_name_plural = _("teachers' absences")
        ordering = ["-starts_at"]
        indexes = [models.Index(fields=["teacher", "starts_at"], name="absence_teacher_starts")]
        constraints = [
            models.CheckConstraint(name="teacherabsence_ends_after_start", condition=Q(ends_at__gt=F("starts_at")))
        ]

    def __str__(self):
        return f"{self.teacher} {self.get_kind_display()}"


class Qualification(models.Model):
    """A teacher may teach a course. A course for which nobody is named may be taught by everybody."""

    teacher = models.ForeignKey(User, models.CASCADE, related_name="qualifications", verbose_name=_("teacher"))
    course = models.ForeignKey(Course, models.CASCADE, related_name="qualifications", verbose_name=_("course"))

    objects = OfTeacherQuerySet.as_manager()

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["teacher", "course"]
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "course"],
                name="qualification_once",
                violation_error_message=_("This teacher may teach this course already."),
            )
        ]

    def __str__(self):
        return f"{self.teacher} {self.course}"


class StaffCheck(models.Model):
    """A paper that ends: the teaching certificate, the yearly criminal-record check (未成年人保护法 62)."""

    class Kind(models.TextChoices):
        CERTIFICATE = "certificate", _("Teaching certificate")
        RECORD = "record", _("Yearly record check")

    teacher = models.ForeignKey(User, models.CASCADE, related_name="checks", verbose_name=_("teacher"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    valid_until = models.DateField(_("valid until"))

    objects = OfTeacherQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate or check")
        verbose_name_plural = _("certificates and checks")
        ordering = ["valid_until"]
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "kind"],
                name="staffcheck_once",
                violation_error_message=_("This paper is recorded already: change its date."),
            )
        ]

    def __str__(self):
        return f"{self.teacher} {self.get_kind_display()}"


class TeachingLimit(models.Model):
    """The most minutes that a teacher teaches in a day and in a week (Monday to Sunday)."""

    teacher = models.OneToOneField(User, models.CASCADE, related_name="teaching_limit", verbose_name=_("teacher"))
    minutes_a_day = models.PositiveSmallIntegerField(_("minutes a day"), null=True, blank=True)
    minutes_a_week = models.PositiveSmallIntegerField(_("minutes a week"), null=True, blank=True)

    objects = OfTeacherQuerySet.as_manager()

    class Meta:
        verbose_name = _("teaching limit")
        verbose_name_plural = _("teaching limits")

    def __str__(self):
        return str(self.teacher)


class TravelTime(models.Model):
    """Minutes between two branches, the same both ways. `branch` is the one with the smaller id."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="+", verbose_name=_("branch"))
    other = models.ForeignKey(Branch, models.CASCADE, related_name="+", verbose_name=_("other branch"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        verbose_name = _("travel time")
        verbose_name_plural = _("travel times")
        ordering = ["branch", "other"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "other"], name="traveltime_once"),
            models.CheckConstraint(name="traveltime_in_order", condition=Q(branch__lt=F("other"))),
        ]

    def __str__(self):
        return f"{self.branch} – {self.other}"
