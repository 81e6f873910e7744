"""Moves messages from the queue to the phone, and reports each step as Twilio does: signed, by POST."""

import logging

import requests
from twilio.request_validator import RequestValidator

from messaging.fake_twilio.store import FINAL
from messaging.segments import count_parts

logger = logging.getLogger(__name__)
_NEXT = {"accepted": "queued", "queued": "sending", "sending": "sent", "sent": "delivered"}
_TRIES = 3
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"}
START_WORDS = {"START", "YES", "UNSTOP"}


class Carrier:
    def __init__(self, api, *, auth_token, inbound_url=""):
        self.api = api
        self.store = api.store
        self.auth_token = auth_token
        self.inbound_url = inbound_url
        self._validator = RequestValidator(auth_token)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy on the way to this machine

    def close(self):
        self._session.close()

    def step(self, message):
        """Take one message one status further and report it. The initial status is never reported."""
        status, error_code = _NEXT[message["status"]], ""
        if status == "delivered":
            name, value = self.store.take_fault(["undelivered", "failed"], message["to_phone"])
            status, error_code = name or status, value
        changes = {"status": status, "error_code": error_code}
        if status == "sent":
            changes["sent_at"] = self.store.now()
        message = self.store.update(message["sid"], **changes)
        self.report(message)
        return message

    def deliver(self, message):
        """All the way at once."""
        while message["status"] not in FINAL:
            message = self.step(message)

    def report(self, message, **overrides):
        """Send the status callback of a message's present status, if it has an address for it."""
        if message["callback_url"]:
            parameters = {**self.parameters(message), **overrides}
            signature = self._validator.compute_signature(message["callback_url"], parameters)
            self.post(message["callback_url"], parameters, signature)

    def post_report(self, message, report):
        """Send one callback of chance: perhaps out of turn, of an attempt that nobody made, or not signed by us."""
        if not (url := message["callback_url"]):
            return
        if report.attempt:
            url = f"{url.rpartition('/')[0]}/{report.attempt}"
        parameters = self.parameters({**message, "status": report.status, "error_code": report.error_code})
        signature = self._validator.compute_signature(url, parameters) if report.has_our_signature else "forged"
        self.post(url, parameters, signature)

    def parameters(self, message):
        parameters = {
            "AccountSid": self.api.account_sid,
            "ApiVersion": "2010-04-01",
            "From": self.api.represent(message)["from"] or "",
            "MessageSid": message["sid"],
            "MessageStatus": message["status"],
            "SmsSid": message["sid"],
            "SmsStatus": message["status"],
            "To": message["to_phone"],
        }
        if message["service_sid"]:
            parameters["MessagingServiceSid"] = message["service_sid"]
        if message["error_code"]:
            parameters["ErrorCode"] = message["error_code"]
        return parameters

    def reply(self, phone, body):
        """Somebody writes back to whoever wrote last: we heed a word that stops us, and pass the text on."""
        word = body.strip().upper()
        if word in STOP_WORDS:
            self.store.opt_out(phone)
        elif word in START_WORDS:
            self.store.opt_in(phone)
        sid = self.store.add_reply(phone, body)
        if self.inbound_url:
            parameters = self._inbound(sid, phone, body)
            self.post(self.inbound_url, parameters, self._validator.compute_signature(self.inbound_url, parameters))

    def _inbound(self, sid, phone, body):
        latest = next(iter(self.store.messages(to_phone=phone)), None)
        return {
            "AccountSid": self.api.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": phone,
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": str(count_parts(body)),
            "SmsSid": sid,
            "To": (self.api.represent(latest)["from"] if latest else "") or "",
        }

    def post(self, url, parameters, signature):
        headers = {"X-Twilio-Signature": signature, "Connection": "close"}
        for _try in range(_TRIES):
            try:
                response = self._session.post(url, data=parameters, headers=headers, timeout=30)
                if response.status_code < 500:  # an answer, be it a refusal: once more would change nothing
                    return
                problem = str(response.status_code)
            except requests.RequestException as error:
                problem = type(error).__name__
        logger.warning("a report or a text could not be posted: %s", problem)
