"""Money given back for lessons that will not be taken."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from enrolments.models.accounts import CreditLot, Enrolment
from enrolments.models.fields import CreditField
from enrolments.models.payments import Payment
from enrolments.querysets import PayoutQuerySet, RefundQuerySet


class Refund(models.Model):
    """退费: who ends an enrolment and why, what is offered for it, and how far it has come. Money in fen.

    `sheet` is frozen: every formula with its working, as the person saw it who asked. While it is open nothing has
    left the ledger; only paying it moves credits and money, and then it is never changed again.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("refund", "Waiting for approval")
        APPROVED = "approved", pgettext_lazy("refund", "To be paid")
        PAID = "paid", pgettext_lazy("refund", "Paid back")
        REJECTED = "rejected", pgettext_lazy("refund", "Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("refund", "Withdrawn")

    class Cause(models.TextChoices):
        SCHOOL = "school", _("The school's cause")
        PARENT = "parent", _("The family's own cause")
        SEVEN_DAYS = "seven_days", _("Within seven days of paying")

    OPEN = ("requested", "approved")

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="refunds", verbose_name=_("enrolment"))
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.REQUESTED)
    cause = models.CharField(_("who ends it"), max_length=20, choices=Cause)
    reason = models.CharField(pgettext_lazy("refund", "reason"), max_length=200)
    method = models.CharField(_("to be paid by"), max_length=20, choices=Payment.Method)  # as the family wishes
    amount_minor = models.PositiveIntegerField(pgettext_lazy("refund", "amount"))
    interest_minor = models.PositiveIntegerField(
        pgettext_lazy("refund", "interest"), default=0
    )  # decided when it is paid
    sheet = models.JSONField(pgettext_lazy("refund", "sheet"))
    classes_left = models.JSONField(default=list, blank=True)  # ids of the classes that the child was taken out of
    needs_second_person = models.BooleanField(_("a second person approves"))
    requested_date = models.DateField(_("ended on"))  # the branch's local day: interest and working days count from it
    answer_by_date = models.DateField(_("answer by"))
    requested_at = models.DateTimeField(_("requested at"))
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)  # paid, rejected or withdrawn
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )
    ended_reason = models.CharField(pgettext_lazy("refund", "reason"), max_length=200, blank=True)
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click asks once

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(status__in=["requested", "approved"]),
                name="refund_one_open",
                violation_error_message=_("A refund of this course is under way already."),
            ),
            models.CheckConstraint(name="refund_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="refund_approved_when",
                condition=Q(approved_at__isnull=False)
                | (Q(approved_by__isnull=True) & ~Q(status__in=["approved", "paid"])),
            ),
            models.CheckConstraint(
                name="refund_second_person",
                condition=Q(approved_at__isnull=True)
                | Q(needs_second_person=False)
                | (Q(approved_by__isnull=False) & ~Q(approved_by=F("requested_by"))),
                violation_error_message=_("Somebody else than who asked for it approves a refund."),
            ),
            models.CheckConstraint(
                name="refund_ended_when",
                condition=Q(status__in=["requested", "approved"], ended_at__isnull=True, ended_by__isnull=True)
                | Q(status__in=["paid", "rejected", "withdrawn"], ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.CheckConstraint(name="refund_interest_when_paid", condition=Q(interest_minor=0) | Q(status="paid")),
        ]
        indexes = [
            models.Index(
                fields=["answer_by_date"],
                name="refund_open",
                condition=Q(status__in=["requested", "approved"]),
            )
        ]

    def __str__(self):
        return f"{self.enrolment} {self.get_status_display()}"

    @property
    def branch_id(self):
        """A refund belongs to the enrolment's branch, for permissions."""
        return self.enrolment.branch_id

    @property
    def is_open(self):
        return self.status in self.OPEN

    @property
    def payable_minor(self):
        return self.amount_minor + self.interest_minor


class RefundLine(models.Model):
    """One lot of a refund: what leaves it. What was never paid of its price is no longer asked for."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines", verbose_name=_("refund"))
    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="refund_lines", verbose_name=_("credit lot"))
    formula = models.CharField(pgettext_lazy("refund", "formula"), max_length=20)  # enrolments.refund_rules.Formula
    paid_credits = CreditField(_("paid credits"))
    gift_credits = CreditField(_("gift credits"))
    value_minor = models.PositiveIntegerField(pgettext_lazy("refund", "value"))
    forgiven_minor = models.PositiveIntegerField(_("never paid"), default=0)
    deducted_minor = models.PositiveIntegerField(pgettext_lazy("refund", "deducted"), default=0)
    amount_minor = models.PositiveIntegerField(pgettext_lazy("refund", "amount"))

    class Meta:
        verbose_name = _("refund line")
        verbose_name_plural = _("refund lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "lot"], name="refundline_once"),
            models.CheckConstraint(
                name="refundline_amount",
                condition=Q(amount_minor=F("value_minor") - F("forgiven_minor") - F("deducted_minor")),
            ),
        ]

    def __str__(self):
        return f"{self.refund} #{self.lot_id}"


class RefundDeduction(models.Model):
    """Materials that the family keeps, at their listed price; nothing else may be taken off."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="deductions", verbose_name=_("refund"))
    name = models.CharField(pgettext_lazy("refund", "materials"), max_length=50)
    amount_minor = models.PositiveIntegerField(_("listed price"))
    document = models.CharField(pgettext_lazy("refund", "document"), max_length=100)

    class Meta:
        verbose_name = pgettext_lazy("refund", "deduction")
        verbose_name_plural = pgettext_lazy("refund", "deductions")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="refunddeduction_proved",
                condition=Q(amount_minor__gt=0) & ~Q(name="") & ~Q(document=""),
                violation_error_message=_("Name the document that proves what the family received."),
            )
        ]

    def __str__(self):
        return self.name


class Payout(models.Model):
    """Money that left the school for a refund, in fen. Never changed."""

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="payouts", verbose_name=_("refund"))
    method = models.CharField(_("method"), max_length=20, choices=Payment.Method)
    amount_minor = models.PositiveIntegerField(pgettext_lazy("refund", "amount"))
    reference = models.CharField(
        _("reference"), max_length=64, blank=True, help_text=_("The number that the bank or the wallet app gave it.")
    )
    paid_at = models.DateTimeField(_("paid at"))
    paid_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("paid by"))
    booked_date = models.DateField(_("booked"))

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("refund", "payout")
        verbose_name_plural = pgettext_lazy("refund", "payouts")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="payout_positive", condition=Q(amount_minor__gt=0) & ~Q(method="book"))
        ]
        indexes = [models.Index(fields=["booked_date"], name="payout_booked")]

    def __str__(self):
        return f"{self.refund} {self.get_method_display()}"
