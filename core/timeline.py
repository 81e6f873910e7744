"""What happened to somebody, as one line of a history that several tables fill."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Event:
    """`detail` says why; `credits` is the movement of the account, if any."""

    at: datetime
    what: str
    detail: str
    icon: str
    credits: Decimal | None = None
    balance_after: Decimal | None = None
    state: str = ""
    state_colour: str = ""
    files: tuple = ()  # kept with it
