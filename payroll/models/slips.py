"""A teacher's pay of a month at a branch."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from core.clock import local_date
from payroll.querysets import PaySlipLineQuerySet, PaySlipQuerySet
from payroll.rules import Line, LineKind, TaughtLesson
from scheduling.models import Lesson


class PaySlip(models.Model):
    """课时费单. `month` is its first day, by the branch's calendar.

    A draft has no lines: it is reckoned anew whenever somebody looks (payroll.sheets). Approval writes the lines, and
    from then on neither they nor the slip change (payroll.guards).
    """

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("pay slip", "To be approved")
        APPROVED = "approved", pgettext_lazy("pay slip", "Approved")

    teacher = models.ForeignKey(User, models.PROTECT, related_name="pay_slips", verbose_name=_("teacher"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="pay_slips", verbose_name=_("branch"))
    month = models.DateField(pgettext_lazy("calendar", "month"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    prepared_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("prepared by"))
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    lesson_count = models.PositiveSmallIntegerField(_("lessons"), default=0)
    minutes = models.PositiveIntegerField(_("minutes"), default=0)
    total_minor = models.IntegerField(
        pgettext_lazy("pay", "total"), default=0
    )  # the sum of its lines; below zero by adjustments

    objects = PaySlipQuerySet.as_manager()

    class Meta:
        verbose_name = _("pay slip")
        verbose_name_plural = _("pay slips")
        ordering = ["-month", "branch", "teacher"]
        permissions = [
            ("view_own_payslips", "Can see own approved pay slips"),
            ("prepare_payslips", "Can prepare pay slips"),
            ("approve_payslips", "Can approve pay slips"),
        ]
        indexes = [models.Index(fields=["branch", "month"], name="payslip_branch_month")]
        constraints = [
            models.UniqueConstraint(fields=["teacher", "branch", "month"], name="payslip_once"),
            models.CheckConstraint(name="payslip_month_begins", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="payslip_approved_by_somebody",
                condition=Q(status="approved", approved_by__isnull=False, approved_at__isnull=False)
                | Q(status="draft", approved_by__isnull=True, approved_at__isnull=True, total_minor=0),
            ),
        ]

    def __str__(self):
        return f"{self.teacher} {self.month:%Y-%m}"

    @property
    def is_approved(self):
        return self.status == self.Status.APPROVED


class PaySlipLine(models.Model):
    """A line of an approved slip with the figures it was reckoned from, in the words of that day.

    `lesson` is where it came from, for looking at; the line stands though the lesson should go.
    """

    slip = models.ForeignKey(PaySlip, models.PROTECT, related_name="lines", verbose_name=_("pay slip"))
    position = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind)
    lesson = models.ForeignKey(
        Lesson, models.DO_NOTHING, db_constraint=False, null=True, related_name="+", verbose_name=_("lesson")
    )
    starts_at = models.DateTimeField(_("starts at"), null=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=0)
    class_name = models.CharField(_("class group"), max_length=50, blank=True)
    children = models.PositiveSmallIntegerField(pgettext_lazy("pay", "children"), default=0)
    about_month = models.DateField(_("about the month"), null=True)
    working = models.JSONField(pgettext_lazy("pay", "working"), default=dict)
    amount_minor = models.IntegerField(pgettext_lazy("pay", "amount"))

    objects = PaySlipLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a pay slip")
        verbose_name_plural = _("lines of pay slips")
        ordering = ["slip", "position"]
        constraints = [
            models.UniqueConstraint(fields=["slip", "position"], name="payslipline_position"),
            models.CheckConstraint(
                name="payslipline_of_its_kind",
                condition=Q(kind="lesson", lesson__isnull=False, starts_at__isnull=False, about_month__isnull=True)
                | Q(kind="adjustment", lesson__isnull=True, about_month__isnull=False)
                | Q(kind__in=["full_class", "base", "guarantee"], lesson__isnull=True, about_month__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.slip} {self.position}"

    def as_value(self, time_zone):
        """The line as it was reckoned."""
        day = self.starts_at and local_date(self.starts_at, time_zone)
        lesson = self.lesson_id and TaughtLesson(self.lesson_id, day, self.starts_at, self.minutes, self.class_name)
        return Line(self.kind, self.amount_minor, self.working, lesson or None, self.children, self.about_month)
