"""What the database keeps of pay by triggers: rates do not overlap, and what was approved never changes."""

from core.triggers import Trigger, append_only

OVERLAP = "payrate_no_overlap"  # on PostgreSQL an exclusion constraint of this name (migration 0002)
FROZEN_LINE = "a line of a pay slip is never changed: a later month adjusts it"
FROZEN_SLIP = "an approved pay slip is never changed: a later month adjusts it"

_overlaps = (
    "EXISTS (SELECT 1 FROM payroll_payrate r WHERE r.teacher_id = NEW.teacher_id AND r.branch_id = NEW.branch_id "
    "AND COALESCE(r.course_id, 0) = COALESCE(NEW.course_id, 0) AND r.id IS NOT NEW.id "
    "AND r.valid_from <= COALESCE(NEW.valid_until, '9999-12-31') "
    "AND COALESCE(r.valid_until, '9999-12-31') >= NEW.valid_from)"
)
_slip_approved = "EXISTS (SELECT 1 FROM payroll_payslip s WHERE s.id = NEW.slip_id AND s.status = 'approved')"
_refuse_if_approved = f"""
    IF {_slip_approved} THEN
        RAISE EXCEPTION '{FROZEN_SLIP}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
"""


def _no_overlap(name, when):
    return Trigger(name, f"{when} ON payroll_payrate", refuse=OVERLAP, condition=_overlaps, vendors=("sqlite",))


TRIGGERS = [
    _no_overlap("payrate_insert_overlap", "BEFORE INSERT"),
    _no_overlap("payrate_update_overlap", "BEFORE UPDATE"),
    *append_only("payroll_payslipline", FROZEN_LINE),
    Trigger(
        "payslipline_late",
        "BEFORE INSERT ON payroll_payslipline",
        refuse=FROZEN_SLIP,
        condition=_slip_approved,
        vendors=("sqlite",),
    ),
    Trigger(
        "payslipline_too_late",
        "BEFORE INSERT ON payroll_payslipline",
        _refuse_if_approved,  # a condition on another table is no WHEN here
        vendors=("postgresql",),
    ),
    Trigger(
        "payslip_no_update",
        "BEFORE UPDATE ON payroll_payslip",
        refuse=FROZEN_SLIP,
        condition="OLD.status = 'approved'",
    ),
    Trigger(
        "payslip_no_delete",
        "BEFORE DELETE ON payroll_payslip",
        refuse=FROZEN_SLIP,
        condition="OLD.status = 'approved'",
    ),
]
