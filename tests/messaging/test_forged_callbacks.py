"""Reports that the provider did not make: of every kind, and none changes anything. S4 has more."""

from collections import Counter
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from config.chaos.forgeries import KINDS, Forger, genuine
from messaging.models import ConsentEntry, MessageAttempt, MessageEvent, OutboundMessage, Status, Suppression
from messaging.services import drain_outbox
from tests.factories import NOW
from tests.messaging.conftest import PHONE
from tests.messaging.fixtures import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_BASE_URL

pytestmark = pytest.mark.django_db
FORGED, SEED = 300, 7


@pytest.fixture
def reports(queue, fake_twilio):
    """A genuine report on each of three messages that were handed over; the last one has come."""
    for number in range(3):
        queue(subject=f"lesson:{number}")
    drain_outbox(now=NOW)
    reports = [
        genuine(url_of(attempt), attempt.provider_sid, "sent", AUTH_TOKEN, ACCOUNT_SID, PHONE)
        for attempt in MessageAttempt.objects.order_by("message_id")
    ]
    assert post(reports[-1]) == 200
    return reports


def url_of(attempt):
    return PUBLIC_BASE_URL + reverse("twilio_status", args=[attempt.pk])


def post(report):
    parts = urlsplit(report.url)
    headers = {} if report.signature is None else {"X-Twilio-Signature": report.signature}
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Client(enforce_csrf_checks=True).post(path, report.parameters, headers=headers, secure=True).status_code


def all_rows():
    models = (OutboundMessage, MessageAttempt, MessageEvent, Suppression, ConsentEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_forged_reports_are_refused_and_change_nothing(reports):
    before = all_rows()
    lies = Forger(AUTH_TOKEN, [report.url for report in reports], reports[-1]).forge(FORGED, SEED)

    assert {lie.kind for lie in lies} == set(KINDS)
    assert Counter((lie.kind, status) for lie in lies if (status := post(lie)) != 403) == {}
    assert all_rows() == before


def test_report_that_comes_again_is_answered_and_changes_nothing(reports):
    before = all_rows()

    assert [post(reports[-1]) for _time in range(3)] == [200] * 3
    assert all_rows() == before


def test_genuine_reports_are_still_taken_afterwards(reports):
    assert [post(report) for report in reports] == [200] * 3
    assert set(OutboundMessage.objects.values_list("status", flat=True)) == {Status.SENT}
