"""Money received."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import User
from enrolments.models.orders import Order
from enrolments.querysets import PaymentQuerySet


class Payment(models.Model):
    """Money received for an order, in fen. Never changed: one taken in error is taken back by a second row.

    A trigger adds it to the order, whose constraints refuse what is paid twice (enrolments.guards).
    """

    class Method(models.TextChoices):
        WECHAT = "wechat", _("WeChat Pay")
        ALIPAY = "alipay", _("Alipay")
        CASH = "cash", _("Cash")
        CARD = "card", _("Bank card")
        TRANSFER = "transfer", _("Bank transfer")
        WALLET = "wallet", _("Wallet")
        BOOK = "book", _("Taken over from the books")

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments", verbose_name=_("order"))
    method = models.CharField(_("method"), max_length=20, choices=Method)
    amount_minor = models.IntegerField(_("amount"))
    reference = models.CharField(
        _("reference"), max_length=64, blank=True, help_text=_("The number that the bank or the wallet app gave it.")
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("takes back")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    received_at = models.DateTimeField(_("received at"))
    received_by = models.ForeignKey(
        User, models.PROTECT, related_name="received_payments", verbose_name=_("received by")
    )
    booked_date = models.DateField(_("booked"))
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click pays once

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="payment_positive_unless_taken_back",
                condition=Q(amount_minor__gt=0, reverses__isnull=True)
                | (Q(amount_minor__lt=0, reverses__isnull=False) & ~Q(reason="")),
            )
        ]
        indexes = [
            models.Index(fields=["booked_date"], name="payment_booked"),
            models.Index(fields=["order"], name="payment_taken_over", condition=Q(method="book")),
        ]

    def __str__(self):
        return f"{self.order} {self.get_method_display()}"
