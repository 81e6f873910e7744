"""What the database keeps true of the work on renewals, whoever writes."""

from core.triggers import Trigger

NOTE_REFUSAL = "a renewal note is never changed: a later one says what is true now"
TRIGGERS = [
    Trigger("renewalnote_no_update", "BEFORE UPDATE ON renewals_renewalnote", refuse=NOTE_REFUSAL),
    Trigger("renewalnote_no_delete", "BEFORE DELETE ON renewals_renewalnote", refuse=NOTE_REFUSAL),
]
