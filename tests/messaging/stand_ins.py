"""Stand-ins for Aliyun's and WeCom's servers, on this machine: they check what a request must hold, and remember it.

They are much smaller than the one for Twilio: no reports, no chance. Aliyun's signature is checked with a calculation
of its own, written after the documentation and not after messaging.channels.aliyun.
"""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit


class StandIn:
    """One server; `answers` are given first, each once, in place of its own."""

    def __init__(self, handler):
        self.requests = []
        self.answers = []
        self._server = HTTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"stand_in": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def log_message(self, *args):
        """Nothing."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.stand_in.answers.pop(0) if self.stand_in.answers else self.answer(body)
        if status is None:  # no answer at all
            return self.connection.close()
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return None


class AliyunHandler(Handler):
    def answer(self, body):
        question = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if not self._is_signed(body):
            return 400, {"Code": "SignatureDoesNotMatch", "Message": "…", "RequestId": "1"}
        action = self.headers["x-acs-action"]
        self.stand_in.requests.append((action, question))
        return 200, {"SendSms": self._send, "QuerySendDetails": self._list}[action](question)

    def _send(self, question):
        return {"Code": "OK", "Message": "OK", "BizId": f"9006{len(self.stand_in.requests)}^0", "RequestId": "1"}

    def _list(self, question):
        sent = [asked for action, asked in self.stand_in.requests if action == "SendSms"]
        rows = [
            {
                "PhoneNum": asked["PhoneNumbers"], "OutId": asked["OutId"], "SendStatus": 3, "ErrCode": "DELIVERED",
                "Content": "【轻校】…", "TemplateCode": asked["TemplateCode"], "SendDate": "2026-11-21 12:00:01",
                "ReceiveDate": "2026-11-21 12:00:05",
            }
            for asked in sent
            if asked["PhoneNumbers"] == question["PhoneNumber"]
        ]  # fmt: skip
        return {"Code": "OK", "TotalCount": str(len(rows)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}

    def _is_signed(self, body):
        scheme, _blank, facts = self.headers["Authorization"].partition(" ")
        facts = dict(fact.split("=", 1) for fact in facts.split(","))
        names = facts["SignedHeaders"].split(";")
        if scheme != "ACS3-HMAC-SHA256" or facts["Credential"] != "id" or "x-acs-content-sha256" not in names:
            return False
        query = "&".join(sorted(urlsplit(self.path).query.split("&")))
        lines = [f"{name}:{self.headers[name].strip()}" for name in names]
        hashed = hashlib.sha256(body).hexdigest()
        canonical = "\n".join(["POST", "/", query, *lines, "", ";".join(names), hashed])
        words = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        return hmac.new(b"secret", words.encode(), "sha256").hexdigest() == facts["Signature"]


class WeComHandler(Handler):
    def answer(self, body):
        address, text = urlsplit(self.path), json.loads(body)
        key = dict(parse_qsl(address.query)).get("key")
        if address.path != "/cgi-bin/webhook/send" or key not in ("key-of-zsb", "key-of-all"):
            return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
        if len(text["text"]["content"].encode()) > 2048:
            return 200, {"errcode": 40058, "errmsg": "content size out of limit"}
        self.stand_in.requests.append((key, text["text"]["content"]))
        return 200, {"errcode": 0, "errmsg": "ok"}
