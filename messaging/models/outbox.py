"""The outbox: what is to be said to whom, and every attempt to say it. The rules stand in services.py."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from branches.models import Branch, User
from core.phones import masked
from messaging.querysets import OutboundMessageQuerySet


class Purpose(models.TextChoices):
    """What a message is for; consent and quiet hours depend on it."""

    SERVICE = "service", _("service")
    MARKETING = "marketing", _("marketing")
    CODE = "code", _("sign-in code")
    STAFF = "staff", _("notice to staff")


# What a family can say no to.
TO_FAMILIES = [Purpose.SERVICE, Purpose.MARKETING, Purpose.CODE]


class Status(models.TextChoices):
    QUEUED = "queued", _("waiting")
    CLAIMED = "claimed", _("being prepared")
    SENDING = "sending", _("being sent")
    ACCEPTED = "accepted", _("accepted by the provider")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    UNDELIVERED = "undelivered", _("not delivered")
    FAILED = "failed", _("failed")
    REJECTED = "rejected", _("rejected by the provider")
    UNKNOWN = "unknown", _("outcome unknown")
    NEEDS_REVIEW = "needs_review", _("to be looked at")
    SUPPRESSED = "suppressed", _("held back")
    EXPIRED = "expired", _("too late")
    CANCELLED = "cancelled", _("no longer needed")


# The channels that people carry (channels/by_hand.py): what is accepted there lies on the desk's list.
BY_HAND = ["call", "slip"]
# A worker holds the message, until its lease runs out.
HELD = [Status.CLAIMED, Status.SENDING]
# The provider has it, and told us its id.
WITH_PROVIDER = [Status.ACCEPTED, Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED]
# The recipient did not get it, or we cannot tell, and the software will do no more about it.
FOR_STAFF = [Status.UNDELIVERED, Status.FAILED, Status.REJECTED, Status.NEEDS_REVIEW]


def new_attempt_id():
    """Unguessable: it stands in the address to which the provider reports (256 bits)."""
    return secrets.token_urlsafe(32)


class OutboundMessage(models.Model):
    """One message to one person on one occasion, written in the transaction that causes it.

    Its words are found when it is sent, by the renderer of its kind, so that they are true at that moment.
    """

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="outbound_messages", verbose_name=_("branch"))
    dedupe_key = models.CharField(max_length=300, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=50, help_text=_("For example: class_reminder."))
    subject = models.CharField(max_length=100, help_text=_("What it speaks of: lesson=812."))
    occurrence = models.CharField(
        max_length=100, help_text=_("Which of several occasions: 24h. Never a time of day: clocks change.")
    )
    recipient = models.CharField(max_length=100, help_text=_("Whom it is for: guardian:93."))
    about = models.CharField(max_length=100, help_text=_("On whose page it is listed: student:17."))
    channel = models.CharField(
        _("channel"), max_length=20, blank=True, help_text=_("Which one carries it; empty until one was chosen.")
    )
    due_at = models.DateTimeField(_("due at"))
    useful_until = models.DateTimeField(_("useful until"), help_text=_("Afterwards it is not sent any more."))

    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.QUEUED)
    status_at = models.DateTimeField(_("since"), default=timezone.now)
    reason = models.CharField(_("reason"), max_length=100, blank=True, help_text=_("Why it was not sent."))
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    not_before = models.DateTimeField(help_text=_("due_at, or later: after a failure, or quiet hours."))
    token = models.CharField(max_length=32, blank=True, editable=False)  # of the worker that holds it
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)

    to_phone = models.CharField(_("phone"), max_length=16, blank=True)  # E.164; of the latest attempt
    body = models.TextField(_("text"), blank=True)
    provider_sid = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    handled_at = models.DateTimeField(
        _("handled at"), null=True, blank=True, help_text=_("When staff dealt with a message that failed.")
    )

    objects = OutboundMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["about", "-due_at"], name="outbox_about"),
            models.Index(fields=["branch", "-due_at"], name="outbox_branch"),
            models.Index(fields=["status", "not_before"], name="outbox_status"),
            models.Index(fields=["to_phone", "-status_at"], name="outbox_phone", condition=~Q(to_phone="")),
            models.Index(fields=["lease_until"], name="outbox_leases", condition=Q(lease_until__isnull=False)),
            models.Index(
                fields=["branch", "useful_until"],
                name="outbox_by_hand",
                condition=Q(status=Status.ACCEPTED, channel__in=BY_HAND),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="outbox_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(name="outbox_useful_when_due", condition=Q(useful_until__gt=F("due_at"))),
            models.CheckConstraint(name="outbox_not_before_due", condition=Q(not_before__gte=F("due_at"))),
            models.CheckConstraint(
                name="outbox_lease_while_held",
                condition=(Q(status__in=HELD, lease_until__isnull=False) & ~Q(token=""))
                | (~Q(status__in=HELD) & Q(token="", lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="outbox_sid_once_accepted",
                condition=~Q(status__in=WITH_PROVIDER) | ~Q(provider_sid=""),
            ),
            models.CheckConstraint(
                name="outbox_text_once_sending",
                condition=~Q(status__in=[Status.SENDING, Status.UNKNOWN, *WITH_PROVIDER])
                | (Q(attempt_count__gt=0) & ~Q(body="") & ~Q(channel="")),
            ),
            models.CheckConstraint(
                name="outbox_phone_for_sms",
                condition=~Q(status__in=[Status.SENDING, Status.UNKNOWN, *WITH_PROVIDER])
                | ~Q(channel__startswith="sms")
                | ~Q(to_phone=""),
            ),
        ]

    def __str__(self):
        return f"{self.kind_text} {self.get_status_display()}"

    @property
    def masked_phone(self):
        return masked(self.to_phone)

    @property
    def kind_text(self):
        from messaging.words import kind_name  # here: it imports this module

        return kind_name(self.kind)

    @property
    def happened_at(self):
        """Where it stands in a history: waiting messages at the time they are due, others at the latest news."""
        return self.due_at if self.status in [Status.QUEUED, *HELD] else self.status_at

    def move_to(self, status, *, now, **fields):
        """Write a new state, under the row's lock. Whoever held the message holds it no longer."""
        fields = {"status": status, "status_at": now, "token": "", "lease_until": None, "reason": "", **fields}
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=fields)


class AlsoAbout(models.Model):
    """Another child that a message speaks of, beside the one in `about`: it is listed on that page too."""

    message = models.ForeignKey(OutboundMessage, models.CASCADE, related_name="also_about")
    about = models.CharField(max_length=100)  # student:18

    class Meta:
        verbose_name = _("child in a message")
        verbose_name_plural = _("children in messages")
        constraints = [models.UniqueConstraint(fields=["about", "message"], name="alsoabout_once")]

    def __str__(self):
        return f"{self.message_id} {self.about}"


class MessageAttempt(models.Model):
    """One attempt to hand a message to the provider, committed before the request goes out.

    Never deleted; written again only to add what became of it.
    """

    class Outcome(models.TextChoices):
        PENDING = "pending", _("under way")
        ACCEPTED = "accepted", _("accepted")
        NOT_SENT = "not_sent", _("not sent")
        THROTTLED = "throttled", _("too many at once")
        MISCONFIGURED = "misconfigured", _("our account refused")
        OPTED_OUT = "opted_out", _("recipient opted out")
        REJECTED = "rejected", _("rejected")
        UNKNOWN = "unknown", _("unknown")

    class ResolvedBy(models.TextChoices):
        RESPONSE = "response", _("the provider's answer")
        CALLBACK = "callback", _("the provider's report")
        RECONCILE = "reconcile", _("the provider's list")
        STAFF = "staff", _("a person")

    id = models.CharField(primary_key=True, max_length=43, default=new_attempt_id, editable=False)
    message = models.ForeignKey(OutboundMessage, models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    worker = models.CharField(max_length=100)  # host:pid
    started_at = models.DateTimeField()
    channel = models.CharField(max_length=20)
    sender = models.CharField(max_length=64)  # a number, a Messaging Service, a signature, a robot
    to_phone = models.CharField(max_length=16, blank=True)
    body = models.TextField()
    template = models.CharField(max_length=64, blank=True)  # the provider's code of the approved words
    parameters = models.JSONField(default=dict, blank=True)  # of that template
    parts = models.PositiveSmallIntegerField(default=0)  # that are paid for; 0: this channel costs nothing
    part_price_fen = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.PENDING)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    provider_sid = models.CharField(max_length=64, blank=True)
    provider_status = models.CharField(max_length=20, blank=True)  # the furthest one reported
    resolved_by = models.CharField(max_length=20, choices=ResolvedBy, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["message", "number"]
        indexes = [models.Index(fields=["started_at"], name="messageattempt_started")]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="messageattempt_number"),
            models.UniqueConstraint(
                fields=["provider_sid"], condition=~Q(provider_sid=""), name="messageattempt_provider_sid"
            ),
            models.CheckConstraint(
                name="messageattempt_accepted_has_sid",
                condition=Q(outcome="accepted") & ~Q(provider_sid="") | ~Q(outcome="accepted") & Q(provider_sid=""),
            ),
        ]

    def __str__(self):
        return f"{self.message_id} #{self.number} {self.outcome}"


class MessageEvent(models.Model):
    """A report of the provider, as it came in, or what a person said. Reports come unordered and more than once."""

    attempt = models.ForeignKey(MessageAttempt, models.PROTECT, related_name="events")
    status = models.CharField(max_length=30)
    error_code = models.CharField(max_length=20, blank=True)
    provider_sid = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by"))

    class Meta:
        verbose_name = _("delivery report")
        verbose_name_plural = _("delivery reports")
        ordering = ["received_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "status", "error_code"], name="messageevent_once"),
        ]

    def __str__(self):
        return f"{self.status} {self.error_code}".strip()
