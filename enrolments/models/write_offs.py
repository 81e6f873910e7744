"""Lots whose validity is over."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from enrolments.models.accounts import CreditLot
from enrolments.models.fields import CreditField
from enrolments.querysets import WriteOffQuerySet


class WriteOff(models.Model):
    """过期核销: what is left of a lot after its validity. Asked for with a reason, approved by somebody else, and
    put back when that was wrong; the credits stay until it is approved. Money in fen."""

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("write-off", "Waiting for approval")
        APPROVED = "approved", pgettext_lazy("write-off", "Written off")
        WITHDRAWN = "withdrawn", pgettext_lazy("write-off", "Not written off")
        REVERSED = "reversed", pgettext_lazy("write-off", "Put back")

    lot = models.ForeignKey(CreditLot, models.PROTECT, related_name="write_offs", verbose_name=_("credit lot"))
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.REQUESTED)
    credits = CreditField(_("credits"))
    value_minor = models.PositiveIntegerField(_("value"))
    reason = models.CharField(_("reason"), max_length=200)
    requested_at = models.DateTimeField(_("requested at"))
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)  # withdrawn or put back
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )
    ended_reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = WriteOffQuerySet.as_manager()

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lot"],
                condition=Q(status="requested"),
                name="writeoff_one_open",
                violation_error_message=_("This lot waits for approval already."),
            ),
            models.CheckConstraint(name="writeoff_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="writeoff_approved_when",
                condition=Q(status__in=["approved", "reversed"], approved_at__isnull=False, approved_by__isnull=False)
                | Q(status__in=["requested", "withdrawn"], approved_at__isnull=True, approved_by__isnull=True),
            ),
            models.CheckConstraint(
                name="writeoff_second_person",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("requested_by")),
                violation_error_message=_("Somebody else than who asked for it approves a write-off."),
            ),
            models.CheckConstraint(
                name="writeoff_ended_when",
                condition=Q(status__in=["requested", "approved"], ended_at__isnull=True, ended_by__isnull=True)
                | Q(status__in=["withdrawn", "reversed"], ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.lot} {self.get_status_display()}"

    @property
    def branch_id(self):
        """A write-off belongs to the lot's branch, for permissions."""
        return self.lot.enrolment.branch_id

    @property
    def reference(self):
        """What its ledger entries name."""
        return f"write-off:{self.pk}"
