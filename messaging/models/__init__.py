from messaging.models.channels import ChannelRoute, SenderState
from messaging.models.consent import ConsentEntry, Suppression
from messaging.models.holds import ClockReading, Hold
from messaging.models.inbound import Answer, InboundMessage
from messaging.models.outbox import (
    BY_HAND,
    FOR_STAFF,
    HELD,
    TO_FAMILIES,
    WITH_PROVIDER,
    AlsoAbout,
    MessageAttempt,
    MessageEvent,
    OutboundMessage,
    Purpose,
    Status,
    new_attempt_id,
)
from messaging.models.templates import MessageTemplate

__all__ = [
    "BY_HAND",
    "FOR_STAFF",
    "HELD",
    "TO_FAMILIES",
    "WITH_PROVIDER",
    "AlsoAbout",
    "Answer",
    "ChannelRoute",
    "ClockReading",
    "ConsentEntry",
    "Hold",
    "InboundMessage",
    "MessageAttempt",
    "MessageEvent",
    "MessageTemplate",
    "OutboundMessage",
    "Purpose",
    "SenderState",
    "Status",
    "Suppression",
    "new_attempt_id",
]
