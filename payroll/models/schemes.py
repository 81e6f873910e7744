"""How lessons are paid, and to whom from which day."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course
from payroll.querysets import PayRateQuerySet, PaySchemeQuerySet
from payroll.rules import Basis, Rate, Terms, Tier


class PayScheme(models.Model):
    """课时费方案, of the whole school. Money in fen.

    Once an approved slip was paid by it, its figures stay (payroll.forms): a new figure is a new scheme, and a rate
    from the day it holds.
    """

    name = models.CharField(_("name"), max_length=50, unique=True)
    basis = models.CharField(pgettext_lazy("pay scheme", "pays"), max_length=10, choices=Basis, default=Basis.LESSON)
    amount_minor = models.PositiveIntegerField(
        _("per lesson"), default=0, help_text=_("Fixed pay of a lesson; by the number of children, the first part.")
    )
    children_included = models.PositiveSmallIntegerField(
        _("children included"), default=0, help_text=_("So many children are in the pay of the lesson.")
    )
    extra_minor = models.PositiveIntegerField(_("for each further child"), default=0)
    is_progressive = models.BooleanField(
        _("each lesson by its place in the month"),
        default=False,
        help_text=_("For bands of lessons. Otherwise all lessons are paid at the band that the month reaches."),
    )
    base_minor = models.PositiveIntegerField(_("base pay per month"), default=0)
    minimum_lessons = models.PositiveSmallIntegerField(
        _("lessons in the base pay"), default=0, help_text=_("The first lessons of the month are covered by it.")
    )
    guaranteed_minor = models.PositiveIntegerField(
        _("guaranteed per month"),
        default=0,
        help_text=_("For newcomers: pay is topped up to this amount. Give them a rate that ends with the protection."),
    )
    full_class_children = models.PositiveSmallIntegerField(
        _("children of a full class"),
        default=0,
        help_text=_("Those who count in the lesson, by the switches below."),
    )
    full_class_minor = models.PositiveIntegerField(_("bonus for a lesson with so many"), default=0)
    counts_trials = models.BooleanField(_("guests of a trial count"), default=True)
    counts_make_ups = models.BooleanField(_("make-ups count"), default=True)
    counts_leave = models.BooleanField(_("children on leave count"), default=False)
    counts_absent = models.BooleanField(_("children who did not come count"), default=False)
    pays_substitutes = models.BooleanField(_("pays substitute lessons"), default=True)

    objects = PaySchemeQuerySet.as_manager()

    class Meta:
        verbose_name = _("pay scheme")
        verbose_name_plural = _("pay schemes")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="payscheme_lessons_in_base",
                condition=Q(minimum_lessons=0) | Q(base_minor__gt=0),
                violation_error_message=_("Lessons are covered by a base pay: write its amount, or no lessons."),
            ),
            models.CheckConstraint(
                name="payscheme_full_class",
                condition=Q(full_class_children=0, full_class_minor=0)
                | Q(full_class_children__gt=0, full_class_minor__gt=0),
                violation_error_message=_("Write both how many children fill a class and the bonus, or neither."),
            ),
        ]

    def __str__(self):
        return self.name

    def terms(self):
        return Terms(
            scheme_id=self.pk,
            tiers=tuple(tier.as_value() for tier in self.tiers.all()),
            **{name: getattr(self, name) for name in _FIGURES},
        )


_FIGURES = [field for field in Terms.__dataclass_fields__ if field not in {"scheme_id", "tiers"}]


class PayTier(models.Model):
    """A band [from, next tier): fen a lesson by the lessons of the month, or per cent by what the lesson earned."""

    scheme = models.ForeignKey(PayScheme, models.CASCADE, related_name="tiers", verbose_name=_("pay scheme"))
    from_lessons = models.PositiveSmallIntegerField(_("from so many lessons"), null=True, blank=True)
    rate_minor = models.PositiveIntegerField(_("per lesson"), null=True, blank=True)
    from_minor = models.PositiveIntegerField(_("from so much earned"), null=True, blank=True)
    percent = models.DecimalField(_("per cent"), max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("pay", "band")
        verbose_name_plural = pgettext_lazy("pay", "bands")
        ordering = ["from_lessons", "from_minor"]
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "from_lessons"],
                name="paytier_lessons_once",
                violation_error_message=_("Two bands begin at the same number."),
            ),
            models.UniqueConstraint(
                fields=["scheme", "from_minor"],
                name="paytier_amount_once",
                violation_error_message=_("Two bands begin at the same amount."),
            ),
            models.CheckConstraint(
                name="paytier_one_kind",
                condition=Q(
                    from_lessons__isnull=False, rate_minor__isnull=False, from_minor__isnull=True, percent__isnull=True
                )
                | Q(
                    from_lessons__isnull=True,
                    rate_minor__isnull=True,
                    from_minor__isnull=False,
                    percent__isnull=False,
                    percent__gte=0,
                    percent__lte=100,
                ),
                violation_error_message=_(
                    "Write a number of lessons and the pay of a lesson, or an amount earned and its per cent."
                ),
            ),
        ]

    def __str__(self):
        return f"{self.scheme} {self.from_lessons if self.from_minor is None else self.from_minor}"

    def as_value(self):
        if self.from_lessons is not None:
            return Tier(self.from_lessons, self.rate_minor)
        return Tier(self.from_minor, self.percent)


class PayRate(models.Model):
    """课时费标准: a teacher's lessons at a branch are paid by `scheme` from a day until a day, both included.

    One with a course is for that course alone and goes before the one for all courses.
    """

    teacher = models.ForeignKey(User, models.PROTECT, related_name="pay_rates", verbose_name=_("teacher"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="pay_rates", verbose_name=_("branch"))
    course = models.ForeignKey(
        Course,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="pay_rates",
        verbose_name=_("course"),
        help_text=_("Empty: for all courses."),
    )
    scheme = models.ForeignKey(PayScheme, models.PROTECT, related_name="rates", verbose_name=_("pay scheme"))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = PayRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("pay rate")
        verbose_name_plural = _("pay rates")
        ordering = ["branch", "teacher", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                name="payrate_days_in_order",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                violation_error_message=_("The last day lies before the first."),
            )
        ]

    def __str__(self):
        return " ".join([str(self.teacher), str(self.scheme), f"{self.valid_from:%Y-%m-%d}"])

    def as_value(self):
        return Rate(self.pk, self.scheme.terms(), self.valid_from, self.valid_until, self.course_id)
