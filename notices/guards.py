"""What the database keeps true of bulk notices, whoever writes."""

from core.triggers import Trigger

WORDS_REFUSAL = "a notice that was released keeps its words: copy it to say something else"
PEOPLE_REFUSAL = "the people of a notice that was released stay"
TRIGGERS = [
    Trigger(  # every branch has a limit, until somebody sets another one
        "branch_has_notice_limit",
        "AFTER INSERT ON branches_branch",
        body="INSERT INTO notices_noticepolicy (branch_id, alone_up_to) VALUES (NEW.id, 200);",
    ),
    Trigger(
        "notice_keeps_words",
        "BEFORE UPDATE ON notices_notice",
        condition="OLD.released_at IS NOT NULL AND (NEW.text <> OLD.text OR NEW.purpose <> OLD.purpose "
        "OR NEW.with_names <> OLD.with_names OR NEW.released_at IS NULL)",
        refuse=WORDS_REFUSAL,
    ),
    Trigger("notice_keeps_people", "BEFORE DELETE ON notices_noticerecipient", refuse=PEOPLE_REFUSAL),
    Trigger(
        "notice_keeps_person",
        "BEFORE UPDATE ON notices_noticerecipient",
        condition="NEW.guardian_id <> OLD.guardian_id OR NEW.notice_id <> OLD.notice_id",
        refuse=PEOPLE_REFUSAL,
    ),
]
