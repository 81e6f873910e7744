"""What people write to us, and what is written back. The rules stand in inbound.py of the app."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from core.phones import masked
from messaging.models.outbox import OutboundMessage
from messaging.querysets import InboundMessageQuerySet


class InboundMessage(models.Model):
    """A text that somebody sent us: an answer to a reminder, a question, or the wish for no more of them.

    Its branch, and whom it is from and about, are those of what we last said to the number; else of the guardian who
    has it. Without a branch nobody is known by this number.
    """

    class Meaning(models.TextChoices):
        TEXT = "text", pgettext_lazy("text that came in", "Text")
        STOP = "stop", pgettext_lazy("text that came in", "Wants no more messages")
        START = "start", pgettext_lazy("text that came in", "Wants messages again")

    provider_sid = models.CharField(max_length=64, unique=True, editable=False)
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="inbound_messages", verbose_name=_("branch")
    )
    in_reply_to = models.ForeignKey(
        OutboundMessage, models.PROTECT, null=True, blank=True, related_name="replies", verbose_name=_("message")
    )  # the last one to the number, for all we can know
    author = models.CharField(max_length=100, blank=True, help_text=_("Whom it is from: guardian:93."))
    about = models.CharField(max_length=100, blank=True, help_text=_("On whose page it is listed: student:17."))
    from_phone = models.CharField(_("phone"), max_length=16)  # E.164
    body = models.TextField(_("text"))
    meaning = models.CharField(pgettext_lazy("text that came in", "meaning"), max_length=10, choices=Meaning)
    received_at = models.DateTimeField(_("received at"))
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    handled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )  # nobody: the software obeyed

    objects = InboundMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ["-received_at", "-pk"]
        indexes = [
            models.Index(fields=["branch", "-received_at"], name="inbound_branch"),
            models.Index(fields=["about", "-received_at"], name="inbound_about"),
            models.Index(fields=["branch"], name="inbound_open", condition=Q(handled_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(name="inbound_meaning", condition=Q(meaning__in=["text", "stop", "start"])),
            models.CheckConstraint(
                name="inbound_handled_when", condition=Q(handled_by__isnull=True) | Q(handled_at__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{masked(self.from_phone)} {self.get_meaning_display()}"

    @property
    def masked_phone(self):
        return masked(self.from_phone)

    @property
    def time_zone(self):
        return self.branch.time_zone if self.branch else settings.TIME_ZONE


class Answer(models.Model):
    """What a person wrote back to a text that came in. It goes out through the outbox (kind "answer")."""

    inbound = models.ForeignKey(InboundMessage, models.PROTECT, related_name="answers", verbose_name=_("reply"))
    text = models.CharField(_("text"), max_length=300)
    token = models.CharField(max_length=64, unique=True, editable=False)  # a double click answers once
    written_at = models.DateTimeField(_("written at"))
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("written by"))

    class Meta:
        verbose_name = pgettext_lazy("message", "answer")
        verbose_name_plural = pgettext_lazy("message", "answers")
        ordering = ["pk"]

    def __str__(self):
        return f"{self.inbound} {self.pk}"
