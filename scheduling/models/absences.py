"""A child's leave, what it costs by the branch's policy, and the make-up right that comes of it."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch, User
from scheduling.models.lessons import Attendance
from scheduling.querysets import AbsenceRequestQuerySet, LeavePolicyQuerySet, MakeUpQuerySet

SHARES = [
    (Decimal("0.0"), _("No credit")),
    (Decimal("0.5"), _("Half a credit")),
    (Decimal("1.0"), _("The whole credit")),
]


class LeavePolicy(models.Model):
    """A branch's rules of leave (DOMAIN 2.2); its tiers say what a leave costs by the hours of notice."""

    branch = models.OneToOneField(Branch, models.CASCADE, related_name="leave_policy", verbose_name=_("branch"))
    leaves_per_class = models.PositiveSmallIntegerField(
        _("leaves per class"),
        null=True,
        blank=True,
        help_text=_("So many leaves of a child in one class follow the tiers; a later one takes the whole credit."),
    )
    make_up_days = models.PositiveSmallIntegerField(
        _("days for a make-up"), default=60, help_text=_("A make-up right ends so many days after the lesson.")
    )

    objects = LeavePolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("leave policy")
        verbose_name_plural = _("leave policies")

    def __str__(self):
        return str(self.branch)


class LeaveTier(models.Model):
    """At `notice_hours` of notice or more (and less than the next tier's), a leave takes `share` of the lesson."""

    policy = models.ForeignKey(LeavePolicy, models.CASCADE, related_name="tiers", verbose_name=_("leave policy"))
    notice_hours = models.PositiveSmallIntegerField(_("hours of notice"))
    share = models.DecimalField(_("takes"), max_digits=2, decimal_places=1, choices=SHARES)
    gives_make_up = models.BooleanField(_("gives a make-up"), default=True)

    class Meta:
        verbose_name = _("leave tier")
        verbose_name_plural = _("leave tiers")
        ordering = ["-notice_hours"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "notice_hours"], name="leavetier_once"),
            models.CheckConstraint(name="leavetier_share", condition=Q(share__gte=0, share__lte=1)),
        ]

    def __str__(self):
        return f"{self.notice_hours} h"


class AbsenceRequest(models.Model):
    """请假: a child does not come to a lesson. What it takes was decided when it was asked, and stays so."""

    attendance = models.ForeignKey(
        Attendance, models.CASCADE, related_name="absence_requests", verbose_name=_("attendance")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    requested_at = models.DateTimeField(_("asked at"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    share = models.DecimalField(_("takes"), max_digits=2, decimal_places=1, choices=SHARES)
    gives_make_up = models.BooleanField(_("gives a make-up"))
    policy_text = models.CharField(_("by which rule"), max_length=200)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = AbsenceRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence request")
        verbose_name_plural = _("absence requests")
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["attendance"], condition=Q(withdrawn_at__isnull=True), name="absencerequest_once"
            ),
            models.CheckConstraint(name="absencerequest_share", condition=Q(share__gte=0, share__lte=1)),
        ]

    def __str__(self):
        return str(self.attendance)


class MakeUp(models.Model):
    """补课: the right to attend another lesson for `original`, until `expires_date`; `attendance` is its use.

    The original and its make-up together take the credits of one lesson.
    """

    original = models.ForeignKey(
        Attendance, models.CASCADE, related_name="make_up_rights", verbose_name=_("missed lesson")
    )
    attendance = models.OneToOneField(
        Attendance,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="make_up",
        verbose_name=_("made up in"),
    )
    expires_date = models.DateField(_("valid until"))
    opened_at = models.DateTimeField(_("opened at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = MakeUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("make-up")
        verbose_name_plural = _("make-ups")
        ordering = ["expires_date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["original"], condition=Q(withdrawn_at__isnull=True), name="makeup_one_active"
            ),
            models.CheckConstraint(
                name="makeup_withdrawn_unused", condition=Q(withdrawn_at__isnull=True) | Q(attendance__isnull=True)
            ),
        ]

    def __str__(self):
        return str(self.original)
