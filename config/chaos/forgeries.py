"""Delivery reports that nobody at the provider made: each kind of lie, drawn from a seed."""

import random
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from twilio.request_validator import RequestValidator

FORGED_SID = "SM" + "f" * 32


@dataclass(frozen=True)
class Post:
    """One request to the page that takes reports."""

    kind: str
    url: str
    parameters: dict = field(default_factory=dict)
    signature: str | None = None  # None: no such header


@dataclass(frozen=True)
class Forger:
    """Knows everything but the token: addresses of attempts, ids of messages, and a report it has overheard."""

    token: str  # of the account; used only for what the provider itself signed, and was overheard
    urls: list  # of all attempts' reports, as the provider was given them
    overheard: Post  # a report that was taken

    def forge(self, count, seed):
        """`count` requests; the same for the same seed."""
        dice = random.Random(f"forged|{seed}")  # noqa: S311
        return [self._forged(dice.choice(KINDS), dice) for _number in range(count)]

    def _forged(self, kind, dice):
        url = dice.choice([url for url in self.urls if url != self.overheard.url])
        status = dice.choice(["sent", "delivered", "undelivered", "failed"])
        lie = {**self.overheard.parameters, "MessageSid": FORGED_SID, "MessageStatus": status}
        return Post(kind, *getattr(self, f"_{kind}")(url, lie, dice))

    # --- without a signature of the provider ---------------------------------------------------------------

    def _unsigned(self, url, lie, dice):
        return url, lie, None

    def _empty(self, url, lie, dice):
        return url, lie, ""

    def _garbage(self, url, lie, dice):
        return (
            url,
            lie,
            dice.choice(["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "签名", "\x7f" * 28]).encode().decode("latin-1"),
        )

    def _other_token(self, url, lie, dice):
        token = dice.choice([f"{dice.getrandbits(128):032x}", "", self.token[:-1], self.token.upper()])
        return url, lie, RequestValidator(token).compute_signature(url, lie)

    # --- with one that was made for something else ---------------------------------------------------------

    def _altered(self, url, lie, dice):
        """The overheard report with another ending."""
        name, value = dice.choice([("MessageStatus", "failed"), ("ErrorCode", "30003"), ("MessageSid", FORGED_SID)])
        return self.overheard.url, {**self.overheard.parameters, name: value}, self.overheard.signature

    def _extra(self, url, lie, dice):
        return self.overheard.url, {**self.overheard.parameters, "Extra": "1"}, self.overheard.signature

    def _missing(self, url, lie, dice):
        gone = dice.choice(sorted(self.overheard.parameters))
        kept = {name: value for name, value in self.overheard.parameters.items() if name != gone}
        return self.overheard.url, kept, self.overheard.signature

    def _other_attempt(self, url, lie, dice):
        """The overheard report, word for word, on another message."""
        return url, self.overheard.parameters, self.overheard.signature

    def _query(self, url, lie, dice):
        return f"{self.overheard.url}?a={dice.randrange(10**6)}", self.overheard.parameters, self.overheard.signature

    # --- with our token, for an address that is not ours: another system behind the same account -----------

    def _other_host(self, url, lie, dice):
        return self._signed_for(url, lie, netloc="elsewhere.example")

    def _other_scheme(self, url, lie, dice):
        return self._signed_for(url, lie, scheme="http" if url.startswith("https") else "https")

    def _other_port(self, url, lie, dice):
        return self._signed_for(url, lie, netloc=f"{urlsplit(url).hostname}:{dice.choice([8000, 8443])}")

    def _other_path(self, url, lie, dice):
        return self._signed_for(url, lie, path="/hooks/twilio/inbound")

    def _signed_for(self, url, lie, **other):
        elsewhere = urlunsplit(urlsplit(url)._replace(**other))
        return url, lie, RequestValidator(self.token).compute_signature(elsewhere, lie)


KINDS = [
    "unsigned", "empty", "garbage", "other_token", "altered", "extra", "missing", "other_attempt", "query",
    "other_host", "other_scheme", "other_port", "other_path",
]  # fmt: skip


def genuine(url, sid, status, token, account_sid, phone):
    """A report as the provider makes it."""
    parameters = {
        "AccountSid": account_sid, "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid,
        "MessageStatus": status, "SmsStatus": status, "To": phone, "From": "+15005550006",
    }  # fmt: skip
    return Post("genuine", url, parameters, RequestValidator(token).compute_signature(url, parameters))
