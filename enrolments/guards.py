"""What the database keeps true of credits and money, whoever writes.

Entries and payments are append-only. What is left of a lot, an account's balance and what an order has received are
sums of them, kept by triggers as the rows come; the constraints of CreditLot and Order then refuse what is used or
paid twice. Nothing is booked into a month that is closed.
"""

from core.triggers import Trigger, append_only
from enrolments.document_guards import DOCUMENT_TRIGGERS
from enrolments.reconciliation_guards import RECONCILIATION_TRIGGERS

ENTRY_REFUSAL = "a credit entry is never changed: a later entry corrects it"
PAYMENT_REFUSAL = "a payment is never changed: a second row takes it back"
WALLET_REFUSAL = "a wallet entry is never changed: a later entry corrects it"
PASSED_RULE_REFUSAL = "a rule let pass is never changed: it says who answers for it"
CLOSED_MONTH = "the books of this month are closed"  # in the message of both databases' errors


def _sums():
    """One UPDATE for a lot and one for its account; on PostgreSQL for all rows of a statement."""
    return [
        Trigger(
            "creditentry_sums",
            "AFTER INSERT ON enrolments_creditentry",
            body=(
                "UPDATE enrolments_enrolment SET balance = balance + NEW.credits WHERE id = NEW.enrolment_id; "
                "UPDATE enrolments_creditlot SET "
                "paid_left = paid_left + CASE WHEN NEW.is_gift THEN 0 ELSE NEW.credits END, "
                "gift_left = gift_left + CASE WHEN NEW.is_gift THEN NEW.credits ELSE 0 END, "
                "recognised_minor = recognised_minor + NEW.revenue_minor, "
                "released_minor = released_minor + NEW.released_minor WHERE id = NEW.lot_id; "
            ),
            for_all=(
                "UPDATE enrolments_enrolment e SET balance = e.balance + s.credits "
                "FROM (SELECT enrolment_id, SUM(credits) AS credits FROM new_rows GROUP BY 1) s "
                "WHERE e.id = s.enrolment_id; "
                "UPDATE enrolments_creditlot l SET paid_left = l.paid_left + s.paid, gift_left = l.gift_left + s.gift, "
                "recognised_minor = l.recognised_minor + s.revenue, released_minor = l.released_minor + s.released "
                "FROM (SELECT lot_id, COALESCE(SUM(credits) FILTER (WHERE NOT is_gift), 0) AS paid, "
                "COALESCE(SUM(credits) FILTER (WHERE is_gift), 0) AS gift, "
                "SUM(revenue_minor) AS revenue, SUM(released_minor) AS released FROM new_rows GROUP BY 1) s "
                "WHERE l.id = s.lot_id; "
            ),
        ),
        Trigger(
            "payment_sums",
            "AFTER INSERT ON enrolments_payment",
            body="UPDATE enrolments_order SET paid_minor = paid_minor + NEW.amount_minor WHERE id = NEW.order_id; ",
            for_all=(
                "UPDATE enrolments_order o SET paid_minor = o.paid_minor + s.amount "
                "FROM (SELECT order_id, SUM(amount_minor) AS amount FROM new_rows GROUP BY 1) s "
                "WHERE o.id = s.order_id; "
            ),
        ),
    ]


_BRANCH_OF = {
    "creditentry": "SELECT e.branch_id FROM enrolments_enrolment e WHERE e.id = {row}.enrolment_id",
    "payment": "SELECT o.branch_id FROM enrolments_order o WHERE o.id = {row}.order_id",
    "walletentry": "SELECT {row}.branch_id",
}


def _open_month(name):
    """On PostgreSQL the branch's books are shared first: who closes the month waits for us, or we for him."""
    new, rows = (_BRANCH_OF[name].format(row=row) for row in ("NEW", "n"))
    return Trigger(
        f"{name}_open_month",
        f"AFTER INSERT ON enrolments_{name}",
        body=(
            f"SELECT RAISE(ABORT, '{CLOSED_MONTH}') FROM enrolments_books b "
            f"WHERE b.branch_id = ({new}) AND b.closed_until >= NEW.booked_date; "
        ),
        for_all=(
            "PERFORM 1 "
            f"FROM enrolments_books b WHERE b.branch_id IN (SELECT ({rows}) FROM new_rows n) "
            "ORDER BY b.branch_id FOR SHARE; "
            f"IF EXISTS (SELECT 1 FROM new_rows n JOIN enrolments_books b ON b.branch_id = ({rows}) "
            f"WHERE b.closed_until >= n.booked_date) THEN RAISE EXCEPTION '{CLOSED_MONTH}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        ),
    )


TRIGGERS = [
    *append_only("enrolments_creditentry", ENTRY_REFUSAL),
    *append_only("enrolments_payment", PAYMENT_REFUSAL),
    *append_only("enrolments_passedrule", PASSED_RULE_REFUSAL),
    *append_only("enrolments_walletentry", WALLET_REFUSAL),
    *_sums(),
    *[_open_month(name) for name in _BRANCH_OF],
    *DOCUMENT_TRIGGERS,
    *RECONCILIATION_TRIGGERS,
    Trigger(  # every branch has books
        "branch_has_books",
        "AFTER INSERT ON branches_branch",
        body="INSERT INTO enrolments_books (branch_id) VALUES (NEW.id); ",
    ),
]
