"""Calendar feeds (iCalendar) behind a secret address that can be revoked."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User


class CalendarFeed(models.Model):
    """What a calendar program may read without signing in. Only the hash of the secret is kept."""

    class Kind(models.TextChoices):
        TEACHER = "teacher", _("teacher")
        ROOM = "room", _("room")
        CLASS = "class", pgettext_lazy("calendar feed", "class")
        STUDENT = "student", _("student")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    resource_id = models.BigIntegerField()
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="calendar_feeds", verbose_name=_("created by"))
    created_at = models.DateTimeField(_("created at"))
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["kind", "resource_id"], name="calendarfeed_resource")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.resource_id}"
