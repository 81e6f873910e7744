"""The classes of the class book, and what cannot be: one teacher at two places, more children than seats."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from imports.branch_names import branch_key
from imports.rows import ClassRow


@dataclass(frozen=True)
class ClassGroup:
    """A class of the book; several rows of it are several weekly times."""

    rows: tuple[ClassRow, ...]

    @property
    def name(self):
        return self.rows[0].class_name

    @property
    def branch(self):
        return self.rows[0].branch

    @property
    def slots(self):
        return [slot for row in self.rows for slot in row.slots]

    @property
    def capacity(self):
        return next((row.capacity for row in self.rows if row.capacity is not None), None)

    def overlaps(self, other):
        return any(a.overlaps(b) for a in self.slots for b in other.slots)


class ClassBook:
    """The classes, found by branch and name, or by the name alone where only one branch has it."""

    def __init__(self, rows):
        by_key = defaultdict(list)
        for row in rows:
            by_key[branch_key(row.branch), row.class_name.casefold()].append(row)
        self.groups = [ClassGroup(tuple(same)) for same in by_key.values()]
        self._by_key = dict(zip(by_key, self.groups, strict=True))
        self._by_name = defaultdict(list)
        for group in self.groups:
            self._by_name[group.name.casefold()].append(group)

    def find(self, row):
        """The class of a student's row, or None."""
        name = row.class_name.casefold()
        exact = self._by_key.get((branch_key(row.branch), name))
        alone = self._by_name.get(name, [])
        return exact or (alone[0] if len(alone) == 1 else None)


def teacher_clashes(book, staff):
    """Pairs of classes with one teacher at one time: (earlier class, later class), as the book has them."""
    busy = defaultdict(list)
    for group in book.groups:
        for row in group.rows:
            for teacher in row.teachers:
                busy[person_of(teacher, row.branch, staff)] += [(row, group)]
    return _overlapping(book, busy)


def person_of(name, branch, staff):
    """A name is a person, unless the staff book has two people of that name, at different branches."""
    namesakes = [row for row in staff if row.name == name]
    if len(namesakes) > 1:
        at_branch = [row for row in namesakes if branch_key(branch) in map(branch_key, row.branches)]
        if len(at_branch) == 1:
            return name, at_branch[0].phone_text or at_branch[0].source
    return name, namesakes[0].phone_text if len(namesakes) == 1 else ""


def room_clashes(book):
    """Pairs of classes in one room at one time. A room's name is its branch's own."""
    busy = defaultdict(list)
    for group in book.groups:
        for row in group.rows:
            if row.room:
                busy[branch_key(row.branch), row.room.casefold()] += [(row, group)]
    return _overlapping(book, busy)


def _overlapping(book, busy):
    order = {id(group): number for number, group in enumerate(book.groups)}
    pairs = {
        (order[id(a)], order[id(b)])
        for taken in busy.values()
        for (row, a), (other, b) in combinations(taken, 2)
        if a is not b and any(slot.overlaps(taken_slot) for slot in row.slots for taken_slot in other.slots)
    }
    ordered = {tuple(sorted(pair)) for pair in pairs}
    return [(book.groups[a], book.groups[b]) for a, b in sorted(ordered, key=lambda pair: pair[::-1])]


def classes_of(child, book):
    """The different classes of a child that the class book knows."""
    found = (book.find(row) for row in child.rows)
    return list({id(group): group for group in found if group}.values())


def child_clashes(children, book):
    """[(child, class, class)] for children whose classes overlap in the week."""
    return [(child, a, b) for child in children for a, b in combinations(classes_of(child, book), 2) if a.overlaps(b)]


def over_capacity(children, book):
    """[(class, number of different children)] where there are more children than seats."""
    seated = defaultdict(int)
    for child in children:
        for group in classes_of(child, book):
            seated[id(group)] += 1
    return [
        (group, seated[id(group)])
        for group in book.groups
        if group.capacity is not None and seated[id(group)] > group.capacity
    ]
