"""Months whose books are closed, with what they came to."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch, User
from courses.models import CoursePackage
from enrolments.models.payments import Payment
from enrolments.querysets import MonthCloseQuerySet, MonthFigureQuerySet


class MonthClose(models.Model):
    """月结: the books of a branch for a month, in fen. Nothing is booked into it any more.

    The figures of the prepaid money are its `figures`, one row for each package; beside them stand what families
    still have to pay, and what their wallets hold.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="month_closes", verbose_name=_("branch"))
    month = models.DateField(_("month"))  # its first day
    owing_opening_minor = models.IntegerField(_("owing before"))
    owing_closing_minor = models.IntegerField(_("owing after"))
    wallet_opening_minor = models.IntegerField(_("in wallets before"))
    wallet_closing_minor = models.IntegerField(_("in wallets after"))
    closed_at = models.DateTimeField(_("closed at"))
    closed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("closed by"))

    objects = MonthCloseQuerySet.as_manager()

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        ordering = ["-month", "branch"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "month"], name="monthclose_once"),
            models.CheckConstraint(name="monthclose_first_day", condition=Q(month__day=1)),
        ]

    def __str__(self):
        return f"{self.branch} {self.month:%Y-%m}"


class MonthFigure(models.Model):
    """What a month did to the prepaid money of one package, in fen; without one, of lessons that were sold singly."""

    close = models.ForeignKey(MonthClose, models.PROTECT, related_name="figures", verbose_name=_("closed month"))
    package = models.ForeignKey(
        CoursePackage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("course package")
    )
    opening_minor = models.IntegerField(_("prepaid before"))
    taken_over_minor = models.IntegerField(_("taken over from the books"))
    sold_minor = models.IntegerField(_("sold"))
    transferred_in_minor = models.IntegerField(_("transferred in"))
    recognised_minor = models.IntegerField(_("recognised revenue"))
    refunded_minor = models.IntegerField(_("paid back or no longer asked for"))
    transferred_out_minor = models.IntegerField(_("transferred out"))
    written_off_minor = models.IntegerField(_("written off"))
    voided_minor = models.IntegerField(_("made void"))
    closing_minor = models.IntegerField(_("prepaid after"))

    objects = MonthFigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("figure of a month")
        verbose_name_plural = _("figures of a month")
        ordering = ["package__course__name", "package__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["close", "package"], name="monthfigure_once_a_package"),
            models.UniqueConstraint(
                fields=["close"], condition=Q(package__isnull=True), name="monthfigure_once_without_package"
            ),
            models.CheckConstraint(
                name="monthfigure_adds_up",
                condition=Q(
                    closing_minor=F("opening_minor")
                    + F("taken_over_minor")
                    + F("sold_minor")
                    + F("transferred_in_minor")
                    - F("recognised_minor")
                    - F("refunded_minor")
                    - F("transferred_out_minor")
                    - F("written_off_minor")
                    - F("voided_minor")
                ),
            ),
        ]

    def __str__(self):
        return f"{self.close} {self.package or ''}".strip()


class MonthReceipt(models.Model):
    """What a closed month received by one method, in fen."""

    close = models.ForeignKey(MonthClose, models.PROTECT, related_name="receipts", verbose_name=_("closed month"))
    method = models.CharField(_("method"), max_length=20, choices=Payment.Method)
    amount_minor = models.IntegerField(_("amount"))

    class Meta:
        verbose_name = _("receipts of a month")
        verbose_name_plural = _("receipts of a month")
        ordering = ["method"]
        constraints = [models.UniqueConstraint(fields=["close", "method"], name="monthreceipt_once_a_method")]

    def __str__(self):
        return f"{self.close} {self.get_method_display()}"
