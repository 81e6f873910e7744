"""A child pauses a course and comes back."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from branches.models import User
from enrolments.models.accounts import Enrolment
from enrolments.querysets import SuspensionQuerySet


class Suspension(models.Model):
    """停课: from a day until the child is back (复课). The days between are added to the validity of its lots.

    `ended_date` is the first day on which it comes again; empty while it is away.
    """

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="suspensions", verbose_name=_("enrolment"))
    from_date = models.DateField(_("away from"))
    expected_date = models.DateField(_("expected back on"))
    ended_date = models.DateField(_("back on"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    classes_left = models.JSONField(default=list, blank=True)  # ids of the classes that the child was taken out of
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        ordering = ["-from_date", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(ended_date__isnull=True),
                name="suspension_one_open",
                violation_error_message=_("The child is away from this course already."),
            ),
            models.CheckConstraint(
                name="suspension_days",
                condition=Q(expected_date__gt=F("from_date"))
                & (Q(ended_date__isnull=True) | Q(ended_date__gte=F("from_date"))),
                violation_error_message=_("The day of return lies before the first day away."),
            ),
            models.CheckConstraint(
                name="suspension_ended_when",
                condition=Q(ended_date__isnull=True, ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_date__isnull=False, ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["expected_date"], name="suspension_expected", condition=Q(ended_date__isnull=True))
        ]

    def __str__(self):
        return f"{self.enrolment} {self.from_date}"

    @property
    def branch_id(self):
        """A suspension belongs to the enrolment's branch, for permissions."""
        return self.enrolment.branch_id

    @property
    def days(self):
        """How long it was; None while the child is away."""
        return (self.ended_date - self.from_date).days if self.ended_date else None
