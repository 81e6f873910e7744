"""Texts that come in: whose they are, what they ask for, and what is written back."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.consent import How, opt_out, opt_out_everywhere, refusal, start_again
from messaging.models import Answer, InboundMessage, OutboundMessage, Purpose
from messaging.people import person_with
from messaging.registry import UnknownKindError, kind_named
from messaging.rules import PROVIDER_STOP_WORDS, meaning_of, normalised
from messaging.services import queue_message

ANSWER = "answer"
USEFUL_FOR = timedelta(days=1)
Meaning = InboundMessage.Meaning


class AnswerError(Exception):
    """The text cannot be answered by a text; the sentence says why, and what to do instead."""


@transaction.atomic
def receive(*, provider_sid, from_phone, body, now, opt_out_type=""):
    """Write down a text that came in, once per id of the provider, and do at once what it asks for; returns its row.

    `opt_out_type` is what the provider made of it itself: STOP, START or HELP.
    """
    said = OutboundMessage.objects.said_to(from_phone).select_related("branch").first()
    author, about, branch_id = (said.recipient, said.about, said.branch_id) if said else person_with(from_phone)
    meaning = meaning_of(opt_out_type or body)
    inbound, is_new = InboundMessage.objects.get_or_create(
        provider_sid=provider_sid,
        defaults={
            "branch_id": branch_id,
            "in_reply_to": said,
            "author": author,
            "about": about,
            "from_phone": from_phone,
            "body": body,
            "meaning": meaning,
            "received_at": now,
            "handled_at": None if meaning == Meaning.TEXT else now,
        },
    )
    if is_new:
        _obey(inbound, said, is_with_provider=bool(opt_out_type) or normalised(body) in PROVIDER_STOP_WORDS)
    return inbound


def _obey(inbound, said, *, is_with_provider):
    told = {"phone": inbound.from_phone, "now": inbound.received_at, "words": inbound.body}
    if inbound.meaning == Meaning.START:
        start_again(**told)
    elif inbound.meaning == Meaning.STOP and is_with_provider:
        opt_out_everywhere(**told)
    elif inbound.meaning == Meaning.STOP:
        opt_out(purposes=[_purpose_of(said)], branch=said.branch if said else None, how=How.REPLY, **told)


def _purpose_of(said):
    """What the last message was for: that is what the person wants no more of."""
    try:
        return kind_named(said.kind).purpose if said else Purpose.MARKETING
    except UnknownKindError:  # of an older version
        return Purpose.SERVICE


@transaction.atomic
def answer(*, inbound, text, by, now, token):
    """Write back to whoever sent a text, once per token; it goes out like any message. Returns the Answer.

    Raises AnswerError.
    """
    inbound = InboundMessage.objects.select_for_update(no_key=True).get(pk=inbound.pk)
    if written := Answer.objects.filter(token=token).first():
        return written
    if inbound.branch_id is None:
        raise AnswerError(_("No family is known by this number: call it, then note it with the family."))
    if refusal(phone=inbound.from_phone, branch=inbound.branch_id, purpose=Purpose.SERVICE):
        raise AnswerError(_("The family wants no more messages: call them instead."))
    written = Answer.objects.create(inbound=inbound, text=text, token=token, written_at=now, written_by=by)
    queue_message(
        branch=inbound.branch,
        recipient=inbound.author,
        about=inbound.about,
        kind=ANSWER,
        subject=f"answer:{written.pk}",
        occurrence="1",
        due_at=now,
        useful_until=now + USEFUL_FOR,
    )
    settle(inbound=inbound, by=by, now=now)
    return written


def settle(*, inbound, by, now):
    """Somebody has answered, called, or lets it be."""
    InboundMessage.objects.open().filter(pk=inbound.pk).update(handled_at=now, handled_by=by)
