"""What is sold, at which price, for the whole school."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.money import yuan
from courses.querysets import CoursePackageQuerySet, SchoolWideQuerySet


class Subject(models.Model):
    name = models.CharField(_("name"), max_length=50, unique=True)
    is_academic = models.BooleanField(
        _("academic"),
        default=False,
        help_text=_("学科类: Chinese, maths, foreign languages, physics … of the school curriculum."),
    )

    objects = SchoolWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        ordering = ["name"]

    def __str__(self):
        return self.name


class Course(models.Model):
    """A course; `list_price_minor` is the price of one lesson before any discount, in fen."""

    class Stage(models.TextChoices):
        """Of the children's schooling: the law on academic courses differs by it."""

        PRESCHOOL = "preschool", _("Pre-school")
        COMPULSORY = "compulsory", _("Compulsory education (grades 1–9)")
        SENIOR_HIGH = "senior_high", _("Senior high school")
        ANY = "any", _("Adults, or any age")

    subject = models.ForeignKey(Subject, models.PROTECT, related_name="courses", verbose_name=_("subject"))
    name = models.CharField(_("name"), max_length=50, unique=True)
    stage = models.CharField(
        _("stage of schooling"),
        max_length=12,
        choices=Stage,
        default=Stage.COMPULSORY,
        help_text=_(
            "Of academic courses: in compulsory education they are not held on days of rest (中办国办 2021, “双减”); "
            "in senior high school local rules decide."
        ),
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=90)
    list_price_minor = models.PositiveIntegerField(_("list price per lesson"))
    standard_lesson_factor = models.DecimalField(
        _("standard lessons"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(1),
        help_text=_("How many standard lessons (45 minutes offline) one lesson is: 发改价格〔2021〕1279号."),
    )
    is_active = models.BooleanField(_("on sale"), default=True)
    continues_in = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="continues_from",
        verbose_name=_("goes on in"),
        help_text=_(
            "Courses that children go on in after this one, for the rate of promotion; the course itself too, when its "
            "next term has the same name."
        ),
    )

    objects = SchoolWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="course_has_minutes", condition=Q(minutes__gt=0)),
            models.CheckConstraint(name="course_standard_lessons_positive", condition=Q(standard_lesson_factor__gt=0)),
        ]

    def __str__(self):
        return self.name


class CoursePackage(models.Model):
    """课程包: so many lessons and gift lessons of a course, at a price in fen."""

    course = models.ForeignKey(Course, models.PROTECT, related_name="packages", verbose_name=_("course"))
    name = models.CharField(_("name"), max_length=50)
    paid_credits = models.DecimalField(_("paid credits"), max_digits=6, decimal_places=1)
    gift_credits = models.DecimalField(_("gift credits"), max_digits=6, decimal_places=1, default=Decimal(0))
    price_minor = models.PositiveIntegerField(_("price"))
    validity_days = models.PositiveSmallIntegerField(
        _("valid for days"), null=True, blank=True, help_text=_("Empty: without an end.")
    )
    is_active = models.BooleanField(_("on sale"), default=True)

    objects = CoursePackageQuerySet.as_manager()

    class Meta:
        verbose_name = _("course package")
        verbose_name_plural = _("course packages")
        ordering = ["course__name", "paid_credits"]
        constraints = [
            models.UniqueConstraint(fields=["course", "name"], name="coursepackage_name_in_course"),
            models.CheckConstraint(
                name="coursepackage_credits",
                condition=Q(paid_credits__gt=0, gift_credits__gte=0),
                violation_error_message=_("A package has at least one paid lesson."),
            ),
        ]

    def __str__(self):
        return f"{self.course} {self.name} {yuan(self.price_minor)}"
