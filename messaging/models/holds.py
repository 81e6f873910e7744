"""Why nothing, or not everything, is sent just now; and what the clock of each machine showed last."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from messaging.querysets import HoldQuerySet


class Hold(models.Model):
    """Sending is held up: messaging/holds.py says what that means for each reason. It stays on record."""

    class Reason(models.TextChoices):
        RESTORE = "restore", _("a backup was put back")
        CLOCK = "clock", _("the clock jumped")

    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    host = models.CharField(max_length=100, blank=True)  # whose clock; a restore is of all
    began_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    jump_seconds = models.IntegerField(default=0)  # of the clock, forward or back

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold-up of sending")
        verbose_name_plural = _("hold-ups of sending")
        ordering = ["-began_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["reason", "host"], condition=Q(ended_at=None), name="hold_open_once"),
            models.CheckConstraint(
                name="hold_of_clock_names_host",
                condition=(Q(reason="clock") & ~Q(host="") & ~Q(jump_seconds=0))
                | Q(reason="restore", host="", jump_seconds=0),
            ),
        ]

    def __str__(self):
        return f"{self.get_reason_display()} {self.began_at:%Y-%m-%d %H:%M}"


class ClockReading(models.Model):
    """What a machine's wall clock showed when its boot clock, which nobody sets, showed so many seconds."""

    host = models.CharField(max_length=100, unique=True)
    boot = models.CharField(max_length=40)  # which start of the machine
    boot_seconds = models.FloatField()
    wall_at = models.DateTimeField()

    class Meta:
        verbose_name = _("clock of a machine")
        verbose_name_plural = _("clocks of the machines")
        ordering = ["host"]

    def __str__(self):
        return f"{self.host} {self.wall_at:%Y-%m-%d %H:%M:%S}"
