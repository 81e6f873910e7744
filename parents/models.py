"""The people who brought a child, pay, and are told."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Right
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.phones import parse_phone
from parents.querysets import GuardianQuerySet


def validate_e164(phone):
    if parse_phone(phone) != phone:
        raise ValidationError(
            _("Write the number with its country code: %(phone)s."), params={"phone": parse_phone(phone)}
        )


class Guardian(models.Model):
    """家长: one person, however many children. The phone (E.164) is what tells two of them apart."""

    name = models.CharField(pgettext_lazy("person", "name"), max_length=50, db_index=True)
    phone = models.CharField(_("phone"), max_length=16, null=True, blank=True, unique=True, validators=[validate_e164])
    other_phone = models.CharField(_("other phone"), max_length=16, blank=True)
    phone_tail = models.GeneratedField(
        expression=Right("phone", 4), output_field=models.CharField(max_length=4), db_persist=True, null=True
    )
    language = models.CharField(
        pgettext_lazy("guardian", "language of messages"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Empty: the school's."),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = GuardianQuerySet.as_manager()

    class Meta:
        verbose_name = _("guardian")
        verbose_name_plural = _("guardians")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["phone_tail"], name="guardian_phone_tail"),
            models.Index(fields=["other_phone"], name="guardian_other_phone", condition=~models.Q(other_phone="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="guardian_phone_e164",
                condition=models.Q(phone__isnull=True) | models.Q(phone__startswith="+"),
                violation_error_message=_("Write the number with its country code: +86…"),
            )
        ]

    def __str__(self):
        return self.name

    @property
    def message_language(self):
        return self.language or settings.LANGUAGE_CODE
