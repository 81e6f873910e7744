"""Who is who in the students' book: which rows are the same child, and which children share a guardian.

Wrongly made one, two families would read each other's messages; wrongly left two, somebody merges them in a
minute. So rows are joined only on evidence, and a likely pair that lacks it is reported instead.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import combinations

from imports.rows import StudentRow


class Verdict(Enum):
    SAME = "same"
    UNSURE = "unsure"  # something speaks for it, not enough: a person decides
    DIFFERENT = "different"


@dataclass(frozen=True)
class Evidence:
    """What is known of a child, from a row or from the database. Empty means unknown, never "has none"."""

    name: str
    birth_date: date | None = None
    phones: frozenset[str] = frozenset()  # E.164, all that are known
    unreadable_phone: str = ""  # the digits of a number that is not valid
    guardian: str = ""
    gender: str = ""
    school: str = ""
    number: str = ""


def evidence_of(row):
    phones = frozenset(filter(None, [row.phone, *row.other_phones]))
    unreadable = "" if row.phone else re.sub(r"\D", "", row.phone_text)
    guardian = "" if TITLE_ONLY.search(row.guardian) else row.guardian
    return Evidence(row.name, row.birth_date, phones, unreadable, guardian, row.gender, row.school, row.number)


# 王女士 and 妈妈 name nobody: they neither tell two mothers apart nor make them one.
TITLE_ONLY = re.compile("(女士|先生|妈妈|爸爸|老师|家长|太太|奶奶|爷爷|姥姥|姥爷|外婆|外公)$")


def name_key(name):
    """王梓涵(新) and 王梓涵 may be one; what is in brackets tells children apart only by other evidence."""
    return re.sub(r"[(\[【].*?[)\]】]", "", name).replace(" ", "").casefold() or name.casefold()


def compare(a, b):
    """Are these the same child?

    Two children may have one name, and now and then they are cousins with one phone in the book, or were born
    on one day. So beside the name:

    - the school's own student number settles it;
    - birth dates that differ are two children, or a slip of the pen: for a person to say;
    - the same birth date is one child, unless phone, guardian or gender speak against it;
    - without a birth date, a shared phone is one child, unless gender or school differ;
    - without either, the same guardian's name is, unless gender or school differ.
    """
    if name_key(a.name) != name_key(b.name):
        return Verdict.DIFFERENT
    if a.number and a.number == b.number:
        return Verdict.SAME
    birth, phone = _agree(a.birth_date, b.birth_date), _share_phone(a, b)
    guardian, gender = _agree(a.guardian, b.guardian), _agree(a.gender, b.gender)
    school = _agree(a.school, b.school)
    if birth is False:
        return Verdict.UNSURE if phone or (guardian and phone is None) else Verdict.DIFFERENT
    if birth:
        return _with_birth_date(phone, guardian, gender, school)
    if phone or (guardian and phone is None):
        return Verdict.UNSURE if gender is False or school is False else Verdict.SAME
    return Verdict.UNSURE if guardian or _nothing_tells_apart(a, b, guardian) else Verdict.DIFFERENT


def _agree(a, b):
    """True, False, or None where one of them is unknown."""
    return a == b if a and b else None


def _share_phone(a, b):
    if a.unreadable_phone and a.unreadable_phone == b.unreadable_phone:
        return True
    return bool(a.phones & b.phones) if a.phones and b.phones else None


def _with_birth_date(phone, guardian, gender, school):
    """Without a common phone: mother's and father's number of one child, or two families?"""
    if phone:
        return Verdict.UNSURE if gender is False and guardian is False else Verdict.SAME
    if gender is False:
        return Verdict.UNSURE
    alike = guardian or school or (phone is None and guardian is None)
    return Verdict.SAME if alike else Verdict.UNSURE


def _nothing_tells_apart(a, b, guardian):
    knows_nothing = not (a.birth_date or a.phones) or not (b.birth_date or b.phones)
    return guardian is None and knows_nothing


# --- children --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Child:
    """The rows of one child, in the order of the book.

    `guardian_key` is the main phone, which brothers and sisters share; without a valid one the child has its
    own. `family_key` also joins children where one row has the mother's phone and another the father's.
    """

    rows: tuple[StudentRow, ...]
    guardian_key: str
    family_key: str

    def first(self, field):
        """The first value that a row gives: a second row often lacks the birth date."""
        return next((value for value in (getattr(row, field) for row in self.rows) if value), None)

    @property
    def name(self):
        return self.rows[0].name

    @property
    def birth_date(self):
        return self.first("birth_date")

    @property
    def phone(self):
        """The main phone, E.164; empty where no row has a valid one."""
        return self.first("phone") or ""

    @property
    def phone_text(self):
        """The main phone as the book has it, valid or not; empty where it has none at all."""
        return self.phone or self.first("phone_text") or ""

    @property
    def main_phones(self):
        return tuple(dict.fromkeys(row.phone for row in self.rows if row.phone))

    @property
    def other_phones(self):
        given = (phone for row in self.rows for phone in (row.phone, *row.other_phones) if phone)
        return tuple(phone for phone in dict.fromkeys(given) if phone != self.phone)


def exact_duplicates(rows):
    """[(row, the earlier row that says the same)]"""
    first, duplicates = {}, []
    for row in rows:
        earlier = first.setdefault(row.meaning, row)
        if earlier is not row:
            duplicates.append((row, earlier))
    return duplicates


def identify_children(rows):
    """The children of different rows, in the order of the book, and pairs of them that may be one child."""
    by_name = defaultdict(list)
    for row in rows:
        by_name[name_key(row.name)].append((row, evidence_of(row)))
    groups, pairs = [], []
    for namesakes in by_name.values():
        found = _cluster(namesakes)
        groups += [sorted((row for row, _evidence in group), key=position_of) for group in found]
        pairs += _unsure_pairs(found)
    groups.sort(key=lambda group: position_of(group[0]))
    return _with_guardians(groups), pairs


def position_of(row):
    return row.source.file, row.source.sheet, row.source.row


def _cluster(namesakes):
    """Rows of one name, the best known first: a row that knows both phones joins those that know one each."""
    groups, by_clue = [], defaultdict(list)
    for row, evidence in sorted(namesakes, key=lambda pair: (-_weight(pair[1]), position_of(pair[0]))):
        likely = {id(group): group for clue in _clues(evidence) for group in by_clue[clue]}
        fitting = [group for group in likely.values() if _fits(evidence, group)]
        # A row that fits two children is neither's: it stays alone and is reported.
        group = fitting[0] if len(fitting) == 1 else []
        if not group:
            groups.append(group)
        group.append((row, evidence))
        for clue in _clues(evidence):
            by_clue[clue].append(group)
    return groups


def _clues(evidence):
    """Whatever `compare` calls the same child has at least one of these in common; it saves comparing all."""
    single = [evidence.birth_date, evidence.guardian, evidence.number, evidence.unreadable_phone]
    return [clue for clue in (*single, *evidence.phones) if clue]


def _weight(evidence):
    return 2 * bool(evidence.birth_date) + 2 * len(evidence.phones) + bool(evidence.guardian)


def _fits(evidence, group):
    return any(compare(evidence, known) is Verdict.SAME for _row, known in group)


MANY = 200  # children of one "name" (宝宝): no name at all, and every pair of them would be reported


def _unsure_pairs(groups):
    return [
        (group[0][0], other[0][0])
        for group, other in combinations(groups if len(groups) < MANY else [], 2)
        if {compare(a, b) for _row, a in group for _other, b in other} != {Verdict.DIFFERENT}
    ]


def _with_guardians(groups):
    phones = [list(dict.fromkeys(row.phone for row in group if row.phone)) for group in groups]
    family_of = _families(phones)
    return [
        Child(
            tuple(group),
            own[0] if own else _own_key(group[0]),
            family_of(own[0]) if own else _own_key(group[0]),
        )
        for group, own in zip(groups, phones, strict=True)
    ]


def _own_key(row):
    return "own:" + ":".join(map(str, position_of(row)))


def _families(phones_of_children):
    """Phones that meet in one child belong to one family; a function from a phone to its family's phone."""
    parent = {}

    def family_of(phone):
        while parent.setdefault(phone, phone) != phone:
            phone = parent[phone]
        return phone

    for phones in phones_of_children:
        for phone in phones[1:]:
            parent[family_of(phone)] = family_of(phones[0])
    return family_of
