"""What people and the clock do to bulk notices, keyword-only and named by a verb."""

from notices.services.drafts import copy_notice, drop_draft, save_draft
from notices.services.errors import NoticeError
from notices.services.releasing import approve_notice, ask_for_release, limit_alone, may_approve, send_back
from notices.services.running import pause_notice, queue_batches, resume_notice, send_to_failed, stop_notice

__all__ = [
    "NoticeError",
    "approve_notice",
    "ask_for_release",
    "copy_notice",
    "drop_draft",
    "limit_alone",
    "may_approve",
    "pause_notice",
    "queue_batches",
    "resume_notice",
    "save_draft",
    "send_back",
    "send_to_failed",
    "stop_notice",
]
