"""What people and the ledger do to renewals, keyword-only and named by a verb."""

from renewals.services.opening import open_due_opportunities
from renewals.services.work import RenewalError, lose_opportunity, note_contact

__all__ = ["RenewalError", "lose_opportunity", "note_contact", "open_due_opportunities"]
