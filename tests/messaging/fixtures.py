"""A stand-in for Twilio per test, reached by the real client over HTTP. Imported by tests/conftest.py."""

from urllib.parse import urlsplit

import pytest
from django.test import Client

from messaging.fake_twilio.server import FakeTwilio
from tests.factories import NOW

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "token of the tests"
SENDER = "+15005550006"
PUBLIC_BASE_URL = "https://qingxiao.example"


@pytest.fixture
def fake_twilio(settings):
    """The stand-in, running; `deliver()` takes every message to its phone.

    Its reports go to the pages by Django's test client. A test with a live server lets them go over HTTP:
    `del fake_twilio.carrier.post`, and PUBLIC_BASE_URL is the server's address.
    """
    fake = FakeTwilio(
        account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, inbound_url=f"{PUBLIC_BASE_URL}/hooks/twilio/inbound"
    )
    fake.store.now = NOW.timestamp
    fake.carrier.post = post_report
    fake.start()
    settings.DEBUG = True  # else only Twilio's own address is allowed
    settings.TWILIO_ACCOUNT_SID = ACCOUNT_SID
    settings.TWILIO_AUTH_TOKEN = AUTH_TOKEN
    settings.TWILIO_PREVIOUS_AUTH_TOKEN = ""
    settings.TWILIO_FROM = SENDER
    settings.TWILIO_API_BASE_URL = fake.url
    settings.PUBLIC_BASE_URL = PUBLIC_BASE_URL
    yield fake
    fake.stop()


def post_report(url, parameters, signature):
    """Post a report, or a text that came in, to the page that is meant."""
    return Client().post(urlsplit(url).path, parameters, headers={"X-Twilio-Signature": signature}, secure=True)
