"""Which channel carries what at a branch, and how the senders behind the channels are doing."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch
from branches.querysets import BranchScopedQuerySet
from messaging.models.outbox import Purpose
from messaging.querysets import SenderStateQuerySet


class ChannelRoute(models.Model):
    """One step of the order in which a branch tries to reach people: the next one when this one cannot.

    A branch without steps for a purpose follows messaging.routing.DEFAULT.
    """

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="channel_routes", verbose_name=_("branch"))
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    position = models.PositiveSmallIntegerField(_("position"))
    channel = models.CharField(_("channel"), max_length=20)
    sender = models.CharField(
        _("sender"),
        max_length=64,
        blank=True,
        help_text=_("The branch's own number or Messaging Service. Empty: the school's."),
    )

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel of a branch")
        verbose_name_plural = _("channels of the branches")
        ordering = ["branch", "purpose", "position"]
        constraints = [
            models.UniqueConstraint(fields=["branch", "purpose", "position"], name="channelroute_position"),
            models.UniqueConstraint(fields=["branch", "purpose", "channel"], name="channelroute_channel_once"),
            models.CheckConstraint(name="channelroute_purpose", condition=Q(purpose__in=Purpose.values)),
        ]

    def __str__(self):
        return f"{self.branch} {self.get_purpose_display()} {self.position} {self.channel}"


class SenderState(models.Model):
    """What all workers share about one sender: when its next part may go out, and whether it is being left alone."""

    channel = models.CharField(_("channel"), max_length=20)
    sender = models.CharField(_("sender"), max_length=64)
    free_at = models.DateTimeField(null=True, blank=True)  # the pace: nothing goes out before
    failures = models.PositiveIntegerField(default=0)  # in a row
    open_until = models.DateTimeField(null=True, blank=True)  # left alone; afterwards one attempt tries whether it goes
    error_code = models.CharField(max_length=20, blank=True)  # of the latest failure
    failed_at = models.DateTimeField(null=True, blank=True)

    objects = SenderStateQuerySet.as_manager()

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        ordering = ["channel", "sender"]
        constraints = [models.UniqueConstraint(fields=["channel", "sender"], name="senderstate_once")]

    def __str__(self):
        return f"{self.channel} {self.failures}"
