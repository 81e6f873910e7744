"""A family's money with the school that is not for a course yet."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch, User
from enrolments.models.payments import Payment
from enrolments.querysets import WalletEntryQuerySet
from parents.models import Guardian


class WalletEntry(models.Model):
    """One movement of a family's wallet (钱包), in fen. Never edited: a later entry corrects it."""

    class Kind(models.TextChoices):
        CARRIED_OVER = "carried_over", _("Carried over from lessons")
        TOP_UP = "top_up", _("Paid in")
        SPENT = "spent", _("Spent on an order")
        PAID_OUT = "paid_out", _("Paid out")
        CORRECTION = "correction", _("Correction")

    guardian = models.ForeignKey(Guardian, models.PROTECT, related_name="wallet_entries", verbose_name=_("guardian"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="wallet_entries", verbose_name=_("branch"))
    sequence = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    amount_minor = models.IntegerField(_("amount"))
    balance_after_minor = models.IntegerField(_("balance after"))
    method = models.CharField(_("method"), max_length=20, choices=Payment.Method, blank=True)  # where money moved
    reference = models.CharField(_("reference"), max_length=100, db_index=True)  # "payment:17"
    reason = models.CharField(_("reason"), max_length=200)
    occurred_at = models.DateTimeField(_("occurred at"))
    booked_date = models.DateField(_("booked"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    token = models.CharField(_("token"), max_length=64, null=True, blank=True, unique=True)  # a double click pays once

    objects = WalletEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("wallet entry")
        verbose_name_plural = _("wallet entries")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["guardian", "sequence"], name="walletentry_sequence"),
            models.CheckConstraint(name="walletentry_not_overdrawn", condition=Q(balance_after_minor__gte=0)),
            models.CheckConstraint(name="walletentry_moves", condition=~Q(amount_minor=0)),
            models.CheckConstraint(
                name="walletentry_method_of_money",
                condition=(Q(kind__in=["top_up", "paid_out"]) & ~Q(method__in=["", "wallet", "book"]))
                | (~Q(kind__in=["top_up", "paid_out"]) & Q(method="")),
            ),
        ]
        indexes = [models.Index(fields=["booked_date"], name="walletentry_booked")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.amount_minor:+}"
