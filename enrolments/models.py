"""Enrolments, what was bought, and the ledger of lesson credits."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch, User
from courses.models import Course, CoursePackage
from enrolments.querysets import (
    CreditEntryQuerySet,
    CreditLotQuerySet,
    EnrolmentQuerySet,
    PaymentQuerySet,
    ValidityExtensionQuerySet,
)
from students.models import Student


class CreditField(models.DecimalField):
    """Lesson credits: half lessons exist."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"max_digits": 7, "decimal_places": 1} | kwargs)


class Enrolment(models.Model):
    """报名: a child in a course at a branch; the account that its lesson credits are kept in."""

    student = models.ForeignKey(Student, models.PROTECT, related_name="enrolments", verbose_name=_("student"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="enrolments", verbose_name=_("branch"))
    course = models.ForeignKey(Course, models.PROTECT, related_name="enrolments", verbose_name=_("course"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

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

    Its validity changes only with a row that says why (ValidityExtension).
    """

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="lots", verbose_name=_("enrolment"))
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
    revenue_method = models.CharField(_("recognised revenue"), max_length=20, choices=Branch.RevenueMethod)
    start_date = models.DateField(_("starts"))
    expires_date = models.DateField(_("valid until"), null=True, blank=True)
    sold_at = models.DateTimeField(_("sold at"))
    sold_by = models.ForeignKey(User, models.PROTECT, related_name="sold_lots", verbose_name=_("sold by"))
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click sells once

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
        ]

    def __str__(self):
        return f"{self.enrolment} #{self.pk}"


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


class Payment(models.Model):
    """Money received for a lot, in fen."""

    class Method(models.TextChoices):
        WECHAT = "wechat", _("WeChat Pay")
        ALIPAY = "alipay", _("Alipay")
        CASH = "cash", _("Cash")
        CARD = "card", _("Bank card")
        TRANSFER = "transfer", _("Bank transfer")
        BOOK = "book", _("Taken over from the books")

    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="payments", verbose_name=_("credit lot"))
    method = models.CharField(_("method"), max_length=20, choices=Method)
    amount_minor = models.PositiveIntegerField(_("amount"))
    received_at = models.DateTimeField(_("received at"))
    received_by = models.ForeignKey(
        User, models.PROTECT, related_name="received_payments", verbose_name=_("received by")
    )

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-received_at"]
        constraints = [models.CheckConstraint(name="payment_positive", condition=Q(amount_minor__gt=0))]

    def __str__(self):
        return f"{self.lot} {self.get_method_display()}"


class CreditEntry(models.Model):
    """One movement of lesson credits (课时). Never edited: a later entry corrects it (enrolments.guards).

    A lesson drawn from two lots is two entries, each at its lot's price. Credits that no lot could give are
    owed: an entry without a lot, settled by the next purchase.
    """

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("Purchase")
        GIFT = "gift", _("Gift")
        CONSUMPTION = "consumption", _("Consumption")
        RETURN = "return", _("Return")
        SETTLEMENT = "settlement", _("Settlement of owed credits")
        ADJUSTMENT = "adjustment", _("Adjustment")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="credit_entries", verbose_name=_("enrolment"))
    lot = models.ForeignKey(
        CreditLot, models.PROTECT, null=True, blank=True, related_name="entries", verbose_name=_("credit lot")
    )
    is_gift = models.BooleanField(_("gift"), default=False)
    sequence = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    credits = CreditField(_("credits"))
    balance_after = CreditField(_("balance after"))
    pool_left_after = CreditField(_("left of the lot"), null=True, blank=True)
    revenue_minor = models.IntegerField(_("recognised revenue"), default=0)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    reference = models.CharField(_("reference"), max_length=100, db_index=True)  # "attendance:17"
    reason = models.CharField(_("reason"), max_length=200)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="credit_entries", verbose_name=_("recorded by"))

    objects = CreditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit entry")
        verbose_name_plural = _("credit entries")
        ordering = ["-occurred_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "sequence"], name="creditentry_sequence"),
            models.CheckConstraint(
                name="creditentry_sign_matches_kind",
                condition=Q(kind__in=["purchase", "gift", "return", "settlement"], credits__gt=0)
                | Q(kind="consumption", credits__lt=0)
                | (Q(kind="adjustment") & ~Q(credits=0)),
            ),
            # No lot gives more than it has; only what is owed stands outside the lots.
            models.CheckConstraint(
                name="creditentry_lot_not_overdrawn",
                condition=Q(lot__isnull=False, pool_left_after__isnull=False, pool_left_after__gte=0)
                | Q(lot__isnull=True, pool_left_after__isnull=True, revenue_minor=0),
            ),
            models.CheckConstraint(
                name="creditentry_return_names_entry",
                condition=Q(kind__in=["return", "settlement"], reverses__isnull=False)
                | (~Q(kind__in=["return", "settlement"]) & Q(reverses__isnull=True)),
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.credits:+}"
