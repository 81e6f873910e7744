"""The stand-in as a web server, on this machine only.

What can go wrong with a request to send, without the message being taken in: `throttle` (429), `error` (500), `refuse`
(an error code), `opt_out` (21610, and from then on for this number); `slow` answers well, after so many seconds. And
with the message taken in: `drop` (no answer), `hang` (none, after so many seconds), `error_after` (500), `garbage` (201
without sense).
"""

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from messaging.account import is_loopback
from messaging.fake_twilio.api import ApiError, MessagesApi
from messaging.fake_twilio.carrier import Carrier
from messaging.fake_twilio.pages import phone_page, phones_page
from messaging.fake_twilio.seeded import Fate
from messaging.fake_twilio.store import Store

HOST = "127.0.0.1"
_STYLE = Path(__file__).with_name("phone.css")
_FAULTS_BEFORE = ("throttle", "error", "refuse", "opt_out", "slow")
_FAULTS_AFTER = ("drop", "error_after", "hang", "garbage")
_POSTMEN = 4  # threads that post the reports of chance


class FakeTwilio:
    """State, API, carrier and server in one.

    `step_seconds` lie between two statuses of a message; with None messages move only when told to. With a
    `misfortune` chance decides which requests fail, and how each message is delivered and reported. What people write
    back goes to `inbound_url`.
    """

    def __init__(
        self, *, account_sid, auth_token, path=":memory:", port=0, step_seconds=None, misfortune=None, inbound_url=""
    ):
        self._server = ThreadingHTTPServer((HOST, port), _handler_for(self))  # first: the port may be taken
        self.store = Store(path)
        self.api = MessagesApi(self.store, account_sid=account_sid, auth_token=auth_token)
        self.carrier = Carrier(self.api, auth_token=auth_token, inbound_url=inbound_url)
        self.step_seconds = step_seconds
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._server.serve_forever, args=[0.05])]
        if step_seconds is not None:
            self._threads.append(threading.Thread(target=self._move_on))
        self.misfortune = misfortune
        self._post = queue.SimpleQueue()
        if misfortune:
            self._threads += [threading.Thread(target=self._carry_post) for _postman in range(_POSTMEN)]

    @property
    def url(self):
        return f"http://{HOST}:{self._server.server_port}"

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopped.set()
        self._server.shutdown()
        for _postman in range(_POSTMEN):
            self._post.put(None)
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self.carrier.close()
        self.store.close()

    def deliver(self):
        """Take every message on its way to the phone, with all its reports."""
        for message in self.store.under_way():
            self.carrier.deliver(message)

    def _move_on(self):
        while not self._stopped.wait(min(max(self.step_seconds, 0.01), 0.2)):
            ready = self.store.now() - self.step_seconds
            for message in self.store.under_way():
                if message["updated_at"] <= ready and not self._stopped.is_set():
                    self.carrier.step(message)

    # --- chance ----------------------------------------------------------------------------------------------

    def finish_by_chance(self, message, number):
        """Decide what becomes of a message; its early reports go out now, before the request is answered."""
        phone = message["to_phone"]
        status, error_code, early, late = self.misfortune.reports(phone, number)
        message = self.store.update(message["sid"], status=status, error_code=error_code, sent_at=self.store.now())
        for report in early:
            self.carrier.post_report(message, report)
        for report in late:
            self._post.put((message, report))

    def _carry_post(self):
        carrier = Carrier(self.api, auth_token=self.carrier.auth_token)
        while (letter := self._post.get()) is not None:
            carrier.post_report(*letter)
        carrier.close()


def _handler_for(fake):
    return type("Handler", (_Handler,), {"fake": fake})


class _Handler(BaseHTTPRequestHandler):
    fake: FakeTwilio
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds that an idle connection is kept
    disable_nagle_algorithm = True  # else an answer waits 40 ms between its head and its body

    def log_message(self, *args):
        """Nothing: the lines would carry phone numbers."""

    def date_time_string(self, timestamp=None):
        """The provider's clock: its answers and its messages show the same time."""
        return super().date_time_string(timestamp or self.fake.store.now())

    def handle(self):
        try:
            super().handle()
        except ConnectionError:  # the client is gone
            self.close_connection = True

    def do_GET(self):
        self._answer()

    do_POST = do_DELETE = do_GET  # noqa: N815

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        form = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if not is_loopback(f"//{self.headers.get('Host', '')}"):  # a page that pretends to be us
            return self._send(403, "text/plain", "")
        if parts.path.startswith("/2010-04-01/"):
            return self._answer_api(parts.path, query, form)
        if parts.path == "/stand-in/faults" and self.command == "POST":
            return self._inject(form)
        if parts.path.startswith("/phones/") and self.command == "POST":
            return self._reply(parts.path, form)
        return self._show_page(parts.path, query)

    def _answer_api(self, path, query, form):
        is_create = self.command == "POST" and path.endswith("/Messages.json")
        fate = Fate(self.fake.store, self.fake.misfortune, form.get("To", "")) if is_create else None
        try:
            if fate and self._fails_before(fate):
                return None
            status, payload = self.fake.api.answer(self.command, path, query, form, self.headers)
        except ApiError as error:
            return self._send_json(error.status, error.payload)
        if fate and self.fake.misfortune:
            self.fake.finish_by_chance(self.fake.store.get(payload["sid"]), fate.number)
        if fate and self._fails_after(*fate.take(_FAULTS_AFTER)):
            return None
        return self._send_json(status, payload)

    def _fails_before(self, fate):
        """Something goes wrong, and the message is not taken in."""
        if self.fake.misfortune:
            time.sleep(self.fake.misfortune.latency)
        fault, value = fate.take(_FAULTS_BEFORE)
        match fault:
            case "throttle":
                raise ApiError(20429)
            case "refuse":
                raise ApiError(int(value))
            case "opt_out":
                self.fake.store.opt_out(fate.phone)
            case "slow":
                time.sleep(float(value))
            case "error":
                self._send(500, "text/html", "<h1>Internal Server Error</h1>")
        return fault == "error"

    def _fails_after(self, fault, value):
        """The message is taken in, but the client does not learn of it."""
        match fault:
            case "drop":
                self.close_connection = True
            case "hang":
                time.sleep(float(value))
                self.close_connection = True
            case "error_after":
                self._send(500, "text/html", "<h1>Internal Server Error</h1>")
            case "garbage":
                self._send(201, "application/json", '{"sid": ')
        return fault is not None

    def _inject(self, form):
        if not self.fake.api.is_authorized(self.headers):
            return self._send(401, "text/plain", "")
        if form["name"] == "opt_out":
            self.fake.store.opt_out(form["phone"])
        else:
            self.fake.store.inject(
                form["name"], value=form.get("value", ""), phone=form.get("phone", ""),
                times=int(form.get("times", 1)),
            )  # fmt: skip
        return self._send(204, "text/plain", "")

    def _reply(self, path, form):
        if text := form.get("text", "").strip():
            self.fake.carrier.reply(unquote(path.removeprefix("/phones/")), text)
        self.send_response(303)
        self.send_header("Location", path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _show_page(self, path, query):
        if path == "/":
            return self._send(200, "text/html", phones_page(self.fake.store))
        if path == "/phone.css":
            return self._send(200, "text/css", _STYLE.read_text())
        if path.startswith("/phones/"):
            phone = unquote(path.removeprefix("/phones/"))
            return self._send(200, "text/html", phone_page(self.fake.store, phone, is_replying="reply" in query))
        return self._send(404, "text/plain", "")

    def _send_json(self, status, payload):
        self._send(status, "application/json", "" if payload is None else json.dumps(payload))

    def _send(self, status, content_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
