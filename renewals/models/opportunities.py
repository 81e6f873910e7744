"""The work on renewals: which families are to be asked, by whom, how far it has come."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from courses.models import Subject
from enrolments.models import Enrolment, OrderItem
from renewals.querysets import RenewalNoteQuerySet, RenewalOpportunityQuerySet
from students.models import Student


class RenewalOpportunity(models.Model):
    """续费机会: a child is due to renew a subject. One is open at a time for each child and subject.

    `renewal_item` is the order line that renews it: with it the renewal is certain, without it there is none.
    """

    class Stage(models.TextChoices):
        """From the first day to the end; the last two are closed."""

        DUE = "due", pgettext_lazy("renewal", "Due")
        TOLD = "told", pgettext_lazy("renewal", "Told")
        TALKED = "talked", pgettext_lazy("renewal", "Talked")
        PROMISED = "promised", pgettext_lazy("renewal", "Promised")
        RENEWED = "renewed", pgettext_lazy("renewal", "Renewed")
        LOST = "lost", pgettext_lazy("renewal", "Lost")

    class Cause(models.TextChoices):
        LOW = "low", _("Few credits left")
        RUN_OUT = "run_out", _("Credits run out soon")
        CLASS_END = "class_end", _("The class ends")

    class LostReason(models.TextChoices):
        PRICE = "price", pgettext_lazy("lost renewal", "Price")
        TIME = "time", pgettext_lazy("lost renewal", "No time")
        RESULT = "result", pgettext_lazy("lost renewal", "Not content with the lessons")
        MOVED = "moved", pgettext_lazy("lost renewal", "Moved away")
        ELSEWHERE = "elsewhere", pgettext_lazy("lost renewal", "Learns elsewhere")
        FINISHED = "finished", pgettext_lazy("lost renewal", "Finished the course")
        OTHER = "other", pgettext_lazy("lost renewal", "Other")

    CLOSED = ("renewed", "lost")

    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, related_name="renewal_opportunities", verbose_name=_("enrolment")
    )
    student = models.ForeignKey(
        Student, models.PROTECT, related_name="renewal_opportunities", verbose_name=_("student")
    )  # the enrolment's, for the constraint; so is the subject
    subject = models.ForeignKey(
        Subject, models.PROTECT, related_name="renewal_opportunities", verbose_name=_("subject")
    )
    cause = models.CharField(pgettext_lazy("renewal", "cause"), max_length=20, choices=Cause)
    stage = models.CharField(pgettext_lazy("renewal", "stage"), max_length=20, choices=Stage, default=Stage.DUE)
    owner = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="renewal_opportunities", verbose_name=_("owner")
    )
    next_step = models.CharField(_("next step"), max_length=200, blank=True)
    next_contact_date = models.DateField(_("next contact"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    due_date = models.DateField(_("due on"))  # the branch's local day on which it opened
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    lost_reason = models.CharField(pgettext_lazy("renewal", "reason"), max_length=20, choices=LostReason, blank=True)
    renewal_item = models.ForeignKey(
        OrderItem, models.PROTECT, null=True, blank=True, related_name="renewals", verbose_name=_("renewed by")
    )

    objects = RenewalOpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("renewal opportunity")
        verbose_name_plural = _("renewal opportunities")
        ordering = ["due_date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "subject"],
                condition=Q(closed_at__isnull=True),
                name="renewalopportunity_one_open",
                violation_error_message=_("The renewal of this child in this subject is being worked on already."),
            ),
            models.CheckConstraint(
                name="renewalopportunity_closed_when",
                condition=Q(stage__in=["renewed", "lost"], closed_at__isnull=False)
                | (Q(closed_at__isnull=True) & ~Q(stage__in=["renewed", "lost"])),
            ),
            models.CheckConstraint(
                name="renewalopportunity_renewed_by",
                condition=Q(stage="renewed", renewal_item__isnull=False)
                | (Q(renewal_item__isnull=True) & ~Q(stage="renewed")),
            ),
            models.CheckConstraint(
                name="renewalopportunity_lost_why",
                condition=(Q(stage="lost") & ~Q(lost_reason="")) | (Q(lost_reason="") & ~Q(stage="lost")),
            ),
        ]
        indexes = [models.Index(fields=["due_date"], name="renewalopportunity_due")]

    def __str__(self):
        return f"{self.student} {self.subject}"

    @property
    def branch_id(self):
        """It belongs to the enrolment's branch, for permissions."""
        return self.enrolment.branch_id

    @property
    def is_open(self):
        return self.closed_at is None


class RenewalNote(models.Model):
    """One step of the work: where it stood afterwards, and what was said. Never changed (renewals.guards).

    Without a person: an order or its refund moved it.
    """

    opportunity = models.ForeignKey(
        RenewalOpportunity, models.PROTECT, related_name="notes", verbose_name=_("renewal opportunity")
    )
    stage = models.CharField(pgettext_lazy("renewal", "stage"), max_length=20, choices=RenewalOpportunity.Stage)
    note = models.CharField(_("note"), max_length=200, blank=True)
    next_contact_date = models.DateField(_("next contact"), null=True, blank=True)
    at = models.DateTimeField(_("recorded at"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by"))

    objects = RenewalNoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("renewal note")
        verbose_name_plural = _("renewal notes")
        ordering = ["pk"]

    def __str__(self):
        return f"{self.opportunity} {self.get_stage_display()}"
