"""What goes wrong by itself, drawn from a seed: requests that fail, and reports that come as they like.

A draw depends on the seed, the number written to and how often it was written to before, and so not on the order in
which the requests of several workers happen to come in: the same seed deals out the same misfortunes.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`rate` of all requests meet it. `value` is a code, or seconds; see server.py for the names."""

    name: str
    rate: float
    value: str = ""


@dataclass(frozen=True)
class Report:
    """One status callback; `is_genuine` says whether the provider ever meant it."""

    status: str
    error_code: str = ""
    attempt: str = ""  # in place of the one that the message was sent with
    has_our_signature: bool = True

    @property
    def is_genuine(self):
        return self.has_our_signature and not self.attempt


class Fate:
    """What befalls one request to write to a number: a fault that was ordered, or one by chance."""

    def __init__(self, store, misfortune, phone):
        self.store = store
        self.phone = phone
        self.number = store.count_request(phone) if misfortune else 0  # the first, the second … to this number
        self.name, self.value = misfortune.fault(phone, self.number) if misfortune else (None, "")

    def take(self, names):
        """(name, value) of the fault, should it be one of `names`; (None, "") otherwise."""
        return (self.name, self.value) if self.name in names else self.store.take_fault(names, self.phone)


FORGED_CODE = "30099"  # Twilio has no such code: should it turn up anywhere, a forged report was believed


@dataclass(frozen=True)
class Misfortune:
    """Rates between 0 and 1. Without any, the stand-in behaves like a provider on a good day."""

    seed: int = 0
    faults: tuple = ()
    latency: float = 0  # seconds that every request takes
    reported: float = 1  # of the messages; of the others no report ever comes
    undelivered: float = 0
    shuffled: float = 0
    early: float = 0  # of the messages: their first report comes before the answer to the request
    most_repeats: int = 1
    forged: float = 0
    unknown: float = 0

    def fault(self, phone, number):
        """(name, value) of what befalls the request of this number for this phone."""
        chance = self._draw("request", phone, number).random()
        for fault in self.faults:
            if chance < fault.rate:
                return fault.name, fault.value
            chance -= fault.rate
        return None, ""

    def reports(self, phone, number):
        """(final status, its code, reports before the answer, reports after it) for one message."""
        dice = self._draw("reports", phone, number)
        last = ("undelivered", "30005") if dice.random() < self.undelivered else ("delivered", "")
        if dice.random() >= self.reported:
            return *last, [], []
        reports = [Report("sending"), Report("sent"), Report(*last)]
        reports = [report for report in reports for _time in range(dice.randint(1, self.most_repeats))]
        if dice.random() < self.forged:
            reports.append(Report("failed", FORGED_CODE, has_our_signature=False))
        if dice.random() < self.unknown:
            reports.append(Report("failed", FORGED_CODE, attempt="an-attempt-that-nobody-made"))
        if dice.random() < self.shuffled:
            dice.shuffle(reports)
        split = 1 if dice.random() < self.early else 0
        return *last, reports[:split], reports[split:]

    def _draw(self, *key):
        return random.Random("|".join(map(str, (self.seed, *key))))  # noqa: S311
