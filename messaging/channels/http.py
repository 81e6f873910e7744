"""Requests to providers: none begins after its deadline, and in doubt a message may have gone out."""

import ssl

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from messaging.channels.base import Answer
from messaging.clock import seconds
from messaging.models import MessageAttempt

Outcome = MessageAttempt.Outcome


class DeadlinePassedError(Exception):
    """Too late to send: the lease may be over before the answer comes, and another worker at the message."""


class DeadlineAdapter(HTTPAdapter):
    """Looks at the clock at the last moment before a request is written."""

    deadline = float("inf")  # in `clock.seconds()`

    def send(self, *args, **kwargs):
        if seconds() > self.deadline:
            raise DeadlinePassedError
        return super().send(*args, **kwargs)


def session_with(adapter, *, trust_env=True):
    """A session whose requests all go through the adapter. `trust_env`: proxies of the environment count."""
    session = requests.Session()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.trust_env = trust_env
    return session


def answer_without_response(error):
    """What an exception on the way says about the message. In doubt: unknown."""
    return Answer(
        Outcome.NOT_SENT if _was_before_the_request(error) else Outcome.UNKNOWN,
        error_code=type(error).__name__[:20],
    )


def _was_before_the_request(error):
    """Whether not one byte of the request can have gone out."""
    if isinstance(error, (DeadlinePassedError, requests.exceptions.ConnectTimeout)):
        return True
    if not isinstance(error, requests.exceptions.ConnectionError):
        return False
    reason = getattr(error.args[0] if error.args else None, "reason", None)  # of urllib3's MaxRetryError
    has_wrong_certificate = bool(reason and reason.args) and isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError) or has_wrong_certificate
