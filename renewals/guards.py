"""What the database keeps true of the work on renewals, whoever writes."""

from core.triggers import Trigger, append_only

NOTE_REFUSAL = "a renewal note is never changed: a later one says what is true now"
TRIGGERS = [
    *append_only("renewals_renewalnote", NOTE_REFUSAL),
    Trigger(  # every branch tells its families: at these steps, until somebody decides otherwise
        "branch_has_reminders",
        "AFTER INSERT ON branches_branch",
        body="INSERT INTO renewals_reminderpolicy (branch_id, most, days_between, desk_limit) "
        "VALUES (NEW.id, 4, 5, 100); "
        "INSERT INTO renewals_reminderstep (policy_id, kind, value) "
        "VALUES (NEW.id, 'credits', 8), (NEW.id, 'credits', 4), (NEW.id, 'credits', 1), (NEW.id, 'days', 30); ",
    ),
]
