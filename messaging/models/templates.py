"""The school's own words in place of the built-in ones, version by version. The rules stand in template_versions.py."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from messaging.querysets import MessageTemplateQuerySet

LONGEST = 1000  # characters


def _once(fields, name, condition=None):
    """Unique at a branch, and unique among what is for all branches: an empty branch equals no other in SQL."""
    condition = condition or Q()
    return [
        models.UniqueConstraint(
            fields=[*fields, "branch"], condition=condition & Q(branch__isnull=False), name=f"messagetemplate_{name}"
        ),
        models.UniqueConstraint(
            fields=fields, condition=condition & Q(branch__isnull=True), name=f"messagetemplate_{name}_all"
        ),
    ]


class MessageTemplate(models.Model):
    """One version of the words of a sentence, for one branch or for all. What was written is never changed.

    It is in use from the moment it is saved, or, where the provider sees each text first, once that has approved it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("message template", "To be submitted")
        WAITING = "waiting", pgettext_lazy("message template", "Waiting for the provider")
        APPROVED = "approved", pgettext_lazy("message template", "In use")
        REFUSED = "refused", pgettext_lazy("message template", "Refused")
        RETIRED = "retired", pgettext_lazy("message template", "No longer in use")

    key = models.CharField(
        pgettext_lazy("message template", "sentence"), max_length=60
    )  # of messaging.wording: class_reminder.room
    language = models.CharField(
        pgettext_lazy("message template", "language"), max_length=10, choices=settings.LANGUAGES
    )
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"),
        help_text=_("Empty: for all branches."),
    )  # fmt: skip
    version = models.PositiveIntegerField(_("version"))
    text = models.CharField(_("text"), max_length=LONGEST)  # variables under their code: {child}
    state = models.CharField(pgettext_lazy("message template", "state"), max_length=10, choices=State)
    provider = models.CharField(
        pgettext_lazy("message template", "provider"), max_length=20, blank=True
    )  # the channel whose provider approves it
    provider_code = models.CharField(_("code of the provider"), max_length=64, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)  # why the provider refused
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("written by"))
    written_at = models.DateTimeField(_("written at"))
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    objects = MessageTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["key", "language", "-version"]
        constraints = [
            *_once(["key", "language", "version"], "version"),
            *_once(["key", "language"], "in_use", Q(state="approved")),
            *_once(["key", "language"], "open", Q(state__in=["draft", "waiting"])),
            models.CheckConstraint(
                name="messagetemplate_state",
                condition=Q(state__in=["draft", "waiting", "approved", "refused", "retired"]),
            ),
            models.CheckConstraint(name="messagetemplate_text_there", condition=~Q(text="")),
            models.CheckConstraint(
                name="messagetemplate_approved_by_code",
                condition=~Q(state="approved") | Q(provider="") | ~Q(provider_code=""),
            ),
            models.CheckConstraint(name="messagetemplate_refused_why", condition=~Q(state="refused") | ~Q(note="")),
        ]

    def __str__(self):
        return f"{self.get_language_display()} {self.version}"

    @property
    def is_open(self):
        """Not in use yet: it is with the provider, or still to be handed in there."""
        return self.state in (self.State.DRAFT, self.State.WAITING)
