"""What every channel is, and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Answer:
    """What became of one attempt, as far as the provider's answer tells. `outcome`: MessageAttempt.Outcome."""

    outcome: str
    provider_sid: str = ""
    provider_status: str = ""
    http_status: int | None = None
    error_code: str = ""


@dataclass(frozen=True)
class ListedMessage:
    """A message as the provider's list shows it. `reference`: the attempt's id, where the provider keeps it."""

    sid: str
    sender: str
    service: str
    body: str
    created_at: datetime | None
    status: str
    error_code: str
    reference: str = ""


class ListingError(Exception):
    """The provider did not answer, or not sensibly."""


class Channel:
    """A way to reach a person. Its facts, and two things that it does: hand over, and list what it has."""

    code = ""
    label = _("a channel that is no longer set up")
    needs_phone = True  # in E.164; a slip of paper needs none
    is_text = True  # comes as a text to the phone: not to those who want no texts
    is_by_hand = False  # a person carries it, and says when it is done
    can_list = False  # what became unknown can be looked up
    takes_free_text = True  # or only what the provider has approved, as a template with its variables
    most_characters = 1600
    is_for_staff = False  # reaches colleagues; a family's message never goes there
    settings_needed = ()  # what has to stand in the environment
    sender_pattern = ""  # of a branch's own sender; "" where it has none

    @property
    def parts_per_second(self):
        """How many parts may go out in a second, over all workers and hosts; 0 when there is no limit."""
        return 0

    @property
    def default_sender(self):
        """Who sends when the branch has no sender of its own: a number, a signature, a robot."""
        return self.code

    def is_configured(self):
        return False

    def make_ready(self):
        """Load and connect what sending needs: whoever has a moment reserved must not come late to it."""

    def sender_for(self, route):
        return route.sender or self.default_sender

    def send(self, attempt, *, valid_for, deadline) -> Answer:
        """Hand one attempt over. `valid_for` seconds it may wait at the provider; no request after `deadline`.

        It never raises: what went wrong is in the answer, and in doubt that is UNKNOWN.
        """
        raise NotImplementedError

    def listed(self, attempt) -> list[ListedMessage]:
        """What the provider has for the number of an attempt, the latest first. Raises ListingError."""
        raise NotImplementedError
