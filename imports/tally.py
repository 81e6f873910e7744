"""What a run did: how many rows of each kind were new or known, and what there is to say about single rows."""

from collections import Counter
from dataclasses import dataclass, field

from imports.problems import Problem, Severity, problem_at


@dataclass
class Tally:
    created: Counter = field(default_factory=Counter)
    matched: Counter = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def count(self, kind, is_new):
        (self.created if is_new else self.matched)[kind] += 1

    def report(self, row, *, column, value, reason, mend, code, severity=Severity.WARNING):
        self.problems.append(
            problem_at(
                row.source, column=column, value=value, reason=reason, mend=mend, severity=severity, code=code
            )
        )
