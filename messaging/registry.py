"""Which function finds the words of which kind of message. Apps register theirs in notifications.py."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from messaging.models import Purpose


@dataclass(frozen=True)
class Rendered:
    """Whom to write to (E.164; "" for somebody without a phone) and what, without the branch's signature.

    `template` and `facts` are the key of the words and what is put into them, where the whole text is one template:
    some providers send nothing but templates that they have approved.
    """

    to: str
    text: str
    template: str = ""
    facts: dict = field(default_factory=dict)


class Suppressed(Exception):  # noqa: N818  (no error: an answer)
    """The person may not be written to. The reason is shown to staff."""


class Cancelled(Exception):  # noqa: N818
    """There is nothing to say any more: the lesson was cancelled, the credits were renewed."""


class UnknownKindError(LookupError):
    def __init__(self, kind):
        super().__init__(_("No app says what a message of the kind “%(kind)s” reads like.") % {"kind": kind})


@dataclass(frozen=True)
class Kind:
    renderer: Callable
    purpose: Purpose
    delivery_retries: int  # after the provider could not deliver
    resend_unknown: bool  # after the provider's list shows that it never got the message


_kinds = {}


def renders(kind, *, purpose=Purpose.SERVICE, delivery_retries=1, resend_unknown=True):
    """Register `renderer(message, now) -> Rendered`; it may raise Suppressed or Cancelled instead.

    It is called when the message is sent, so that the words are true at that moment, outside any transaction.
    """

    def register(renderer):
        _kinds[kind] = Kind(renderer, purpose, delivery_retries, resend_unknown)
        return renderer

    return register


def kinds_of(purpose):
    """The names of all kinds for this purpose."""
    return [name for name, kind in _kinds.items() if kind.purpose == purpose]


def kind_named(name):
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKindError(name) from None
