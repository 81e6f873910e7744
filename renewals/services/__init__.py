"""What people and the ledger do to renewals, keyword-only and named by a verb."""

from renewals.services.opening import open_due_opportunities
from renewals.services.reminding import plan_bulk_reminder, remind_families
from renewals.services.work import RenewalError, lose_opportunity, note_contact

__all__ = [
    "RenewalError",
    "lose_opportunity",
    "note_contact",
    "open_due_opportunities",
    "plan_bulk_reminder",
    "remind_families",
]
