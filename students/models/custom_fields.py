"""What a school wants to know of a child or an enquiry beside the fields that the software has."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from students.querysets import CustomFieldQuerySet


def _new_key():
    """Begins with a letter, so that no database takes it for the place in a list."""
    return f"f{secrets.token_hex(4)}"


class CustomField(models.Model):
    """自定义字段: its values stand under `key` in `custom_values` of a Student or an Enquiry.

    One that is no longer used is hidden everywhere; the values stay, and are there again when it is.
    """

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("custom field", "Text")
        NUMBER = "number", pgettext_lazy("custom field", "Number")
        DATE = "date", pgettext_lazy("custom field", "Date")
        CHOICE = "choice", pgettext_lazy("custom field", "Choice")
        YES_NO = "yes_no", pgettext_lazy("custom field", "Yes or no")

    key = models.CharField(max_length=20, unique=True, default=_new_key, editable=False)
    label = models.CharField(pgettext_lazy("custom field", "name"), max_length=30)
    kind = models.CharField(pgettext_lazy("custom field", "kind"), max_length=10, choices=Kind)
    is_for_student = models.BooleanField(_("of a child"), default=False)
    is_for_enquiry = models.BooleanField(_("of an enquiry"), default=False)
    help_text = models.CharField(_("help"), max_length=100, blank=True)
    is_required = models.BooleanField(_("must be filled in"), default=False)
    in_list = models.BooleanField(_("column of the lists"), default=False)
    is_filter = models.BooleanField(_("lists can be filtered by it"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["label"],
                condition=Q(is_active=True, is_for_student=True),
                name="customfield_label_of_students",
                violation_error_message=_("Children have a field of this name already."),
            ),
            models.UniqueConstraint(
                fields=["label"],
                condition=Q(is_active=True, is_for_enquiry=True),
                name="customfield_label_of_enquiries",
                violation_error_message=_("Enquiries have a field of this name already."),
            ),
            models.CheckConstraint(
                name="customfield_of_something",
                condition=Q(is_for_student=True) | Q(is_for_enquiry=True),
                violation_error_message=_("Say whether it is a field of children, of enquiries, or of both."),
            ),
            models.CheckConstraint(name="customfield_has_label", condition=~Q(label="")),
            models.CheckConstraint(
                name="customfield_known_kind", condition=Q(kind__in=["text", "number", "date", "choice", "yes_no"])
            ),
        ]

    def __str__(self):
        return self.label


class CustomChoice(models.Model):
    """One answer of a field of the kind "choice"; rows keep its id, so that it can be called something else."""

    field = models.ForeignKey(CustomField, models.PROTECT, related_name="choices", verbose_name=_("custom field"))
    label = models.CharField(pgettext_lazy("custom field", "choice"), max_length=50)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("choice of a custom field")
        verbose_name_plural = _("choices of custom fields")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["field", "label"], name="customchoice_label_once"),
            models.CheckConstraint(name="customchoice_has_label", condition=~Q(label="")),
        ]

    def __str__(self):
        return self.label
