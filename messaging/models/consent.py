"""Who may be written to for what, and every yes and no on record. The rules stand in consent.py of the app."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from core.phones import masked
from messaging.models.outbox import TO_FAMILIES, Purpose
from messaging.querysets import ConsentEntryQuerySet, SuppressionQuerySet


class Suppression(models.Model):
    """A number that must not be written to, for one purpose; by one branch, or by all of them."""

    class Reason(models.TextChoices):
        OPTED_OUT = "opted_out", _("opted out with the provider")
        ASKED = "asked", _("asked us to stop")

    phone = models.CharField(_("phone"), max_length=16)  # E.164
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"),
        help_text=_("Empty: for all branches."),
    )  # fmt: skip
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppressed number")
        verbose_name_plural = _("suppressed numbers")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["phone", "purpose", "branch"], name="suppression_in_branch"),
            models.UniqueConstraint(
                fields=["phone", "purpose"], condition=Q(branch__isnull=True), name="suppression_everywhere"
            ),
            models.CheckConstraint(name="suppression_purpose", condition=Q(purpose__in=TO_FAMILIES)),
        ]

    def __str__(self):
        return f"{masked(self.phone)} {self.get_purpose_display()}"


class ConsentEntry(models.Model):
    """One yes or no to messages of a purpose: whose, how, in which words. Never changed (messaging.guards)."""

    class How(models.TextChoices):
        REPLY = "reply", pgettext_lazy("consent", "By text to us")
        PROVIDER = "provider", pgettext_lazy("consent", "By text to the SMS provider")
        STAFF = "staff", pgettext_lazy("consent", "At the desk or by phone")

    phone = models.CharField(_("phone"), max_length=16)  # E.164
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"),
        help_text=_("Empty: for all branches."),
    )  # fmt: skip
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    allows = models.BooleanField(pgettext_lazy("consent", "allowed"))
    how = models.CharField(pgettext_lazy("consent", "how"), max_length=10, choices=How)
    words = models.CharField(pgettext_lazy("consent", "words"), max_length=200, blank=True)
    at = models.DateTimeField(_("recorded at"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by"))

    objects = ConsentEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-pk"]  # the last word is the one that was written last
        indexes = [models.Index(fields=["phone", "purpose"], name="consent_of_phone")]
        constraints = [
            models.CheckConstraint(name="consententry_purpose", condition=Q(purpose__in=TO_FAMILIES)),
            models.CheckConstraint(
                name="consententry_by_whom", condition=Q(how="staff", by__isnull=False) | ~Q(how="staff")
            ),
        ]

    def __str__(self):
        return f"{masked(self.phone)} {self.get_purpose_display()}"
