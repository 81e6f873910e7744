"""What a family orders: drafts, confirmed orders and what is still to pay."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course, CoursePackage
from enrolments.models.fields import CreditField
from enrolments.querysets import DiscountRuleQuerySet, OrderItemQuerySet, OrderQuerySet
from parents.models import Guardian
from students.models import Student


class DiscountRule(models.Model):
    """A named discount on an order item: a percentage of its price, or an amount in fen."""

    class Kind(models.TextChoices):
        SIBLING = "sibling", _("Sibling")
        EARLY_BIRD = "early_bird", _("Early bird")
        REFERRAL = "referral", _("Old for new")
        OTHER = "other", pgettext_lazy("discount", "Other")

    branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="discount_rules",
        verbose_name=_("branch"),
        help_text=_("Empty: for all branches."),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=50)
    percent = models.DecimalField(_("percent off"), max_digits=4, decimal_places=1, null=True, blank=True)
    amount_minor = models.PositiveIntegerField(_("amount off"), null=True, blank=True)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_until = models.DateField(_("until"), null=True, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = DiscountRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("discount")
        verbose_name_plural = _("discounts")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="discountrule_percent_or_amount",
                condition=Q(percent__isnull=False, percent__gt=0, percent__lte=100, amount_minor__isnull=True)
                | Q(percent__isnull=True, amount_minor__isnull=False, amount_minor__gt=0),
                violation_error_message=_("Write a percentage up to 100, or an amount, and not both."),
            ),
            models.CheckConstraint(
                name="discountrule_days",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                violation_error_message=_("The last day is before the first."),
            ),
        ]

    def __str__(self):
        return self.name


class Order(models.Model):
    """订单: what a family buys in one go, for one or several children. Money in fen.

    A draft may be changed and lapses. Once confirmed, its items are credit lots, and what is not paid yet is
    owing (欠费). `paid_minor` is kept by a trigger from the payments: nobody pays twice.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("order", "Draft")
        CONFIRMED = "confirmed", pgettext_lazy("order", "Confirmed")
        CANCELLED = "cancelled", pgettext_lazy("order", "Cancelled")
        LAPSED = "lapsed", pgettext_lazy("order", "Lapsed")
        VOID = "void", pgettext_lazy("order", "Void")

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="orders", verbose_name=_("branch"))
    guardian = models.ForeignKey(
        Guardian,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("guardian"),
        help_text=_("Who enters into the contract (法释〔2025〕4号, article 3)."),
    )
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.DRAFT)
    total_minor = models.PositiveIntegerField(_("total"))
    paid_minor = models.IntegerField(_("received"), default=0, editable=False)
    forgiven_minor = models.PositiveIntegerField(_("no longer asked for"), default=0, editable=False)  # by refunds
    due_date = models.DateField(_("payable until"), null=True, blank=True)
    lapses_date = models.DateField(_("offer ends"), null=True, blank=True)
    prepared_for = models.CharField(max_length=100, blank=True, db_index=True)  # "class:17"
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("prepared by"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("confirmed by")
    )
    ended_reason = models.CharField(_("reason"), max_length=200, blank=True)
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click orders once

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="order_paid_once",
                condition=Q(paid_minor__gte=0, paid_minor__lte=F("total_minor") - F("forgiven_minor")),
                violation_error_message=_("This order is paid already."),
            ),
            models.CheckConstraint(
                name="order_confirmed_when",
                condition=Q(status__in=["confirmed", "void"], confirmed_at__isnull=False, confirmed_by__isnull=False)
                | Q(status__in=["draft", "cancelled", "lapsed"], confirmed_at__isnull=True, confirmed_by__isnull=True),
            ),
            models.CheckConstraint(name="order_paid_when_confirmed", condition=Q(status="confirmed") | Q(paid_minor=0)),
        ]
        indexes = [
            models.Index(
                fields=["branch", "due_date"],
                name="order_owing",
                condition=Q(status="confirmed", total_minor__gt=F("paid_minor") + F("forgiven_minor")),
            ),
            models.Index(fields=["-created_at", "-id"], name="order_newest"),
        ]

    def __str__(self):
        return f"#{self.pk}"

    @property
    def owing_minor(self):
        """欠费: what is confirmed and not paid yet, in fen."""
        open_minor = self.total_minor - self.paid_minor - self.forgiven_minor
        return open_minor if self.status == self.Status.CONFIRMED else 0


class OrderItem(models.Model):
    """One line of an order: so many credits of a course for a child, at a price in fen."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="items", verbose_name=_("order"))
    student = models.ForeignKey(Student, models.PROTECT, related_name="order_items", verbose_name=_("student"))
    course = models.ForeignKey(Course, models.PROTECT, related_name="order_items", verbose_name=_("course"))
    package = models.ForeignKey(
        CoursePackage,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="order_items",
        verbose_name=_("course package"),
    )
    paid_credits = CreditField(_("paid credits"))
    gift_credits = CreditField(_("gift credits"), default=Decimal(0))
    list_price_minor = models.PositiveIntegerField(_("list price per lesson"))
    before_minor = models.PositiveIntegerField(_("price before discount"))
    discount = models.ForeignKey(
        DiscountRule, models.PROTECT, null=True, blank=True, related_name="order_items", verbose_name=_("discount")
    )
    discount_minor = models.PositiveIntegerField(_("discount"), default=0)
    discount_reason = models.CharField(_("why"), max_length=200, blank=True)  # of a discount without a rule
    amount_minor = models.PositiveIntegerField(_("amount"))
    start_date = models.DateField(_("starts"))
    validity_days = models.PositiveSmallIntegerField(_("valid for days"), null=True, blank=True)
    class_reference = models.CharField(max_length=100, blank=True)  # "class:17": where the child goes once it is sold
    # a double click adds it once
    token = models.CharField(_("token"), max_length=64, unique=True, null=True, blank=True)

    objects = OrderItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("order item")
        verbose_name_plural = _("order items")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="orderitem_amount",
                condition=Q(
                    amount_minor=F("before_minor") - F("discount_minor"), discount_minor__lte=F("before_minor")
                ),
            ),
            models.CheckConstraint(
                name="orderitem_credits",
                condition=Q(paid_credits__gte=0, gift_credits__gte=0),
            ),
            models.CheckConstraint(
                name="orderitem_discount_explained",
                condition=Q(discount_minor=0) | Q(discount__isnull=False) | ~Q(discount_reason=""),
                violation_error_message=_("Say why this discount is given."),
            ),
        ]

    def __str__(self):
        return f"{self.student} {self.course}"


class PassedRule(models.Model):
    """A rule for charges that an order went past: who let it, and why. Never changed (enrolments.guards)."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="passed_rules", verbose_name=_("order"))
    code = models.CharField(_("rule"), max_length=30)  # enrolments/rule_packs
    sentence = models.CharField(_("finding"), max_length=300)  # as the person read it
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("let pass by"))
    at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("rule let pass")
        verbose_name_plural = _("rules let pass")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(name="passedrule_reason", condition=~Q(reason=""))]

    def __str__(self):
        return f"{self.order} {self.code}"
