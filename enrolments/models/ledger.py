"""The ledger of lesson credits."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import User
from enrolments.models.accounts import CreditLot, Enrolment
from enrolments.models.fields import CreditField
from enrolments.querysets import CreditEntryQuerySet


class CreditEntry(models.Model):
    """One movement of lesson credits (课时). Never edited: a later entry corrects it (enrolments.guards).

    A lesson drawn from two lots is two entries, each at its lot's price. Credits that no lot could give are
    owed: an entry without a lot, settled by the next purchase. `released_minor` is what leaves a lot's price
    other than by lessons: paid back, transferred, written off. An entry is booked on the local day on which it
    occurred, or on the first day whose month is still open.
    """

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("Purchase")
        GIFT = "gift", _("Gift")
        CONSUMPTION = "consumption", _("Consumption")
        RETURN = "return", _("Return")
        SETTLEMENT = "settlement", _("Settlement of owed credits")
        ADJUSTMENT = "adjustment", _("Adjustment")
        REFUND = "refund", _("Refund")
        TRANSFER_OUT = "transfer_out", _("Transferred out")
        TRANSFER_IN = "transfer_in", _("Transferred in")
        EXPIRY = "expiry", _("Written off after its validity")
        VOID = "void", _("Order made void")
        RESTORE = "restore", _("Put back")

    LESSONS = ("consumption", "return", "settlement")  # what lessons do; all others change what there is to use

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
    released_minor = models.IntegerField(_("paid back, transferred or written off"), default=0)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    reference = models.CharField(_("reference"), max_length=100, db_index=True)  # "attendance:17"
    reason = models.CharField(_("reason"), max_length=200)
    occurred_at = models.DateTimeField(_("occurred at"))
    booked_date = models.DateField(_("booked"))  # the day on which the books count it
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
                condition=Q(
                    kind__in=["purchase", "gift", "return", "settlement", "transfer_in", "restore"], credits__gt=0
                )
                | Q(kind__in=["consumption", "refund", "transfer_out", "expiry", "void"], credits__lt=0)
                | (Q(kind="adjustment") & ~Q(credits=0)),
            ),
            # No lot gives more than it has; only what is owed stands outside the lots.
            models.CheckConstraint(
                name="creditentry_lot_not_overdrawn",
                condition=Q(lot__isnull=False, pool_left_after__isnull=False, pool_left_after__gte=0)
                | Q(lot__isnull=True, pool_left_after__isnull=True, revenue_minor=0, released_minor=0),
            ),
            models.CheckConstraint(
                name="creditentry_return_names_entry",
                condition=Q(kind__in=["return", "settlement", "restore"], reverses__isnull=False)
                | (~Q(kind__in=["return", "settlement", "restore"]) & Q(reverses__isnull=True)),
            ),
            models.CheckConstraint(
                name="creditentry_lessons_release_nothing",
                condition=~Q(kind__in=["consumption", "return", "settlement"]) | Q(released_minor=0),
            ),
        ]
        indexes = [models.Index(fields=["booked_date"], name="creditentry_booked")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.credits:+}"
