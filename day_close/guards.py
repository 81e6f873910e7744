"""What the database keeps true of signed days, whoever writes."""

from core.triggers import Trigger

REFUSAL = "a signed day is never changed: it is taken back and signed anew"
FROZEN = (
    "branch_id",
    "day",
    "figures",
    "opening_cash_minor",
    "expected_cash_minor",
    "counted_cash_minor",
    "difference_minor",
    "open_items",
    "note",
    "signed_by_id",
    "signed_at",
)

TRIGGERS = [
    Trigger(
        "dayclose_frozen",
        "BEFORE UPDATE ON day_close_dayclose",
        condition=" OR ".join(["OLD.withdrawn_at IS NOT NULL", *(f"NEW.{name} <> OLD.{name}" for name in FROZEN)]),
        refuse=REFUSAL,
    ),
    Trigger("dayclose_kept", "BEFORE DELETE ON day_close_dayclose", refuse=REFUSAL),
]
