"""Twilio's Messages API, as far as its client uses it: create, fetch, list, redact, delete, and its errors."""

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlencode, urlsplit

from messaging.segments import count_parts

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SERVICE_NUMBER = "+15005550006"  # the sender that a Messaging Service picks
_PAGE = re.compile(r"/2010-04-01/Accounts/(?P<account>\w+)/Messages(?:/(?P<sid>\w+))?\.json")

# Twilio's own magic numbers; see its page on test credentials.
_MAGIC_RECIPIENTS = {
    "+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610,
    "+15005550009": 21614,
}  # fmt: skip
_MAGIC_SENDERS = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_TEXTS = {
    20003: "Authentication Error - invalid username",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21211: "The 'To' number is not a valid phone number.",
    21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID.",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number.",
    21602: "Message body is required.",
    21603: "A 'From' or 'MessagingServiceSid' parameter is required to send a message.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid, SMS-capable number for your account.",
    21609: "The StatusCallback URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages.",
    21612: "The 'To' phone number is not currently reachable via SMS.",
    21614: "'To' number is not a valid mobile number.",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}
_HTTP_STATUS = {20003: 401, 20404: 404, 20429: 429}


class ApiError(Exception):
    """An answer in the shape in which Twilio refuses."""

    def __init__(self, code):
        super().__init__(code)
        self.status = _HTTP_STATUS.get(code, 400)
        self.payload = {
            "code": code,
            "message": _TEXTS.get(code, "Error"),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": self.status,
        }


class MessagesApi:
    def __init__(self, store, *, account_sid, auth_token):
        self.store = store
        self.account_sid = account_sid
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._authorization = f"Basic {credentials}"

    def is_authorized(self, headers):
        return headers.get("Authorization") == self._authorization

    def answer(self, method, path, query, form, headers):
        """(HTTP status, payload) of one request; raises ApiError where Twilio would refuse."""
        if not self.is_authorized(headers):
            raise ApiError(20003)
        page = _PAGE.fullmatch(path)
        if page is None or page["account"] != self.account_sid:
            raise ApiError(20404)
        if page["sid"] is None:
            return (201, self._create(form)) if method == "POST" else (200, self._list(query))
        message = self.store.get(page["sid"])
        if message is None:
            raise ApiError(20404)
        if method == "DELETE":
            self.store.delete(page["sid"])
            return 204, None
        if method == "POST":
            message = self._change(message, form)
        return 200, self.represent(message)

    # --- create --------------------------------------------------------------------------------------------

    def _create(self, form):
        to_phone, body = form.get("To", ""), form.get("Body", "")
        service_sid, from_phone = form.get("MessagingServiceSid", ""), form.get("From", "")
        for code, is_wrong in (
            (21604, not to_phone),
            (21603, not service_sid and not from_phone),
            (21602, not body),
            (21617, len(body) > 1600),
            (_MAGIC_SENDERS.get(from_phone), from_phone in _MAGIC_SENDERS),
            (21212, from_phone and not _E164.fullmatch(from_phone)),
            (_MAGIC_RECIPIENTS.get(to_phone), to_phone in _MAGIC_RECIPIENTS),
            (21211, not _E164.fullmatch(to_phone)),
            (21610, self.store.has_opted_out(to_phone)),
            (21609, not _is_url(form.get("StatusCallback", "http://unset"))),
        ):
            if is_wrong:
                raise ApiError(code)
        message = self.store.add(
            to_phone=to_phone,
            from_phone="" if service_sid else from_phone,
            service_sid=service_sid,
            body=body,
            callback_url=form.get("StatusCallback", ""),
        )
        return self.represent(message)

    def _change(self, message, form):
        if form.get("Body") == "":
            return self.store.update(message["sid"], body="")
        if form.get("Status") == "canceled":
            return self.store.update(message["sid"], status="canceled")
        return message

    # --- list ----------------------------------------------------------------------------------------------

    def _list(self, query):
        size = min(int(query.get("PageSize", 50)), 1000)
        page = int(query.get("Page", 0))
        to_phone = {"to_phone": query["To"]} if "To" in query else {}
        found = [message for message in self.store.messages(**to_phone) if _fits(message, query)]
        first = page * size
        return {
            "messages": [self.represent(message) for message in found[first : first + size]],
            "page": page,
            "page_size": size,
            "start": first,
            "end": max(first, min(first + size, len(found)) - 1),
            "uri": self._page_uri(query, page),
            "first_page_uri": self._page_uri(query, 0),
            "previous_page_uri": self._page_uri(query, page - 1) if page else None,
            "next_page_uri": self._page_uri(query, page + 1) if first + size < len(found) else None,
        }

    def _page_uri(self, query, page):
        return f"/2010-04-01/Accounts/{self.account_sid}/Messages.json?{urlencode({**query, 'Page': page})}"

    # --- the shape of a message ----------------------------------------------------------------------------

    def represent(self, message):
        is_unassigned = bool(message["service_sid"]) and message["status"] == "accepted"
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{message['sid']}"
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": message["body"],
            "date_created": _rfc_2822(message["created_at"]),
            "date_sent": _rfc_2822(message["sent_at"]),
            "date_updated": _rfc_2822(message["updated_at"]),
            "direction": "outbound-api",
            "error_code": int(message["error_code"]) if message["error_code"] else None,
            "error_message": "The message could not be delivered." if message["error_code"] else None,
            "from": None if is_unassigned else message["from_phone"] or _SERVICE_NUMBER,
            "messaging_service_sid": message["service_sid"] or None,
            "num_media": "0",
            "num_segments": "0" if is_unassigned else str(count_parts(message["body"])),
            "price": None,
            "price_unit": "USD",
            "sid": message["sid"],
            "status": message["status"],
            "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
            "tags": None,
            "to": message["to_phone"],
            "uri": f"{uri}.json",
        }


def _fits(message, query):
    sent_day = message["sent_at"] and datetime.fromtimestamp(message["sent_at"], UTC).date().isoformat()
    return (
        query.get("To", message["to_phone"]) == message["to_phone"]
        and query.get("From", message["from_phone"]) == message["from_phone"]
        and ("DateSent" not in query or sent_day == query["DateSent"][:10])
        and ("DateSent<" not in query or (sent_day and sent_day <= query["DateSent<"][:10]))
        and ("DateSent>" not in query or (sent_day and sent_day >= query["DateSent>"][:10]))
    )


def _rfc_2822(timestamp):
    return timestamp and format_datetime(datetime.fromtimestamp(timestamp, UTC))


def _is_url(text):
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
