"""The interest rates that the law names, as dated data: refund_rates.toml."""

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from enrolments.refund_rules import Cause

FILE = Path(__file__).parent / "refund_rates.toml"
TABLES = {Cause.SCHOOL: "lpr", Cause.PARENT: "deposit"}  # articles 16 and 17; article 14 speaks of the principal alone


@dataclass(frozen=True)
class Rate:
    """Percent a year, as published on a day. `is_certain`: the table knows what was published until the contract."""

    percent: Decimal
    published: date
    source: str
    is_certain: bool


def rate_for(cause, contract_date):
    """The rate at the day of the contract; None where the law gives no interest, or the table begins later."""
    if cause not in TABLES:
        return None
    table = _tables()[TABLES[cause]]
    found = [row for row in table["rates"] if row[0] <= contract_date]
    if not found:
        return None
    published, percent = found[-1]
    return Rate(Decimal(percent), published, table["source"], contract_date <= table["known_until"])


@cache
def _tables():
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
