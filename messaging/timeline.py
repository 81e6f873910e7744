"""What was written to a family and what it wrote back, as lines of a history."""

from django.utils.translation import gettext as _

from core.timeline import Event
from messaging.models import MessageEvent
from messaging.states import reason_of, state_of

LENGTH = 60  # the latest of each kind: a page shows no more
ICONS = {"call": "call", "slip": "description"}  # by channel


def message_events(reference, messages):
    """What was said about one child or enquiry, the newest first. `messages`: those that the reader may see."""
    told = messages.about(reference).with_teller(MessageEvent.objects)
    for message in told.select_related("branch")[:LENGTH]:
        state = state_of(message)
        yield Event(
            at=message.happened_at,
            what=message.kind_text,
            detail=" ".join(filter(None, [message.body, str(reason_of(message))])),
            icon=ICONS.get(message.channel, "sms"),
            state=state.word,
            state_colour=state.chip,
        )


def reply_events(reference, replies):
    for reply in replies.about(reference).select_related("handled_by")[:LENGTH]:
        waits = reply.handled_at is None
        yield Event(
            at=reply.received_at,
            what=_("The family wrote"),
            detail=reply.body,
            icon="reply",
            state=_("To be answered") if waits else "",
            state_colour="warn",
        )
