"""The work on renewals, and the reminders that families get before it."""

from renewals.models.opportunities import RenewalNote, RenewalOpportunity
from renewals.models.reminders import BulkReminder, ReminderLine, ReminderPolicy, ReminderStep

__all__ = [
    "BulkReminder",
    "ReminderLine",
    "ReminderPolicy",
    "ReminderStep",
    "RenewalNote",
    "RenewalOpportunity",
]
