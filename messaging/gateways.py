"""The way out: the one factory of Twilio's client, and what its answers mean."""

import logging

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils.translation import gettext as _
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from messaging.account import TWILIO_API, is_allowed_base_url, is_loopback
from messaging.channels.base import Answer, ListedMessage, ListingError
from messaging.channels.http import DeadlineAdapter, answer_without_response
from messaging.models import MessageAttempt
from messaging.rules import HTTP_TIMEOUT, classify

Outcome = MessageAttempt.Outcome
_SILENT = logging.Logger("twilio, silent", level=logging.CRITICAL)  # its lines carry numbers and texts
_LISTED = 100  # messages to one number that are looked through to find ours


def twilio_client(adapter):
    """Twilio's own client. Without an explicit timeout it would wait for ever."""
    base_url = settings.TWILIO_API_BASE_URL
    if not is_allowed_base_url(base_url):
        raise ImproperlyConfigured(_("TWILIO_API_BASE_URL must be %(url)s.") % {"url": TWILIO_API})
    http_client = TwilioHttpClient(timeout=HTTP_TIMEOUT, logger=_SILENT)
    http_client.session.mount("https://", adapter)
    http_client.session.mount("http://", adapter)
    http_client.session.trust_env = not is_loopback(base_url)  # no proxy on the way to this machine
    client = Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=http_client)
    client.edge = client.region = None  # TWILIO_EDGE and TWILIO_REGION would rewrite the address
    client.api.base_url = base_url
    return client


class TwilioGateway:
    """One connection to Twilio, for one worker."""

    def __init__(self):
        self.adapter = DeadlineAdapter()
        self.client = twilio_client(self.adapter)

    def send(self, attempt, *, valid_for, deadline):
        """Hand one attempt over. `valid_for` seconds it may wait at the provider; no request after `deadline`."""
        self.adapter.deadline = deadline
        try:
            created = self.client.messages.create(
                to=attempt.to_phone,
                body=attempt.body,
                status_callback=status_callback_url(attempt),
                validity_period=max(1, min(int(valid_for), 36000)),
                **self._sender(attempt),
            )
        except Exception as error:
            return answer_for(error)
        finally:
            self.adapter.deadline = float("inf")
        if not created.sid:
            return Answer(Outcome.UNKNOWN)
        return Answer(Outcome.ACCEPTED, created.sid, created.status or "", 201)

    def listed(self, to_phone):
        """The latest messages to a number. By number only: those not sent yet have no date to filter by."""
        try:
            return self._listed(to_phone)
        except (TwilioException, requests.RequestException, ValueError, KeyError) as error:
            raise ListingError(type(error).__name__) from error

    def _listed(self, to_phone):
        return [
            ListedMessage(
                sid=found.sid,
                sender=found.from_ or "",
                service=found.messaging_service_sid or "",
                body=found.body or "",
                created_at=found.date_created,
                status=found.status or "",
                error_code=str(found.error_code or ""),
            )
            for found in self.client.messages.list(to=to_phone, limit=_LISTED)
        ]

    @staticmethod
    def _sender(attempt):
        is_service = attempt.sender.startswith("MG")
        return {"messaging_service_sid" if is_service else "from_": attempt.sender}


def status_callback_url(attempt):
    return settings.PUBLIC_BASE_URL + reverse("twilio_status", args=[attempt.pk])


def answer_for(error):
    """What an exception of the client says about the message. In doubt: unknown."""
    if isinstance(error, (TwilioRestException, TwilioServiceException)):
        code = str(error.code or "")
        return Answer(classify(error.status, code), http_status=error.status, error_code=code)
    return answer_without_response(error)
