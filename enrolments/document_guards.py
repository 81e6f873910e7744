"""What the database keeps true of papers: what was issued stays as it was, and void stays void."""

from core.triggers import Trigger

DOCUMENT_REFUSAL = "an issued document is never changed: make it void and issue another"
VOID_REFUSAL = "a void document stays void: issue another"
FROZEN = (
    *("branch_id", "kind", "year", "number", "order_id", "payment_id", "student_id", "amount_minor", "data"),
    *("verify_code", "issued_at", "issued_by_id", "replaces_id"),
)
DOCUMENT_TRIGGERS = [
    Trigger(
        "document_frozen",
        f"BEFORE UPDATE OF {', '.join(FROZEN)} ON enrolments_document",
        refuse=DOCUMENT_REFUSAL,
    ),
    Trigger(
        "document_stays_void",
        "BEFORE UPDATE OF voided_at, voided_by_id, void_reason ON enrolments_document",
        condition="OLD.voided_at IS NOT NULL",
        refuse=VOID_REFUSAL,
    ),
    Trigger("document_no_delete", "BEFORE DELETE ON enrolments_document", refuse=DOCUMENT_REFUSAL),
]
