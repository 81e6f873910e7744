"""What a run is about, and what it says to whom: known to all its processes, and to the checker."""

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings

KIND = "chaos_note"
SIGNATURE = "轻校"
SPEC = "spec.json"
LATENCY = 0.01  # seconds: what a request to a provider takes at least


@dataclass(frozen=True)
class Occurrence:
    """One text to one family. Two children of a family share a phone; now and then their texts are the same."""

    index: int

    @property
    def family(self):
        return self.index // 2

    @property
    def phone(self):
        return f"+86138{self.family:08d}"

    @property
    def subject(self):
        return f"lesson:{self.index}"

    @property
    def text(self):
        return f"family {self.family}" if self.family % 50 == 7 else f"lesson {self.index}"

    @property
    def body(self):
        return f"【{SIGNATURE}】{self.text}"

    @property
    def dedupe_key(self):
        return "|".join([KIND, self.subject, "24h", f"guardian:{self.family}"])


@dataclass(frozen=True)
class Spec:
    seed: int = 7
    messages: int = 10_000
    slice: int = 500  # occurrences that a planner plans at once
    design: str = "outbox"  # or "naive"
    misfortune: dict = field(default_factory=dict)  # see messaging/fake_twilio/seeded.py

    def occurrences(self):
        return map(Occurrence, range(self.messages))

    def write(self):
        _path().write_text(json.dumps(asdict(self)))


@cache
def current_spec():
    """Of the run that this process takes part in; each process lives for one run."""
    return Spec(**json.loads(_path().read_text()))


def _path():
    return Path(settings.VAR_DIR) / SPEC


def hostile(**changes):
    """A provider on a very bad day (the fault mix of docs/reliability.md)."""
    faults = [
        {"name": "throttle", "rate": 0.02},
        {"name": "error", "rate": 0.01},
        {"name": "error_after", "rate": 0.005},
        {"name": "drop", "rate": 0.01},
        {"name": "hang", "rate": 0.005, "value": "2.5"},
        {"name": "opt_out", "rate": 0.005},
        {"name": "slow", "rate": 0.005, "value": "0.4"},
        {"name": "garbage", "rate": 0.002},
    ]
    reports = {"reported": 0.2, "shuffled": 0.5, "early": 0.3, "most_repeats": 2, "forged": 0.01, "unknown": 0.01}
    return {"faults": faults, "latency": LATENCY, "undelivered": 0.02, **reports, **changes}
