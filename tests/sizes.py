"""How long the tests run that could run for ever: a taste in the suite, all of it with PROOF=1 (CONTRIBUTING.md)."""

import os

IS_PROOF = os.environ.get("PROOF", "") not in {"", "0"}

MONEY_STEPS = 5_000 if IS_PROOF else 2_500
RACE_ROUNDS = 200 if IS_PROOF else 10
WAYS_IN_REQUESTS = 10_000 if IS_PROOF else 400  # from outside: to the public form and to the endpoint
