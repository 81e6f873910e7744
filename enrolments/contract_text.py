"""The standing text of the contract, as data: enrolments/contract_terms.toml."""

import tomllib
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("contract_terms.toml")


@cache
def terms():
    return tomllib.loads(FILE.read_text())


def words(name, **facts):
    """How a value is written on the contract."""
    return terms()["words"][name].format(**facts)
