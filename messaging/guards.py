"""What the database keeps true of messages, whoever writes."""

from core.triggers import Trigger, append_only

CONSENT_REFUSAL = "a record of consent is never changed: a later one says what holds now"
TEMPLATE_REFUSAL = "what a message template says is never changed: another version says it anew"
_WRITTEN = ["key", "language", "version", "text", "written_by_id", "written_at"]
_ANOTHER_TEXT = " OR ".join(
    [*(f"NEW.{name} <> OLD.{name}" for name in _WRITTEN), "COALESCE(NEW.branch_id, 0) <> COALESCE(OLD.branch_id, 0)"]
)
_BACK_AGAIN = "OLD.state IN ('refused', 'retired') AND NEW.state <> OLD.state"
TRIGGERS = [
    *append_only("messaging_consententry", CONSENT_REFUSAL),
    Trigger(
        "messagetemplate_no_rewriting",
        "BEFORE UPDATE ON messaging_messagetemplate",
        condition=f"{_ANOTHER_TEXT} OR {_BACK_AGAIN}",
        refuse=TEMPLATE_REFUSAL,
    ),
    Trigger("messagetemplate_no_delete", "BEFORE DELETE ON messaging_messagetemplate", refuse=TEMPLATE_REFUSAL),
]
