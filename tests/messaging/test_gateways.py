import ssl
from io import StringIO

import pytest
import requests
import urllib3
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from messaging.account import is_allowed_base_url
from messaging.gateways import DeadlineAdapter, answer_for, twilio_client
from messaging.models import MessageAttempt
from messaging.rules import HTTP_TIMEOUT

Outcome = MessageAttempt.Outcome


@pytest.mark.parametrize(
    ("debug", "url", "is_allowed"),
    [
        (False, "https://api.twilio.com", True),
        (True, "https://api.twilio.com", True),
        (True, "http://127.0.0.1:4010", True),
        (True, "http://localhost:4010", True),
        (True, "http://[::1]:4010", True),
        (False, "http://127.0.0.1:4010", False),
        (False, "http://api.twilio.com", False),
        (False, "https://api.twilio.com.evil.example", False),
        (False, "https://api.twilio.com@evil.example", False),
        (True, "https://evil.example", False),
        (True, "http://127.0.0.1.evil.example", False),
        (True, "", False),
    ],
)
def test_credentials_go_to_twilio_or_to_this_machine(settings, debug, url, is_allowed):
    settings.DEBUG = debug
    settings.TWILIO_API_BASE_URL = url

    assert is_allowed_base_url(url) is is_allowed
    assert ("messaging.E001" in {error.id for error in run_checks()}) is not is_allowed


def test_client_refuses_a_wrong_address_though_nobody_ran_the_checks(settings):
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:4010"

    with pytest.raises(ImproperlyConfigured):
        twilio_client(DeadlineAdapter())


def test_client_never_waits_for_ever(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "token"

    assert twilio_client(DeadlineAdapter()).http_client.timeout == HTTP_TIMEOUT


def test_account_that_is_set_up_by_half_is_an_error(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM = "AC1", "", ""

    assert "messaging.E002" in {error.id for error in run_checks()}


def test_reports_in_the_clear_are_warned_of(settings):
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = settings.TWILIO_FROM = "set"
    settings.PUBLIC_BASE_URL = "http://qingxiao.example"

    assert "messaging.W001" in {warning.id for warning in run_checks(include_deployment_checks=True)}


def retries_exceeded(reason):
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (retries_exceeded(urllib3.exceptions.NewConnectionError(None, "refused")), Outcome.NOT_SENT),
        (retries_exceeded(urllib3.exceptions.NameResolutionError("host", None, OSError())), Outcome.NOT_SENT),
        (requests.exceptions.ConnectTimeout(), Outcome.NOT_SENT),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.SSLError(ssl.SSLCertVerificationError()))
            ),
            Outcome.NOT_SENT,
        ),
        (requests.exceptions.SSLError(ssl.SSLEOFError()), Outcome.UNKNOWN),
        (requests.exceptions.ReadTimeout(), Outcome.UNKNOWN),
        (requests.exceptions.ConnectionError("connection aborted"), Outcome.UNKNOWN),
        (requests.exceptions.ChunkedEncodingError(), Outcome.UNKNOWN),
        (BrokenPipeError(), Outcome.UNKNOWN),
        (ValueError("no JSON"), Outcome.UNKNOWN),
    ],
)
def test_in_doubt_it_is_unknown(error, outcome):
    assert answer_for(error).outcome == outcome


def test_settings_of_the_tests_pass_all_checks():
    output = StringIO()

    call_command("check", stdout=output)
