"""The ledger is append-only, and the database says so."""

from core.triggers import Trigger

REFUSAL = "a credit entry is never changed: a later entry corrects it"

TRIGGERS = [
    Trigger("creditentry_no_update", "BEFORE UPDATE ON enrolments_creditentry", refuse=REFUSAL),
    Trigger("creditentry_no_delete", "BEFORE DELETE ON enrolments_creditentry", refuse=REFUSAL),
]
