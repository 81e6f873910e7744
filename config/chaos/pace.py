"""R9: a sender's limit of parts a second, shared by all workers, is kept in every second, and is made use of."""

import os

from config.chaos.history import accepted_times
from config.chaos.runs import run
from config.chaos.spec import LATENCY, Spec

LEAST_USED = 0.9
EDGE = 20  # messages at both ends, while workers come and go, are not counted for the use


def run_pace(options):
    limit = float(os.environ["TWILIO_PARTS_PER_SECOND"])
    spec = Spec(seed=options.seed, messages=options.messages, slice=options.messages,
                misfortune={"latency": LATENCY, "reported": 0.0})  # fmt: skip
    result = run("R9", spec)
    times = sorted(accepted_times())
    most = most_in_a_second(times)
    steady = times[EDGE:-EDGE]
    used = (len(steady) - 1) / (steady[-1] - steady[0]) / limit
    notes = f"limit {limit:g}/s, at most {most} in any second, {used:.1%} of the limit used"
    return result.with_notes(notes, is_right=most <= limit and used >= LEAST_USED)


def most_in_a_second(times):
    """Of moments in seconds, in order; a second begins with any of them."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
