from datetime import timedelta

import pytest

from messaging import registry, words
from messaging.claims import Outgoing
from messaging.models import OutboundMessage, Purpose
from messaging.registry import Rendered, renders
from messaging.services import queue_message
from tests.factories import NOW
from tests.messaging.fixtures import SENDER
from tests.messaging.stand_ins import StandIn, WeComHandler

PHONE = "+8613812345678"


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    """Kinds of the tests' own, beside those of the apps."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    monkeypatch.setattr(words, "_kinds", dict(words._kinds))

    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text=f"{message.subject} {message.occurrence}")


def outgoing(body, *, to=PHONE, sender=SENDER):
    """An SMS of a service message, as it is handed over."""
    return Outgoing(purpose=Purpose.SERVICE, channel="sms", sender=sender, to_phone=to, body=body)


@pytest.fixture
def queue(branch):
    """Queue a note that is due now and useful for a day; arguments overrule."""

    def queue(**fields):
        fields = {
            "branch": branch, "recipient": "guardian:93", "about": "student:17", "kind": "note",
            "subject": "lesson:812", "occurrence": "24h", "due_at": NOW, "useful_until": NOW + timedelta(days=1),
        } | fields  # fmt: skip
        return queue_message(**fields)

    return queue


@pytest.fixture
def reload():
    """The message as the database has it now."""
    return lambda message: OutboundMessage.objects.get(pk=message.pk)


@pytest.fixture
def wecom(settings, branch):
    """The robots' stand-in: one group of the branch, one of all."""
    branch.code = "zsb"
    branch.save()
    with StandIn(WeComHandler) as stand_in:
        settings.DEBUG = True
        settings.WECOM_ROBOT_KEYS = {"zsb": "key-of-zsb", "*": "key-of-all"}
        settings.WECOM_API_BASE_URL = stand_in.url
        yield stand_in
