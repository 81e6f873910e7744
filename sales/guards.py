"""What the database keeps true of the sales side, whoever writes."""

from core.triggers import Trigger

TRIGGERS = [
    Trigger(  # every branch has a policy, until somebody sets another one
        "branch_has_sales_policy",
        "AFTER INSERT ON branches_branch",
        body="INSERT INTO sales_salespolicy (branch_id, owner_rule, remind_owner_days, remind_manager_days, pool_days, "
        "pool_warning_days, claims_a_day, cool_down_days, referral_credits) "
        "VALUES (NEW.id, 'creator', 3, 5, 7, 1, 5, 7, 0);",
    ),
]
