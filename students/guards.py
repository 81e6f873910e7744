"""What the database keeps true of enquiries, whoever writes."""

from core.triggers import Trigger, append_only

TRIGGERS = [
    *append_only("students_enquirychange", "the history of an enquiry is only added to"),
    *append_only("students_followup", "a follow-up is a record: write another one instead"),
    *append_only("students_phonereveal", "who looked at a number stays written down"),
    Trigger(
        "enquiry_keeps_channel",
        "BEFORE UPDATE ON students_enquiry",
        condition="OLD.channel_id IS NOT NULL AND (NEW.channel_id IS NULL OR NEW.channel_id <> OLD.channel_id)",
        refuse="the first channel of an enquiry stays",
    ),
    Trigger(
        "customfield_keeps_key",
        "BEFORE UPDATE ON students_customfield",
        condition="NEW.key <> OLD.key",
        refuse="the key of a custom field stays, for the values stand under it",
    ),
]
