from messaging.models.consent import ConsentEntry, Suppression
from messaging.models.inbound import Answer, InboundMessage
from messaging.models.outbox import (
    FOR_STAFF,
    HELD,
    WITH_PROVIDER,
    AlsoAbout,
    MessageAttempt,
    MessageEvent,
    OutboundMessage,
    Purpose,
    Status,
    new_attempt_id,
)

__all__ = [
    "FOR_STAFF",
    "HELD",
    "WITH_PROVIDER",
    "AlsoAbout",
    "Answer",
    "ConsentEntry",
    "InboundMessage",
    "MessageAttempt",
    "MessageEvent",
    "OutboundMessage",
    "Purpose",
    "Status",
    "Suppression",
    "new_attempt_id",
]
