"""What the database keeps true of the sales side, whoever writes."""

from core.triggers import Trigger, append_only

MERGED = (
    "EXISTS (SELECT 1 FROM students_enquiry k WHERE k.id = NEW.merged_into_id AND k.merged_into_id IS NOT NULL) "
    "OR EXISTS (SELECT 1 FROM students_enquiry m WHERE m.merged_into_id = NEW.id)"
)
IN_ONE_STEP = "an enquiry is merged into one that stands by itself, and takes those merged into it along"

TRIGGERS = [
    Trigger(
        "enquiry_merges_in_one_step_sqlite",
        "BEFORE UPDATE OF merged_into_id ON students_enquiry",
        condition=f"NEW.merged_into_id IS NOT NULL AND ({MERGED})",
        refuse=IN_ONE_STEP,
        vendors=("sqlite",),
    ),
    Trigger(  # a condition of PostgreSQL looks at no other row
        "enquiry_merges_in_one_step",
        "BEFORE UPDATE OF merged_into_id ON students_enquiry",
        condition="NEW.merged_into_id IS NOT NULL",
        body=f"IF {MERGED} THEN RAISE EXCEPTION '{IN_ONE_STEP}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF;",
        vendors=("postgresql",),
    ),
    *append_only("sales_consenttext", "families agreed to this wording: write another version"),
    Trigger(
        "enquirysubmission_no_update",
        "BEFORE UPDATE ON sales_enquirysubmission",
        refuse="what came in, and the consent with it, is a record",
    ),
    Trigger(  # every branch has a policy, until somebody sets another one
        "branch_has_sales_policy",
        "AFTER INSERT ON branches_branch",
        body="INSERT INTO sales_salespolicy (branch_id, owner_rule, remind_owner_days, remind_manager_days, pool_days, "
        "pool_warning_days, claims_a_day, cool_down_days, referral_credits) "
        "VALUES (NEW.id, 'creator', 3, 5, 7, 1, 5, 7, 0);",
    ),
]
