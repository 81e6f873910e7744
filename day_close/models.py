"""Days that somebody has closed and signed for."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from day_close.querysets import DayCloseQuerySet


class DayClose(models.Model):
    """日结: a person counted the cash of a branch's day and saw what was still open. Money in fen.

    `figures` are frozen as that person saw them (day_close.figures); nothing of a sign-off is changed afterwards. One
    signed in error is taken back with a reason and stays in the history.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="day_closes", verbose_name=_("branch"))
    day = models.DateField(pgettext_lazy("calendar", "day"))  # the branch's local day
    figures = models.JSONField(_("figures"))
    opening_cash_minor = models.IntegerField(_("change in the drawer in the morning"))
    expected_cash_minor = models.IntegerField(_("cash there should be"))
    counted_cash_minor = models.IntegerField(_("cash counted"))
    difference_minor = models.IntegerField(pgettext_lazy("cash", "difference"))
    open_items = models.PositiveIntegerField(_("still open"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("signed by"))
    signed_at = models.DateTimeField(_("signed at"))
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken back by")
    )
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = DayCloseQuerySet.as_manager()

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["-day", "-signed_at"]
        permissions = [
            ("sign_off", "Can sign a day off"),
            ("take_back_sign_off", "Can take a sign-off back"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "day"], condition=Q(withdrawn_at__isnull=True), name="dayclose_one_standing"
            ),
            models.CheckConstraint(
                name="dayclose_cash", condition=Q(opening_cash_minor__gte=0, counted_cash_minor__gte=0)
            ),
            models.CheckConstraint(
                name="dayclose_difference",
                condition=Q(difference_minor=F("counted_cash_minor") - F("expected_cash_minor")),
            ),
            models.CheckConstraint(
                name="dayclose_says_why", condition=Q(difference_minor=0, open_items=0) | ~Q(note="")
            ),
            models.CheckConstraint(
                name="dayclose_withdrawn_when",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_reason="")),
            ),
        ]

    def __str__(self):
        return f"{self.branch} {self.day:%Y-%m-%d}"
