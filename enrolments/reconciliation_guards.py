"""What the database keeps true of statements: lines are facts, and a match joins equal money of one branch."""

from core.triggers import Trigger, append_only

LINE_REFUSAL = "a line of a statement is a fact: it is never changed"
IMPORT_REFUSAL = "an imported statement is never changed"
MATCH_REFUSAL = "a match is never changed: undo it and match anew"
UNEQUAL = "a line is matched with equal money of its own branch only"

FROZEN = (
    *("line_id", "payment_id", "payout_id", "wallet_entry_id"),
    *("rule", "reason", "matched_at", "matched_by_id"),
)

# Every row whose money or branch is not its line's; {rows} is what was just written, under the name m.
_UNEQUAL_ROWS = (
    "{rows} JOIN enrolments_statementline l ON l.id = m.line_id "
    "JOIN enrolments_paymentaccount a ON a.id = l.account_id "
    "LEFT JOIN enrolments_payment p ON p.id = m.payment_id LEFT JOIN enrolments_order po ON po.id = p.order_id "
    "LEFT JOIN enrolments_payout o ON o.id = m.payout_id LEFT JOIN enrolments_refund r ON r.id = o.refund_id "
    "LEFT JOIN enrolments_enrolment e ON e.id = r.enrolment_id "
    "LEFT JOIN enrolments_walletentry w ON w.id = m.wallet_entry_id "
    "WHERE {only} m.rule <> 'aside' AND ("
    "l.amount_minor <> COALESCE(p.amount_minor, -o.amount_minor, w.amount_minor) "
    "OR a.branch_id <> COALESCE(po.branch_id, e.branch_id, w.branch_id))"
)

RECONCILIATION_TRIGGERS = [
    *append_only("enrolments_statementline", LINE_REFUSAL),
    *append_only("enrolments_statementimport", IMPORT_REFUSAL),
    Trigger(
        "statementmatch_frozen",
        f"BEFORE UPDATE OF {', '.join(FROZEN)} ON enrolments_statementmatch",
        refuse=MATCH_REFUSAL,
    ),
    Trigger(
        "statementmatch_stays_undone",
        "BEFORE UPDATE OF undone_at, undone_by_id ON enrolments_statementmatch",
        condition="OLD.undone_at IS NOT NULL",
        refuse=MATCH_REFUSAL,
    ),
    Trigger("statementmatch_no_delete", "BEFORE DELETE ON enrolments_statementmatch", refuse=MATCH_REFUSAL),
    Trigger(
        "statementmatch_equal",
        "AFTER INSERT ON enrolments_statementmatch",
        body=f"SELECT RAISE(ABORT, '{UNEQUAL}') FROM "
        + _UNEQUAL_ROWS.format(rows="enrolments_statementmatch m", only="m.id = NEW.id AND")
        + "; ",
        for_all="IF EXISTS (SELECT 1 FROM "
        + _UNEQUAL_ROWS.format(rows="new_rows m", only="")
        + f") THEN RAISE EXCEPTION '{UNEQUAL}' USING ERRCODE = 'integrity_constraint_violation'; END IF; ",
    ),
]
