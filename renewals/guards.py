"""What the database keeps true of the work on renewals, whoever writes."""

from core.triggers import append_only

NOTE_REFUSAL = "a renewal note is never changed: a later one says what is true now"
TRIGGERS = append_only("renewals_renewalnote", NOTE_REFUSAL)
