"""The account of a child in a course, and the lots of credits that were bought for it."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch, User
from courses.models import Course, CoursePackage
from enrolments.models.fields import CreditField
from enrolments.models.orders import OrderItem
from enrolments.querysets import CreditLotQuerySet, EnrolmentQuerySet, ValidityExtensionQuerySet
from students.models import Student


class Enrolment(models.Model):
    """报名: a child in a course at a branch; the account that its lesson credits are kept in."""

    student = models.ForeignKey(Student, models.PROTECT, related_name="enrolments", verbose_name=_("student"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="enrolments", verbose_name=_("branch"))
    course = models.ForeignKey(Course, models.PROTECT, related_name="enrolments", verbose_name=_("course"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    balance = CreditField(_("balance"), default=Decimal(0), editable=False)  # Σ of the entries: kept by a trigger

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "branch", "course"],
                name="enrolment_once",
                violation_error_message=_("The child is enrolled in this course here already."),
            )
        ]

    def __str__(self):
        return f"{self.student} {self.course}"


class CreditLot(models.Model):
    """课时包, as sold: its price and its gift part never change afterwards. Money in fen.

    Its validity changes only with a row that says why (ValidityExtension). What is left of it, in credits and in
    fen, is kept by a trigger from its entries (enrolments.guards) and recomputed by `manage.py check_ledger`.
    """

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="lots", verbose_name=_("enrolment"))
    item = models.OneToOneField(
        OrderItem, models.PROTECT, null=True, blank=True, related_name="lot", verbose_name=_("order item")
    )
    package = models.ForeignKey(
        CoursePackage,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lots",
        verbose_name=_("course package"),
    )
    paid_credits = CreditField(_("paid credits"))
    gift_credits = CreditField(_("gift credits"), default=Decimal(0))
    list_price_minor = models.PositiveIntegerField(_("list price per lesson"))
    paid_minor = models.PositiveIntegerField(_("paid"))
    revenue_method = models.CharField(_("revenue method"), max_length=20, choices=Branch.RevenueMethod)
    start_date = models.DateField(_("starts"))
    expires_date = models.DateField(_("valid until"), null=True, blank=True)
    sold_at = models.DateTimeField(_("sold at"))
    sold_by = models.ForeignKey(User, models.PROTECT, related_name="sold_lots", verbose_name=_("sold by"))
    booked_date = models.DateField(_("booked"))  # the day on which the books count the sale
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click sells once

    paid_left = CreditField(_("paid credits left"), default=Decimal(0), editable=False)
    gift_left = CreditField(_("gift credits left"), default=Decimal(0), editable=False)
    recognised_minor = models.IntegerField(_("recognised revenue"), default=0, editable=False)
    released_minor = models.IntegerField(_("paid back, transferred or written off"), default=0, editable=False)

    objects = CreditLotQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit lot")
        verbose_name_plural = _("credit lots")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="creditlot_credits_not_negative", condition=Q(paid_credits__gte=0, gift_credits__gte=0)
            ),
            models.CheckConstraint(
                name="creditlot_validity",
                condition=Q(expires_date__isnull=True) | Q(expires_date__gte=F("start_date")),
            ),
            models.CheckConstraint(name="creditlot_left", condition=Q(paid_left__gte=0, gift_left__gte=0)),
            models.CheckConstraint(
                name="creditlot_value_left", condition=Q(paid_minor__gte=F("recognised_minor") + F("released_minor"))
            ),
        ]
        indexes = [models.Index(fields=["enrolment", "sold_at"], name="creditlot_sold")]

    def __str__(self):
        return f"{self.enrolment} #{self.pk}"

    @property
    def credits_left(self):
        return self.paid_left + self.gift_left

    @property
    def value_left_minor(self):
        """What of the price is still owed to the family in lessons, in fen."""
        return self.paid_minor - self.recognised_minor - self.released_minor


class ValidityExtension(models.Model):
    """A lot may be used so many days longer than before; a negative number takes that back. Never changed itself."""

    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="extensions", verbose_name=_("credit lot"))
    days = models.SmallIntegerField(_("days"))
    expires_date = models.DateField(_("valid until"))  # since then
    reason = models.CharField(_("reason"), max_length=200)
    reference = models.CharField(max_length=100, blank=True, db_index=True)  # "change:17"
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    at = models.DateTimeField(_("recorded at"))

    objects = ValidityExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("extension of validity")
        verbose_name_plural = _("extensions of validity")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(name="validityextension_of_days", condition=~Q(days=0))]

    def __str__(self):
        return f"{self.lot} {self.days:+d}"
