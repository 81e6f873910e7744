"""Which guardian gets the notice about which children, who gets none and why, and what that comes to."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import batched

from branches.models import Branch
from messaging.consent import refusals
from messaging.costs import Estimate
from notices.audience import children
from notices.models import Notice, NoticeLeftOut
from notices.words import Wording
from parents.models import Guardian
from students.models import Guardianship, Student

Reason = NoticeLeftOut.Reason
AT_ONCE = 2000  # ids in one question


@dataclass(frozen=True)
class Letter:
    """What one guardian gets, signed by one branch: one message, however many children and branches."""

    branch: Branch
    guardian: Guardian
    students: list[Student] = field(default_factory=list)

    @property
    def names(self):
        return [student.name for student in self.students]


@dataclass(frozen=True)
class LeftOut:
    branch: Branch
    student: Student
    reason: Reason


@dataclass(frozen=True)
class NoticePlan:
    """Who would get a notice now, and who would not."""

    notice: Notice
    letters: list[Letter]
    left_out: list[LeftOut]

    @property
    def message_count(self):
        return len(self.letters)

    @cached_property
    def family_count(self):
        """Guardians who are told of the same child are one family."""
        first = {}
        for letter in self.letters:
            for student in letter.students:
                first.setdefault(student.pk, letter.guardian.pk)
        return len(set(first.values()))

    @property
    def shared_count(self):
        """Guardians with several of the children: each gets one message."""
        return sum(len(letter.students) > 1 for letter in self.letters)

    @cached_property
    def wording(self):
        return Wording(self.notice)

    @cached_property
    def estimate(self):
        return Estimate((letter.branch, self.wording.text(letter.names, letter.branch)) for letter in self.letters)

    @cached_property
    def sample(self):
        """What the guardian with the most of the children would read; None when nobody gets anything."""
        letter = max(self.letters, key=lambda one: len(one.students), default=None)
        return letter and self.wording.signed(letter.names, letter.branch)

    @cached_property
    def left_out_by_reason(self):
        """(reason, those left out for it), in the order of the reasons."""
        groups = defaultdict(list)
        for one in self.left_out:
            groups[one.reason].append(one)
        return [(reason, groups[reason]) for reason in Reason if reason in groups]

    @cached_property
    def branches(self):
        """(branch, number of its messages)."""
        counts = Counter(letter.branch for letter in self.letters)
        return sorted(counts.items(), key=lambda pair: pair[0].name)


def plan_notice(*, notice, audience, now):
    """What sending a notice to these people comes to: five queries, for one family or a thousand."""
    branches = {branch.pk: branch for branch in audience.branches}
    chosen = children(audience, now=now)
    people = _People(chosen, branches, notice.purpose)
    letters, reasons = {}, {}
    for student_id, branch_id in chosen:
        reason = _put_into(letters, student_id, branches[branch_id], people)
        reasons.setdefault(student_id, []).append((branch_id, reason))
    left_out = [
        LeftOut(branches[tries[0][0]], people.students[student_id], tries[0][1])
        for student_id, tries in reasons.items()
        if all(reason for _branch_id, reason in tries)
    ]
    return NoticePlan(notice, list(letters.values()), left_out)


def _put_into(letters, student_id, branch, people):
    """Into the letters of the child's guardians; why into none, or None when there is one."""
    guardians, reason = people.of(student_id)
    for guardian in guardians:
        if refusal := people.refusal(guardian, branch):
            reason = reason or refusal
            continue
        letter = letters.setdefault(guardian.pk, Letter(branch, guardian))
        if people.students[student_id] not in letter.students:
            letter.students.append(people.students[student_id])
    is_in_one = any(not people.refusal(guardian, branch) for guardian in guardians)
    return None if is_in_one else reason


class _People:
    """The children, their guardians, and which of those may be written to by which branch."""

    def __init__(self, chosen, branches, purpose):
        self.students, self.guardianships = {}, defaultdict(list)
        for some in batched(dict.fromkeys(student_id for student_id, _branch_id in chosen), AT_ONCE):
            self.students |= Student.objects.in_bulk(some)
            for row in (
                Guardianship.objects.filter(student__in=some).select_related("guardian").order_by("-is_main", "pk")
            ):
                self.guardianships[row.student_id].append(row)
        phones = {row.guardian.phone for rows in self.guardianships.values() for row in rows if row.is_told}
        self._opted_out, self._not_agreed = refusals(
            phones=phones - {None, ""}, branch_ids=set(branches), purpose=purpose
        )

    def of(self, student_id):
        """(guardians who can be told, why there are none)."""
        rows = self.guardianships[student_id]
        told = [row.guardian for row in rows if row.is_told]
        reachable = [guardian for guardian in told if guardian.phone]
        if reachable:
            return reachable, None
        return [], Reason.NOT_TOLD if rows and not told else Reason.NO_PHONE

    def refusal(self, guardian, branch):
        if (guardian.phone, branch.pk) in self._opted_out:
            return Reason.OPTED_OUT
        return Reason.NO_CONSENT if (guardian.phone, branch.pk) in self._not_agreed else None
