"""Who looked at whose number."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from parents.models import Guardian
from students.models.enquiries import Enquiry
from students.querysets import PhoneRevealQuerySet


class PhoneReveal(models.Model):
    """A colleague had a masked number shown in full; never edited. The number itself does not stand here."""

    class Place(models.TextChoices):
        STUDENT = "student", pgettext_lazy("page", "Student")
        ENQUIRY = "enquiry", pgettext_lazy("page", "Enquiry")
        LIST = "list", pgettext_lazy("page", "List")

    guardian = models.ForeignKey(
        Guardian, models.PROTECT, null=True, blank=True, related_name="phone_reveals", verbose_name=_("guardian")
    )
    enquiry = models.ForeignKey(
        Enquiry, models.PROTECT, null=True, blank=True, related_name="phone_reveals", verbose_name=_("enquiry")
    )
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("branch"))
    place = models.CharField(pgettext_lazy("page", "page"), max_length=10, choices=Place)
    by = models.ForeignKey(User, models.PROTECT, related_name="phone_reveals", verbose_name=_("staff member"))
    at = models.DateTimeField(pgettext_lazy("phone", "shown at"))

    objects = PhoneRevealQuerySet.as_manager()

    class Meta:
        verbose_name = _("number shown")
        verbose_name_plural = _("numbers shown")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["by", "at"], name="phonereveal_by"),
            models.Index(fields=["branch", "at"], name="phonereveal_branch"),
        ]
        constraints = [
            models.CheckConstraint(
                name="phonereveal_of_one",
                condition=Q(guardian__isnull=False, enquiry__isnull=True)
                | Q(guardian__isnull=True, enquiry__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.by} {self.guardian or self.enquiry}"
