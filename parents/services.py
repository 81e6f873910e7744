"""What people do with guardians."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from parents.models import Guardian


class PhoneTakenError(Exception):
    """Another guardian has this number; `other` is that guardian."""

    def __init__(self, other):
        super().__init__(_("Another guardian has this number already."))
        self.other = other


def change_phone(*, guardian, phone, by):
    """Give a guardian another number (E.164); the history keeps who did it. Raises PhoneTakenError."""
    try:
        with transaction.atomic():
            guardian = Guardian.objects.select_for_update().get(pk=guardian.pk)
            guardian.phone = phone
            guardian.save(update_fields=["phone"])
            changed = [{"changed": {"fields": [str(Guardian._meta.get_field("phone").verbose_name)]}}]
            LogEntry.objects.log_actions(by.pk, [guardian], CHANGE, change_message=changed, single_object=True)
    except IntegrityError:
        other = Guardian.objects.exclude(pk=guardian.pk).filter(phone=phone).first()
        if other is None:
            raise
        raise PhoneTakenError(other) from None
