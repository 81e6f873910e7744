"""Nothing personal stands in a log line, whatever happens to a message, and also where logs are JSON."""

import json
import logging
from datetime import timedelta

import pytest
from pythonjsonlogger.json import JsonFormatter

from messaging.inbound import receive
from messaging.models import MessageAttempt
from messaging.registry import Rendered, renders
from messaging.rules import LEASE, SETTLE
from messaging.services import drain_outbox, reconcile_unknown
from tests.factories import NOW
from tests.messaging.conftest import PHONE

pytestmark = pytest.mark.django_db
NAME, WORDS = "金丝雀", "CANARY-WORDS"
FAULTS = ["", "throttle", "error", "drop", "error_after", "garbage", "refuse:21211", "refuse:30007", "opt_out"]


@pytest.fixture
def secrets_in(caplog):
    """Which of the personal facts stand in what was logged, at any level and with tracebacks."""
    caplog.set_level(logging.DEBUG)

    def secrets_in():
        lines = [caplog.handler.format(record) + str(record.__dict__) for record in caplog.records]
        return [secret for secret in (NAME, WORDS, PHONE, PHONE[3:]) if any(secret in line for line in lines)]

    return secrets_in


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fate_of_a_message_is_told_with_name_number_or_words(queue, fake_twilio, secrets_in, fault):
    @renders("note")
    def note(message, now):
        return Rendered(to=PHONE, text=f"{NAME} {WORDS}")

    queue()
    if fault:
        name, _colon, value = fault.partition(":")
        fake_twilio.store.inject(name, value=value)

    drain_outbox(now=NOW)
    reconcile_unknown(now=NOW + LEASE + SETTLE + timedelta(seconds=5))
    fake_twilio.deliver()
    drain_outbox(now=NOW + timedelta(hours=1))

    assert MessageAttempt.objects.exists()
    assert secrets_in() == []


def test_neither_is_an_error_in_the_words_of_the_renderer(queue, fake_twilio, secrets_in, caplog):
    @renders("note")
    def note(message, now):
        raise ValueError(f"{NAME} {PHONE} {WORDS}")

    queue()

    drain_outbox(now=NOW)

    assert "ValueError" in caplog.text
    assert secrets_in() == []


def test_nor_what_a_family_writes_back(branch, secrets_in):
    receive(provider_sid="SM1", from_phone=PHONE, body=f"{NAME} {WORDS}", now=NOW)

    assert secrets_in() == []


def test_a_line_of_json_has_its_facts_apart(settings):
    facts = dict(settings.LOGGING["formatters"]["json"])
    facts.pop("()")
    formatter = JsonFormatter(facts.pop("format"), **facts)
    record = logging.LogRecord("messaging.services", logging.ERROR, __file__, 1, "message %s: 轻校", (7,), None)

    line = json.loads(formatter.format(record))

    assert (line["level"], line["logger"], line["message"]) == ("ERROR", "messaging.services", "message 7: 轻校")
    assert {"at", "process"} <= line.keys()
