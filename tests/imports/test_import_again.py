"""The same books once more, changed books, and mended ones."""

import datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from branches.models import Room, User
from branches.roles import Role
from enrolments.models import CreditEntry, CreditLot, Enrolment
from enrolments.services import settle_credits
from imports.errors_workbook import write_errors_workbook
from imports.services import import_school
from parents.models import Guardian
from scheduling.models import ClassGroup, ClassMember, Lesson
from students.models import Enquiry, Student
from tests.factories import NOW, sell
from tests.imports.writing import (
    CLASS,
    CLASS_TITLES,
    STUDENT_TITLES,
    TEACHER,
    class_row,
    student_row,
    write_books,
    write_xlsx,
)

pytestmark = pytest.mark.django_db
NEXT_WEEK = NOW + datetime.timedelta(days=7)
MOTHER, FATHER = "13812345678", "13912345678"


@pytest.fixture
def put_in(tmp_path):
    """Write a school's books, as in `write_books`, and import them."""

    def put_in(*, now=NOW, **books):
        return import_school(directory=write_books(tmp_path / "books", **books), now=now)

    return put_in


def again(put_in, **books):
    """The books a second time, a week later, by the first run's own findings: what it would change."""
    put_in(**books)
    return put_in(now=NEXT_WEEK, **books)


def notes(report):
    """(row, column) of what the report says differs from the database."""
    return [(problem.row, problem.column) for problem in report.run.problems if problem.code.startswith("book_")]


def balance(name, course="围棋"):
    return Enrolment.objects.get(student__name=name, course__name=course).balance


# --- a second run changes nothing ------------------------------------------------------------------------------

BARE = {"出生日期": None, "家长姓名": None}

SAME_AGAIN = {
    "child of whom only the name is known": [student_row("王一", None, "围棋1班", **BARE)],
    "two children of whom only the name is known": [
        student_row("王一", None, "围棋1班", 剩余课时=15, **BARE),
        student_row("王一", None, "围棋2班", 购买课时=30, 剩余课时=25, **BARE),
    ],
    "namesake of whom nothing is known": [
        student_row("王一", MOTHER, "围棋1班", 出生日期="2016-05-01"),
        student_row("王一", None, "围棋1班", **BARE),
    ],
    "cousins of one name with one phone": [
        student_row("王一", MOTHER, "围棋1班", 出生日期="2016-05-01"),
        student_row("王一", MOTHER, "围棋1班", 出生日期="2017-06-02"),
        student_row("王一", MOTHER, "围棋1班", 购买课时=30, 剩余课时=25),
    ],
    "child with an invalid phone": [student_row("王一", "1381234567", "围棋1班")],
    "child without account": [student_row("王一", None, None, 报读课程=None, **BARE)],
    "child whose credits are not known": [
        student_row("王一", MOTHER, "围棋1班", 购买课时=None, 剩余课时=None),
    ],
    "two rows of one class": [
        student_row("王一", MOTHER, "围棋1班"),
        student_row("王一", MOTHER, "围棋1班", 购买课时=30, 剩余课时=25),
    ],
    "one child at two branches": [
        student_row("王一", MOTHER, "围棋1班", 出生日期="2016-05-01"),
        student_row("王一", MOTHER, "围棋1班", 校区="西校区", 出生日期="2016-05-01"),
    ],
    "mother's and father's phone": [
        student_row("王一", MOTHER, "围棋1班", 出生日期="2016-05-01", 家长姓名="李娜"),
        student_row("王一", FATHER, "围棋2班", 出生日期="2016-05-01", 家长姓名="李娜"),
    ],
    "brother and sister": [
        student_row("王一", MOTHER, "围棋1班", 家长姓名="李娜"),
        student_row("王二", MOTHER, "围棋1班", 家长姓名="李女士"),
    ],
    "credits owed and past zero": [
        student_row("王一", MOTHER, "围棋1班", 已消课时=22, 剩余课时=-2),
        student_row("王二", FATHER, "围棋1班", 购买课时=None, 剩余课时=3.5),
        student_row("王三", FATHER, "围棋1班", 购买课时=-5, 剩余课时=4),
    ],
    "unknown class": [student_row("王一", MOTHER, "围棋9班")],
    "course that a later row makes known": [
        student_row("王一", MOTHER, "象棋9班", 报读课程="象棋"),
        student_row("王二", FATHER, None, 报读课程="象棋"),
    ],
    "class of two branches, of which one was not made": [student_row("王一", MOTHER, "无老师班", 校区=None)],
}
STAFF = [
    TEACHER,
    ["李洁", "前台", "东校区", "13700000001"],
    ["王芳", "老师", "东校区、西校区", None],
    ["赵静", "前台", "东校区", None],
    ["赵静", "前台", "西校区", None],
    ["孙丽", "总务", "东校区", None],
    ["周敏", "校长", "东校区", "024-12345678"],
    ["吴强", "前台", "东校区", "024-12345678"],
]
CLASSES = [
    CLASS,
    class_row("围棋2班", "王芳", "周日 9:00-10:30", room="102"),
    class_row("围棋1班", "王芳", "周日 14:00-15:30", branch="西校区", room="101"),
    ["东校区", "无时间班", "围棋", "李洁", "101", None, None, None, None, None],
    class_row("无老师班", "钱多多", "周六 14:00-15:30"),
    class_row("无老师班", "王芳", "周六 14:00-15:30", branch="西校区"),
]


@pytest.mark.parametrize("students", SAME_AGAIN.values(), ids=SAME_AGAIN)
def test_second_run_finds_the_children_again(put_in, students):
    first = put_in(staff=STAFF, classes=CLASSES, students=students)
    second = put_in(now=NEXT_WEEK, staff=STAFF, classes=CLASSES, students=students)

    assert first.changes > 0
    assert (second.changes, notes(second)) == (0, [])
    assert second.run.matched["students"] == first.run.created["students"] == Student.objects.count()


def test_second_run_finds_staff_and_classes_again(put_in):
    second = again(put_in, staff=STAFF, classes=CLASSES)

    assert (second.changes, notes(second)) == (0, [])
    assert User.objects.exclude(username="import").count() == 7  # 李洁 is one person in two jobs
    assert Room.objects.count() == 3


ENQUIRIES = [
    ["东校区", "王一", MOTHER, "围棋", "新线索", "2026-11-01", "李洁"],
    ["东校区", "王一", MOTHER, "围棋", "新线索", "2026-11-15", None],
    ["东校区", "王一", MOTHER, "国际象棋", "已报名", None, None],
    ["东校区", "王二", None, "围棋", None, None, None],
    ["东校区", "王二", "139", "围棋", "等等看", None, "谁"],
    ["西校区", "王二", None, None, None, None, None],
    ["东校区", None, FATHER, None, "已联系", None, None],
]


def test_second_run_finds_enquiries_again_on_another_day(put_in):
    second = again(put_in, classes=[*CLASSES], staff=STAFF, enquiries=ENQUIRIES)

    assert (second.changes, notes(second)) == (0, [])
    assert Enquiry.objects.count() == len(ENQUIRIES)


def test_second_run_leaves_what_people_did_meanwhile(put_in):
    """A lesson taken, a phone added, a role taken away, an enquiry followed up, a class left."""
    books = {"students": [student_row("王一", None, "围棋1班", **BARE)], "enquiries": ENQUIRIES[:1]}
    put_in(**books)
    enrolment = Enrolment.objects.get()
    facts = {"occurred_at": NOW, "by": User.objects.get(name="李洁"), "reason": "x"}
    settle_credits(enrolment=enrolment, reference="attendance:1", target=Decimal(1), **facts)
    Guardian.objects.update(phone="+86" + MOTHER, name="李娜")
    User.objects.get(name="李洁").memberships.update(role=Role.ADVISER)
    Enquiry.objects.update(stage=Enquiry.Stage.SIGNED, signed_at=NOW)
    ClassMember.objects.update(left_date=NOW.date())

    second = put_in(now=NEXT_WEEK, **books)

    assert second.changes == 0
    assert (balance("王一"), Student.objects.count(), CreditLot.objects.count()) == (14, 1, 1)
    assert notes(second) == [(2, "岗位"), (2, "状态")]
    assert User.objects.get(name="李洁").memberships.get().role == Role.ADVISER


# --- a changed book --------------------------------------------------------------------------------------------


def test_changed_numbers_are_told_and_not_taken_twice(put_in):
    put_in(students=[student_row("王一", MOTHER, "围棋1班"), student_row("王二", FATHER, "围棋1班")])

    second = put_in(
        students=[
            student_row("王二", FATHER, "围棋1班"),
            student_row("王一", MOTHER, "围棋1班", 已消课时=8, 剩余课时=12),
        ]
    )

    assert second.changes == 0
    assert balance("王一") == 15
    assert notes(second) == [(3, "已消课时"), (3, "剩余课时")]
    told = [problem.reason for problem in second.run.problems if problem.code == "book_changed"]
    assert ["5" in told[0], "15" in told[1]] == [True, True]


def test_changed_facts_are_told(put_in):
    put_in(
        staff=STAFF,
        students=[student_row("王一", MOTHER, "围棋1班", 出生日期="2016-05-01")],
        classes=CLASSES[:2],
        enquiries=ENQUIRIES[:1],
    )

    second = put_in(
        staff=[TEACHER, ["王芳", "前台", "东校区", None]],
        classes=[class_row("围棋1班", "王芳", "周日 9:00-10:30", seats=12), CLASSES[1]],
        students=[student_row("王一", MOTHER, "围棋2班", 出生日期="2016-05-02")],
        enquiries=[["东校区", "王一", MOTHER, "围棋", "已联系", "2026-11-01", "王芳"]],
    )

    assert second.changes == 0
    assert notes(second) == [
        *[(3, "岗位"), (2, "上课时间"), (2, "任课老师"), (2, "容量")],
        *[(2, "出生日期"), (2, "班级"), (2, "状态"), (2, "跟进人")],
    ]


def test_new_rows_of_a_changed_book_are_taken(put_in):
    put_in(students=[student_row("王一", MOTHER, "围棋1班")])

    second = put_in(
        students=[
            student_row("王一", MOTHER, "围棋1班"),
            student_row("王一", MOTHER, "围棋1班", 购买课时=10, 已消课时=0, 剩余课时=10),
            student_row("王二", FATHER, "围棋1班"),
        ]
    )

    assert second.count_endings()["students"] == {"matched": 1, "created": 2}
    assert (balance("王一"), balance("王二")) == (25, 15)


def test_account_with_a_corrected_course_is_not_made_twice(put_in):
    classes = [CLASS, class_row("象棋1班", "李洁", "周日 9:00-10:30", course="象棋")]
    put_in(classes=classes, students=[student_row("王一", MOTHER, "围棋1班")])

    second = put_in(classes=classes, students=[student_row("王一", MOTHER, "象棋1班", 报读课程="象棋")])

    assert second.count_endings()["students"] == {"left_out": 1}
    assert CreditEntry.objects.total() == 15


def test_credits_sold_in_the_software_are_not_taken_from_the_book_again(put_in):
    put_in()
    group = ClassGroup.objects.get()
    student = Student.objects.create(name="王一")
    sell(Enrolment.objects.create(student=student, branch=group.branch, course=group.course))

    report = put_in(students=[student_row("王一", None, "围棋1班", **BARE)])

    assert report.count_endings()["students"] == {"left_out": 1}
    assert Student.objects.count() == CreditLot.objects.count() == 1


def test_child_that_desk_and_book_know_differently_is_told(put_in):
    """Another phone, no birth date: nobody knows whether it is the same child, so it is two."""
    put_in(students=[student_row("王一", MOTHER, "围棋1班", 家长姓名="李娜")])

    report = put_in(students=[student_row("王一", FATHER, "围棋1班", 家长姓名="张敏")])

    assert Student.objects.count() == 2
    assert [problem.row for problem in report.run.problems if problem.code == "maybe_same_child"] == [2]


# --- mended rows -------------------------------------------------------------------------------------------------


def mend(report, path, sheet, **cells):
    """Change cells of the errors workbook, by title, in its first row; and nothing else."""
    write_errors_workbook(report.school, path)
    workbook = load_workbook(path)
    worksheet = workbook[sheet]
    titles = [cell.value for cell in worksheet[1]]
    for title, value in cells.items():
        worksheet.cell(2, titles.index(title) + 1).value = value
    workbook.save(path)
    return path


def run_mended(tmp_path, report, sheet, **cells):
    path = mend(report, tmp_path / "errors.xlsx", sheet, **cells)
    second = import_school(directory=path, now=NEXT_WEEK)
    third = import_school(directory=path, now=NEXT_WEEK)
    assert third.changes == 0
    return second


def test_mended_phone_reaches_the_guardian(put_in, tmp_path):
    report = put_in(students=[student_row("王一", "1381234567", "围棋1班", 出生日期="8月30日")])

    run_mended(tmp_path, report, "学员名单", 联系电话=MOTHER, 出生日期="2016-08-30")

    student = Student.objects.get()
    assert student.birth_date == datetime.date(2016, 8, 30)
    assert student.guardians.get().phone == "+86" + MOTHER
    assert balance("王一") == 15


def test_mended_phone_of_a_sister_is_her_brothers_guardian(put_in, tmp_path):
    rows = [student_row("王二", None, "围棋1班"), student_row("王一", MOTHER, "围棋1班")]
    report = put_in(students=rows)

    run_mended(tmp_path, report, "学员名单", 联系电话=MOTHER)

    guardian = Guardian.objects.get()
    assert guardian.students.count() == 2


def test_mended_class_of_a_child_is_joined_though_the_class_book_is_not_there(put_in, tmp_path):
    report = put_in(students=[student_row("王一", MOTHER, "围棋1斑")])

    run_mended(tmp_path, report, "学员名单", 班级="围棋1班")

    member = ClassMember.objects.get()
    assert (member.class_group.name, balance("王一"), CreditLot.objects.count()) == ("围棋1班", 15, 1)
    assert member.enrolment.attendances.count() == Lesson.objects.filter(local_date__gte=NEXT_WEEK.date()).count() == 8


def test_mended_teacher_makes_the_class_with_its_children(put_in, tmp_path):
    report = put_in(
        classes=[class_row("围棋1班", "李吉", "周六 9:00-10:30")], students=[student_row("王一", MOTHER, "围棋1班")]
    )
    assert (ClassGroup.objects.count(), balance("王一")) == (0, 15)

    second = run_mended(tmp_path, report, "班级课表", 任课老师="李洁")

    assert second.count_endings() == {"classes": {"created": 1}, "students": {"matched": 1}}
    assert ClassMember.objects.get().enrolment.student.name == "王一"
    assert Lesson.objects.count() == 20 - 12


def test_mended_times_give_a_class_its_lessons(put_in, tmp_path):
    row = class_row("围棋1班", "李洁", "周六 9:00到很晚")
    report = put_in(classes=[row], students=[student_row("王一", MOTHER, "围棋1班")])
    assert Lesson.objects.count() == 0

    run_mended(tmp_path, report, "班级课表", 上课时间="周六 9:00-10:30")

    assert Lesson.objects.count() == 20 - 12  # twelve weeks were held without the software
    assert Lesson.objects.first().attendances.count() == 1


def test_mended_credits_open_the_account(put_in, tmp_path):
    report = put_in(students=[student_row("王一", MOTHER, "围棋1班", 购买课时="很多", 剩余课时="不少")])
    assert (balance("王一"), CreditLot.objects.count()) == (0, 0)

    run_mended(tmp_path, report, "学员名单", 购买课时=20, 剩余课时=15)

    assert balance("王一") == 15


def test_mended_staff_get_phone_role_and_sign_in(put_in, tmp_path):
    report = put_in(staff=[TEACHER, ["王芳", "总务", "东校区", "1370000000"]])

    run_mended(tmp_path, report, "员工名单", 岗位="前台", 手机号="13700000002")

    user = User.objects.get(name="王芳")
    assert (user.username, user.phone) == ("13700000002", "+8613700000002")
    assert user.memberships.get().role == Role.FRONT_DESK


def test_mended_branch_of_an_enquiry_takes_it(put_in, tmp_path):
    report = put_in(enquiries=[["动校区", "王一", MOTHER, "围棋", "新线索", None, None]])
    assert Enquiry.objects.count() == 0

    run_mended(tmp_path, report, "意向客户", 校区="东校区")

    assert Enquiry.objects.get().branch.name == "东校区"


def test_errors_workbook_names_the_columns_of_the_book(put_in, tmp_path):
    """What the database part found stands in the same words beside the same cell."""
    folder = tmp_path / "books"
    titles = [{"班级": "分班", "报读课程": "所报课程"}.get(title, title) for title in STUDENT_TITLES]
    write_books(folder)
    write_xlsx(folder / "学员名单.xlsx", {"在读": [titles, student_row("王一", MOTHER, "围棋9班")]})

    report = import_school(directory=folder, now=NOW)
    write_errors_workbook(report.school, tmp_path / "errors.xlsx")

    [problem] = [problem for problem in report.school.problems if problem.code == "unknown_class"]
    assert (problem.sheet, problem.row, problem.column, problem.value) == ("在读", 2, "分班", "围棋9班")
    worksheet = load_workbook(tmp_path / "errors.xlsx")["学员名单"]
    marked = [cell.value for cell in worksheet[2] if cell.fill.fill_type == "solid"]
    assert marked == ["围棋9班"]


def test_mended_row_beside_its_book_is_one_class(tmp_path):
    folder = write_books(tmp_path / "books", classes=[class_row("围棋1班", "李吉", "周六 9:00-10:30")])
    write_xlsx(folder / "改好.xlsx", {"班级课表": [CLASS_TITLES, class_row("围棋1班", "李洁", "周六 9:00-10:30")]})

    import_school(directory=folder, now=NOW)

    group = ClassGroup.objects.get()
    assert (group.teacher.name, group.rules.count()) == ("李洁", 1)
