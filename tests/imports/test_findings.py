"""The figures of a school's books, and the rule that tells children apart."""

import datetime
import json
from pathlib import Path

import pytest
from django.conf import settings

from imports.findings import find
from imports.identity import Evidence, Verdict, compare, exact_duplicates, identify_children
from imports.problems import Source
from imports.reading import read_school
from imports.rows import StudentRow
from tests.imports.writing import CLASS_TITLES, STUDENT_TITLES, class_row, student_row, write_xlsx

DEMO = Path(settings.BASE_DIR) / "demo"
EXPECTED = json.loads((DEMO / "expected.json").read_text(encoding="utf-8"))
MOTHER, FATHER, OTHER = "+8613812345678", "+8613912345678", "+8615012345678"
BORN, BORN_LATER = datetime.date(2016, 5, 1), datetime.date(2018, 7, 2)


@pytest.fixture(scope="module")
def demo_figures():
    return find(read_school(DEMO))


@pytest.mark.parametrize("figure", [name for name in EXPECTED if name != "_meaning"])
def test_demo_books_give_the_expected_figure(demo_figures, figure):
    assert demo_figures[figure] == EXPECTED[figure]


# --- one child or two? -----------------------------------------------------------------------------------


def child(**known):
    return Evidence("王梓涵", **known)


def phones(*numbers):
    return frozenset(numbers)


SAME = [
    # the second row says the same, or less
    (child(birth_date=BORN, phones=phones(MOTHER)), child(birth_date=BORN, phones=phones(MOTHER))),
    (child(birth_date=BORN, phones=phones(MOTHER)), child(phones=phones(MOTHER))),
    (child(birth_date=BORN, phones=phones(MOTHER)), child(birth_date=BORN)),
    (child(birth_date=BORN, guardian="王芳"), child(guardian="王芳")),
    (child(unreadable_phone="1381234567"), child(unreadable_phone="1381234567")),
    # the main phone of one row is the other phone of the next
    (child(phones=phones(MOTHER, FATHER)), child(phones=phones(FATHER))),
    # a new number; father's in the one row, mother's in the other
    (
        child(birth_date=BORN, phones=phones(MOTHER), guardian="王芳"),
        child(birth_date=BORN, phones=phones(OTHER), guardian="王芳"),
    ),
    (
        child(birth_date=BORN, phones=phones(MOTHER), guardian="李娜", school="一小"),
        child(birth_date=BORN, phones=phones(FATHER), guardian="王强", school="一小"),
    ),
    # the school's own number
    (child(number="A7", phones=phones(MOTHER)), child(number="A7", phones=phones(FATHER))),
    # a slip of the pen in the gender
    (
        child(birth_date=BORN, phones=phones(MOTHER), gender="boy"),
        child(birth_date=BORN, phones=phones(MOTHER), gender="girl"),
    ),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_rows_with_evidence_are_one_child(a, b):
    assert compare(a, b) is compare(b, a) is Verdict.SAME


DIFFERENT = [
    (child(birth_date=BORN, phones=phones(MOTHER)), child(birth_date=BORN_LATER, phones=phones(OTHER))),
    (child(phones=phones(MOTHER), guardian="王芳"), child(phones=phones(OTHER), guardian="王丽")),
    (child(birth_date=BORN, guardian="王芳"), child(birth_date=BORN_LATER, guardian="王丽")),
    (child(birth_date=BORN, phones=phones(MOTHER)), Evidence("王梓轩", BORN, phones(MOTHER))),  # twins
]


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_namesakes_without_evidence_are_two_children(a, b):
    assert compare(a, b) is compare(b, a) is Verdict.DIFFERENT


UNSURE = [
    # two birth dates with one phone: a slip, or cousins of one name
    (child(birth_date=BORN, phones=phones(MOTHER)), child(birth_date=BORN_LATER, phones=phones(MOTHER))),
    # born on one day, but the parents differ
    (
        child(birth_date=BORN, phones=phones(MOTHER), guardian="王芳"),
        child(birth_date=BORN, phones=phones(OTHER), guardian="李娜"),
    ),
    (child(birth_date=BORN, gender="boy"), child(birth_date=BORN, gender="girl")),
    # one phone, but boy and girl, or two schools
    (child(phones=phones(MOTHER), gender="boy"), child(phones=phones(MOTHER), gender="girl")),
    # a parent of the same name with another number
    (child(phones=phones(MOTHER), guardian="王芳"), child(phones=phones(OTHER), guardian="王芳")),
    # nothing but a name
    (child(), child(birth_date=BORN, phones=phones(MOTHER))),
]


@pytest.mark.parametrize(("a", "b"), UNSURE)
def test_namesakes_with_half_the_evidence_are_for_a_person(a, b):
    assert compare(a, b) is compare(b, a) is Verdict.UNSURE


def test_guardian_called_mother_is_no_evidence():
    rows = [row(1, guardian="妈妈", phone=MOTHER), row(2, guardian="妈妈", phone=OTHER)]

    children, unsure = identify_children(rows)

    assert (len(children), unsure) == (2, [])


# --- rows into children ----------------------------------------------------------------------------------


def row(number, name="王梓涵", **values):
    source = Source("students", "学员名单.xlsx", "学员", number)
    values = {"phone": "", "branch": "东校区"} | values
    return StudentRow(source=source, cells={}, name=name, **{"phone_text": values["phone"]} | values)


def row_numbers(children):
    return [[row.row for row in child.rows] for child in children]


def test_children_in_the_order_of_the_book_whatever_the_order_of_evidence():
    rows = [
        row(2, phone=MOTHER),
        row(3, "李雷", phone=OTHER),
        row(4, birth_date=BORN, phone=MOTHER, other_phones=(FATHER,)),
        row(5, phone=FATHER),
    ]

    children, _unsure = identify_children(rows)

    assert row_numbers(children) == [[2, 4, 5], [3]]
    assert row_numbers(identify_children(rows[::-1])[0]) == [[2, 4, 5], [3]]


def test_same_child_in_two_branches_is_one():
    children, _unsure = identify_children([row(2, phone=MOTHER), row(3, phone=MOTHER, branch="西校区")])

    assert row_numbers(children) == [[2, 3]]


def test_row_that_fits_two_children_stays_alone_and_is_told():
    rows = [
        row(2, birth_date=BORN, phone=MOTHER, guardian="王芳"),
        row(3, birth_date=BORN_LATER, phone=MOTHER, guardian="王芳"),
        row(4, phone=MOTHER, guardian="王芳"),
    ]

    children, unsure = identify_children(rows)

    assert row_numbers(children) == [[2], [3], [4]]
    assert len(unsure) == 3


def test_child_knows_what_any_of_its_rows_says():
    rows = [
        row(2, phone_text="1381234567"),
        row(3, phone_text="1381234567", birth_date=BORN),
        row(4, birth_date=BORN, phone=MOTHER),
    ]

    (child,), _unsure = identify_children(rows)

    assert (child.birth_date, child.phone, child.phone_text) == (BORN, MOTHER, MOTHER)


def test_brothers_share_a_guardian_and_children_without_phone_do_not():
    rows = [
        row(2, "王大", phone=MOTHER),
        row(3, "王小", phone=MOTHER),
        row(4, "李一", phone_text="1381234567"),
        row(5, "李二", phone_text="1381234567"),
    ]

    keys = [child.guardian_key for child in identify_children(rows)[0]]

    assert keys[0] == keys[1] == MOTHER
    assert len(set(keys)) == 3


def test_family_holds_together_where_one_child_has_both_phones():
    rows = [
        row(2, "王大", birth_date=BORN, guardian="王芳", phone=MOTHER),
        row(3, "王大", birth_date=BORN, guardian="王芳", phone=FATHER),
        row(4, "王小", phone=FATHER),
    ]

    big, small = identify_children(rows)[0]

    assert big.family_key == small.family_key
    assert big.guardian_key == MOTHER
    assert small.guardian_key == FATHER


def test_duplicate_says_the_same_in_another_shape():
    rows = [row(2, left=5), row(3, left=5), row(4, left=6), row(5, left=5, rest={"学号": "7"})]

    assert [(again.row, first.row) for again, first in exact_duplicates(rows)] == [(3, 2)]


# --- figures ---------------------------------------------------------------------------------------------


def figures(folder, *, classes, students, staff=()):
    write_xlsx(folder / "班级课表.xlsx", {"课表": [CLASS_TITLES, *classes]})
    write_xlsx(folder / "学员名单.xlsx", {"学员": [STUDENT_TITLES, *students]})
    if staff:
        write_xlsx(folder / "员工名单.xlsx", {"员工": [["姓名", "岗位", "校区", "手机号"], *staff]})
    return find(read_school(folder))


def test_child_in_classes_back_to_back_has_no_clash(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00"),
        class_row("围棋2班", "王岩", "周六 10:00-11:30"),
    ]
    students = [student_row("王一", "13812345678", "围棋1班"), student_row("王一", "13812345678", "围棋2班")]

    found = figures(tmp_path, classes=classes, students=students)

    assert (found["child_clashes"], found["two_courses"], found["students_meant"]) == (0, 1, 1)


def test_child_with_two_clashes_counts_once(tmp_path):
    times = ["周六 8:30-10:00", "周六 9:00-10:00", "周六、周日 9:30-10:30"]
    classes = [class_row(f"围棋{number}班", f"老师{number}", time) for number, time in enumerate(times)]
    students = [student_row("王一", "13812345678", f"围棋{number}班") for number in range(3)]

    assert figures(tmp_path, classes=classes, students=students)["child_clashes"] == 1


def test_two_packages_in_one_class_take_one_seat(tmp_path):
    classes = [class_row("围棋1班", "李洁", "周六 8:30-10:00", seats=1)]
    students = [
        student_row("王一", "13812345678", "围棋1班"),
        student_row("王一", "13812345678", "围棋1班", 剩余课时=10, 已消课时=10),
    ]

    found = figures(tmp_path, classes=classes, students=students)

    assert (found["over_capacity_classes"], found["two_courses"]) == ([], 0)


def test_class_with_more_children_than_seats_is_named(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00", seats=1),
        class_row("围棋2班", "李洁", "周日 8:30-10:00"),
    ]
    students = [student_row(name, f"1381234567{number}", "围棋1班") for number, name in enumerate(["王一", "李二"])]

    assert figures(tmp_path, classes=classes, students=students)["over_capacity_classes"] == ["围棋1班"]


def test_classes_of_one_name_in_two_branches_are_two(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00", seats=1),
        class_row("围棋1班", "王岩", "周六 8:30-10:00", seats=1, branch="西校区"),
    ]
    students = [
        student_row("王一", "13812345678", "围棋1班"),
        student_row("李二", "13912345678", "围棋1班", 校区="西校区"),
    ]

    assert figures(tmp_path, classes=classes, students=students)["over_capacity_classes"] == []


def test_teacher_in_two_branches_at_one_time_clashes(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00", room="101"),
        class_row("围棋2班", "李洁老师", "周六 9:30-11:00", branch="西校区", room="101"),
    ]

    found = figures(tmp_path, classes=classes, students=[])

    assert found["planted_teacher_clashes"] == [{"kind": "teacher", "a": "围棋1班", "b": "围棋2班"}]
    assert found["room_clashes"] == []


def test_two_teachers_of_one_name_do_not_clash(tmp_path):
    staff = [["李洁", "老师", "东校区", "13812345678"], ["李洁", "老师", "西校区", "13912345678"]]
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00"),
        class_row("围棋2班", "李洁", "周六 9:30-11:00", branch="西校区"),
    ]

    assert figures(tmp_path, classes=classes, students=[], staff=staff)["planted_teacher_clashes"] == []


def test_room_taken_twice_is_found(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00", room="101"),
        class_row("围棋2班", "王岩", "周六 9:30-11:00", room="101"),
        class_row("围棋3班", "刘利", "周六 9:30-11:00", room="102"),
    ]

    found = figures(tmp_path, classes=classes, students=[])

    assert found["room_clashes"] == [{"kind": "room", "a": "围棋1班", "b": "围棋2班"}]


def test_class_on_two_rows_is_one_class_with_two_times(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周二 17:20-18:20"),
        class_row("围棋1班", "李洁", "周四 17:20-18:20"),
        class_row("美术1班", "王岩", "周四 18:00-19:00"),
    ]
    students = [student_row("王一", "13812345678", name) for name in ("围棋1班", "美术1班")]

    found = figures(tmp_path, classes=classes, students=students)

    assert (found["classes"], found["child_clashes"], found["two_courses"]) == (3, 1, 1)


def test_balance_that_does_not_add_up_is_counted_and_the_left_is_kept(tmp_path):
    students = [
        student_row("王一", "13812345678", "围棋1班", 剩余课时=16),
        student_row("李二", "13912345678", "围棋1班", 剩余课时="15节"),
        student_row("赵三", "15012345678", "围棋1班", 赠送课时=2, 剩余课时=17),
        student_row("孙四", "15112345678", "围棋1班", 赠送课时="", 剩余课时=None),  # worked out: 15
    ]

    found = figures(tmp_path, classes=[], students=students)

    assert (found["balance_mismatch"], found["left_total"]) == (1, 16 + 15 + 17 + 15)
