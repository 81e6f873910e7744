"""What the database keeps true of messages, whoever writes."""

from core.triggers import append_only

CONSENT_REFUSAL = "a record of consent is never changed: a later one says what holds now"
TRIGGERS = append_only("messaging_consententry", CONSENT_REFUSAL)
