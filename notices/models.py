"""What a school writes to many families at once: the text, for whom, who stands for it, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from courses.models import Course, Subject
from enrolments.models import CreditField
from messaging.models import OutboundMessage, Purpose
from notices.querysets import NoticeLeftOutQuerySet, NoticePolicyQuerySet, NoticeQuerySet, NoticeRecipientQuerySet
from parents.models import Guardian
from scheduling.models import ClassGroup
from students.models import Student

LONGEST_TEXT = 500  # characters, without the signature


class NoticePolicy(models.Model):
    """How many families of a branch one person may write to. A trigger makes it with the branch (notices.guards)."""

    branch = models.OneToOneField(
        Branch, models.CASCADE, primary_key=True, related_name="notice_policy", verbose_name=_("branch")
    )
    alone_up_to = models.PositiveIntegerField(
        _("messages without a second person"),
        default=200,
        help_text=_("A notice with more messages goes out when somebody else has approved it too."),
    )

    objects = NoticePolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit of a branch for bulk notices")
        verbose_name_plural = _("limits for bulk notices")
        ordering = ["branch__name"]

    def __str__(self):
        return str(self.branch)


class Notice(models.Model):
    """群发通知. Its people are looked for anew until it is released; from then on they, and the words, stay.

    draft → (waiting for a second person) → sending ⇄ paused → done | stopped
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("notice", "Draft")
        WAITING = "waiting", pgettext_lazy("notice", "To be approved")
        SENDING = "sending", pgettext_lazy("notice", "Going out")
        PAUSED = "paused", pgettext_lazy("notice", "Paused")
        STOPPED = "stopped", pgettext_lazy("notice", "Stopped")
        DONE = "done", pgettext_lazy("notice", "Sent out")

    class Who(models.TextChoices):
        LEARNERS = "learners", _("Those who learn here now")
        ALL = "all", _("Everybody in the books")

    UNRELEASED = [State.DRAFT, State.WAITING]
    PURPOSES = [
        (Purpose.SERVICE.value, _("Notice: about lessons, holidays, fees")),
        (Purpose.MARKETING.value, pgettext_lazy("notice", "Offer")),
    ]

    text = models.CharField(_("text"), max_length=LONGEST_TEXT)
    purpose = models.CharField(_("purpose"), max_length=20, choices=PURPOSES, default=Purpose.SERVICE)
    with_names = models.BooleanField(_("begin with the child's name"), default=True)
    last_date = models.DateField(
        _("last day"), null=True, blank=True, help_text=_("What could not be sent by the end of this day is dropped.")
    )

    branches = models.ManyToManyField(Branch, related_name="notices", verbose_name=_("branches"))
    class_groups = models.ManyToManyField(
        ClassGroup, blank=True, related_name="notices", verbose_name=_("class groups")
    )
    courses = models.ManyToManyField(Course, blank=True, related_name="+", verbose_name=_("courses"))
    subjects = models.ManyToManyField(Subject, blank=True, related_name="+", verbose_name=_("subjects"))
    who = models.CharField(pgettext_lazy("notice", "who"), max_length=10, choices=Who, default=Who.LEARNERS)
    run_out_days = models.PositiveSmallIntegerField(_("credits run out within days"), null=True, blank=True)
    credits_at_most = CreditField(_("credits left at most"), null=True, blank=True)
    is_owing = models.BooleanField(_("has an order to pay"), default=False)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    state_at = models.DateTimeField(_("since"))
    state_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("notice", "by")
    )  # nobody: the software saw that it was through
    token = models.CharField(max_length=64, unique=True, editable=False)  # a double click writes one draft
    copied_from = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    written_at = models.DateTimeField(_("written at"))
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("written by"))
    asked_at = models.DateTimeField(_("asked for at"), null=True, blank=True)
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked for by")
    )
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    sent_back_reason = models.CharField(_("why it was sent back"), max_length=200, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    # As they were when it was asked for, and at last when it was released.
    message_count = models.PositiveIntegerField(_("messages"), null=True, blank=True)
    part_count = models.PositiveIntegerField(_("SMS parts"), null=True, blank=True)
    cost_minor = models.PositiveIntegerField(_("estimated cost"), null=True, blank=True)
    alone_up_to = models.PositiveIntegerField(null=True, blank=True)  # the limit of whoever asked; 0: may not alone

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk notice")
        verbose_name_plural = _("bulk notices")
        ordering = ["-written_at", "-pk"]
        indexes = [models.Index(fields=["state"], name="notice_going_out", condition=Q(state="sending"))]
        constraints = [
            models.CheckConstraint(
                name="notice_state_known",
                condition=Q(state__in=["draft", "waiting", "sending", "paused", "stopped", "done"]),
            ),
            models.CheckConstraint(name="notice_purpose", condition=Q(purpose__in=["service", "marketing"])),
            models.CheckConstraint(name="notice_has_text", condition=~Q(text="")),
            models.CheckConstraint(
                name="notice_second_person",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("written_by")) & ~Q(approved_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="notice_asked_by_somebody",
                condition=Q(state="draft", asked_by__isnull=True, asked_at__isnull=True)
                | ~Q(state="draft") & Q(asked_by__isnull=False, asked_at__isnull=False),
            ),
            models.CheckConstraint(
                name="notice_released_when",
                condition=Q(state__in=["draft", "waiting"], released_at__isnull=True, approved_by__isnull=True)
                | ~Q(state__in=["draft", "waiting"])
                & Q(released_at__isnull=False, message_count__isnull=False, alone_up_to__isnull=False),
            ),
            models.CheckConstraint(
                name="notice_approved_above_limit",
                condition=Q(released_at__isnull=True)
                | Q(message_count__lte=F("alone_up_to"))
                | Q(approved_by__isnull=False),
            ),
        ]

    def __str__(self):
        return self.text[:30]

    @property
    def time_zone(self):
        """Whose clock its times are shown by: that of a branch that it goes to."""
        branches = list(self.branches.all())  # fetched beforehand by lists
        return branches[0].time_zone if branches else settings.TIME_ZONE

    @property
    def is_released(self):
        return self.state not in self.UNRELEASED

    @property
    def is_running(self):
        """It can still be stopped."""
        return self.state in [self.State.SENDING, self.State.PAUSED]


class NoticeRecipient(models.Model):
    """A guardian to whom a released notice goes, signed by one branch, about these children. Written once, at release.

    `message` is the row of the outbox: none yet, or none any more when it was taken back by a pause. `turn` counts
    these rows: it makes a new one another occasion.
    """

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="recipients", verbose_name=_("bulk notice"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    guardian = models.ForeignKey(Guardian, models.PROTECT, related_name="+", verbose_name=_("guardian"))
    students = models.ManyToManyField(Student, related_name="+", verbose_name=pgettext_lazy("notice", "children"))
    message = models.OneToOneField(
        OutboundMessage,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="notice_recipient",
        verbose_name=_("message"),
    )
    turn = models.PositiveSmallIntegerField(default=1)

    objects = NoticeRecipientQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipient of a bulk notice")
        verbose_name_plural = _("recipients of bulk notices")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "guardian"], name="noticerecipient_once"),
            models.CheckConstraint(name="noticerecipient_turn", condition=Q(turn__gte=1)),
        ]

    def __str__(self):
        return f"{self.notice_id} {self.guardian}"


class NoticeLeftOut(models.Model):
    """A child that was chosen, and about whom nobody was written to, and why."""

    class Reason(models.TextChoices):
        NO_PHONE = "no_phone", _("No guardian with a phone number")
        NOT_TOLD = "not_told", _("No guardian is to be told")
        OPTED_OUT = "opted_out", _("Wants no messages")
        NO_CONSENT = "no_consent", _("Has not agreed to get offers")

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="left_out", verbose_name=_("bulk notice"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    student = models.ForeignKey(Student, models.PROTECT, related_name="+", verbose_name=_("student"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)

    objects = NoticeLeftOutQuerySet.as_manager()

    class Meta:
        verbose_name = _("child left out of a bulk notice")
        verbose_name_plural = _("children left out of bulk notices")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "student"], name="noticeleftout_once"),
            models.CheckConstraint(
                name="noticeleftout_reason",
                condition=Q(reason__in=["no_phone", "not_told", "opted_out", "no_consent"]),
            ),
        ]

    def __str__(self):
        return f"{self.notice_id} {self.student}"
