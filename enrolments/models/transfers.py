"""Credits that go to another child, or their value to the family's wallet."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from branches.models import User
from enrolments.models.accounts import Enrolment
from enrolments.querysets import TransferQuerySet
from parents.models import Guardian


class Transfer(models.Model):
    """结转: what is left of some lots goes to `target`, or its value in fen to the wallet of `guardian`.

    Its entries carry the reference "transfer:<pk>"; it is undone as long as nothing of it was used.
    """

    source = models.ForeignKey(Enrolment, models.PROTECT, related_name="transfers_out", verbose_name=_("from"))
    target = models.ForeignKey(
        Enrolment, models.PROTECT, null=True, blank=True, related_name="transfers_in", verbose_name=_("to")
    )
    guardian = models.ForeignKey(
        Guardian, models.PROTECT, null=True, blank=True, related_name="transfers", verbose_name=_("guardian")
    )
    amount_minor = models.PositiveIntegerField(_("value"))
    reason = models.CharField(_("reason"), max_length=200)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )
    undone_reason = models.CharField(_("reason of undoing"), max_length=200, blank=True)
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click transfers once

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="transfer_to_child_or_wallet",
                condition=Q(target__isnull=False, guardian__isnull=True)
                | Q(target__isnull=True, guardian__isnull=False, amount_minor__gt=0),
            ),
            models.CheckConstraint(name="transfer_elsewhere", condition=~Q(source=F("target"))),
            models.CheckConstraint(
                name="transfer_undone_when",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.source} → {self.target or self.guardian}"

    @property
    def branch_id(self):
        """A transfer belongs to the branch that it leaves, for permissions."""
        return self.source.branch_id

    @property
    def reference(self):
        """What its ledger and wallet entries name."""
        return f"transfer:{self.pk}"
