"""Rules of law and trade as data: TOML files, one for each region, that extend one another."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Severity(StrEnum):
    BLOCK = "block"
    WARN = "warn"


class RulePackError(Exception):
    """A rule pack cannot be read; carries what is wrong in which file, for whoever edits it."""


@dataclass(frozen=True)
class Rule:
    """`passes_with`: the permission that may let something pass a block, with a reason; empty: nobody may."""

    code: str
    severity: Severity
    source: str
    last_reviewed: date
    article: str = ""
    passes_with: str = ""
    parameters: Mapping = field(default_factory=dict, hash=False)

    @property
    def is_block(self):
        return self.severity == Severity.BLOCK

    def may_be_passed_by(self, person, thing):
        """A warning by whoever does it, a block by whom the rule names, at the branch of the thing."""
        return not self.is_block or bool(self.passes_with and person.has_perm(self.passes_with, thing))


def read_pack(folder, pack, *, kind=Rule, codes, permissions):
    """{code: rule} of a pack, those of the packs that it extends included; `codes` are those that something checks.

    Raises RulePackError.
    """
    rules = {}
    for code, fields in _fields(folder, pack).items():
        if code not in codes:
            raise RulePackError(f"{pack}: nothing checks “{code}”.")
        rules[code] = rule = _rule(pack, code, fields, kind)
        if not isinstance(rule.last_reviewed, date) or rule.passes_with not in {"", *permissions}:
            raise RulePackError(f"{pack}, {code}: last_reviewed is a date, passes_with one of {permissions}.")
    return rules


def _fields(folder, pack):
    path = folder / f"{pack}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RulePackError(f"{path.name}: {error}") from error
    rules = _fields(folder, content["extends"]) if "extends" in content else {}
    for code, fields in content.get("rules", {}).items():
        rules[code] = rules.get(code, {}) | fields
    return rules


def _rule(pack, code, fields, kind):
    own = {name: fields[name] for name in ("source", "last_reviewed", "article", "passes_with") if name in fields}
    parameters = {name: value for name, value in fields.items() if name not in own and name != "severity"}
    try:
        return kind(code, Severity(fields.get("severity", "")), parameters=parameters, **own)
    except (TypeError, ValueError) as error:
        raise RulePackError(f"{pack}, {code}: {error}") from error
