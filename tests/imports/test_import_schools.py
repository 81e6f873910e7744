"""Other schools' books, with other titles, in the database; and what a row needs to get there."""

import datetime
from decimal import Decimal

import pytest

from branches.models import Branch, CalendarDay, Room, User
from courses.models import Course
from enrolments.models import CreditEntry, CreditLot, Enrolment
from imports.accounts import Accounts
from imports.enquiries import Enquiries, status_of
from imports.services import import_school
from parents.models import Guardian
from scheduling.models import ClassGroup, ClassMember, KeptClash, Lesson
from students.models import Enquiry, Guardianship, Student
from tests.factories import NOW, TODAY
from tests.imports.writing import (
    CLASS,
    CLASS_TITLES,
    STUDENT_TITLES,
    class_row,
    student_row,
    write_books,
    write_csv,
    write_xlsx,
)

pytestmark = pytest.mark.django_db
MOTHER, FATHER = "13812345678", "13912345678"


@pytest.fixture
def put_in(tmp_path):
    def put_in(**books):
        return import_school(directory=write_books(tmp_path / "books", **books), now=NOW)

    return put_in


def told(report, code):
    return [(problem.row, problem.column, problem.value) for problem in report.run.problems if problem.code == code]


def balances():
    rows = Enrolment.objects.select_related("student")
    return {enrolment.student.name: enrolment.balance for enrolment in rows}


# --- a school that writes everything another way -------------------------------------------------------------------


def little_star(folder):
    """Two branches as sheets; other titles and another order; texts in GB18030, one workbook."""
    write_csv(
        folder / "教职工通讯录.csv",
        [
            ["小星星艺术中心教职工通讯录"],
            ["电话", "老师姓名", "职务", "所属门店", "入职年份"],
            ["138-0000-0001", "马丽老师", "舞蹈老师", "南湖店", "2019"],
            ["+86 13800000002", "郭强", "店长", "南湖店", "2018"],
            ["13800000003", "何静", "课程顾问", "南湖店、北山店", ""],
        ],
        encoding="gb18030",
    )
    titles = ["班名", "主教", "科目", "上课时段", "场地", "最多人数", "开班日期", "课次", "单价"]
    write_xlsx(
        folder / "排课表.xlsx",
        {
            "南湖店": [
                ["2026秋季排课表"],
                titles,
                ["舞蹈A", "马丽", "中国舞", "周六、周日 10:00-11:30", "1号厅", "12人", "2026/9/5", 40, "￥90"],
                ["小计", None, None, None, None, 12, None, None, None],
            ],
            "北山店": [titles, ["舞蹈A", "马丽", "中国舞", "周三 17:30-19:00", None, None, "2026.9.2", 20, "90元"]],
        },
    )
    write_csv(
        folder / "在读学生花名册.csv",
        [
            ["门店", "分班", "学生", "妈妈电话", "爸爸电话", "学费", "总课时", "剩余", "生日", "喜欢的颜色", "备注"],
            [
                "南湖店",
                "舞蹈A",
                "林 小雨",
                "１３９１２３４５６７８",
                "13612345678",
                "4,800元",
                "48节",
                "40",
                "2017年3月5日",
                "红",
                "怕黑",
            ],
            ["北山店", "舞蹈A", "林小雨", "139 1234 5678", "", "1800", "20", "20", "", "", ""],
            ["南湖店", "舞蹈A", "林小风", "13912345678", "", "4800", "48", "12.5", "43500", "", ""],
            ["合计", "", "", "", "", "11400", "116", "72.5", "", "", ""],
        ],
        encoding="gb18030",
    )
    write_csv(
        folder / "咨询登记.csv",
        [
            ["日期", "门店", "家长称呼", "手机", "感兴趣的课程", "进展", "接待人", "宝宝"],
            ["2026-10-01", "北山店", "赵女士", "13512345678", "中国舞", "约了试听", "何静", "豆豆"],
            ["2026-10-02", "北山店", "钱先生", "13512345679", "街舞", "暂不考虑", "", ""],
        ],
    )


def test_other_school_is_taken_over_whole(tmp_path):
    little_star(tmp_path)

    report = import_school(directory=tmp_path, now=NOW)
    again = import_school(directory=tmp_path, now=NOW)

    assert report.count_endings() == {
        "staff": {"created": 3},
        "classes": {"created": 2},
        "students": {"created": 3},
        "enquiries": {"created": 2},
    }
    assert again.changes == 0
    assert balances()["林小风"] == Decimal("12.5")
    assert sum(Enrolment.objects.values_list("balance", flat=True)) == report.figures["left_total"] == 72.5


def test_other_school_has_its_families_and_classes(tmp_path):
    little_star(tmp_path)

    import_school(directory=tmp_path, now=NOW)

    rain = Student.objects.get(name="林小雨")
    assert set(rain.branches.values_list("name", flat=True)) == {"南湖店", "北山店"}
    assert (rain.birth_date, rain.note) == (datetime.date(2017, 3, 5), "怕黑；喜欢的颜色: 红")
    mother = rain.guardians.get()
    assert (mother.phone, mother.other_phone) == ("+8613912345678", "+8613612345678")
    assert set(mother.students.values_list("name", flat=True)) == {"林小雨", "林小风"}
    lot = CreditLot.objects.get(enrolment__student=rain, enrolment__branch__name="南湖店")
    assert (lot.paid_minor, lot.list_price_minor, lot.paid_credits) == (4800_00, 90_00, 48)
    assert ClassGroup.objects.get(branch__name="南湖店").rules.count() == 2
    assert {user.name: user.memberships.count() for user in User.objects.filter(is_active=True)} == {
        "马丽": 1,
        "郭强": 1,
        "何静": 2,
    }


def test_other_school_has_its_enquiries(tmp_path):
    little_star(tmp_path)

    report = import_school(directory=tmp_path, now=NOW)

    bean, other = Enquiry.objects.order_by("registered_date")
    assert (bean.child_name, bean.guardian_name, bean.owner.name) == ("豆豆", "赵女士", "何静")
    assert (bean.stage, bean.course.name) == (Enquiry.Stage.TRIAL_BOOKED, "中国舞")
    assert (other.child_name, other.stage, other.course, other.note) == ("钱先生", Enquiry.Stage.LOST, None, "街舞")
    assert told(report, "teacher_elsewhere") == [(2, "主教", "马丽")]  # teaches at 北山店, too
    assert told(report, "missing_capacity") == [(2, "最多人数", "")]


# --- children and guardians ----------------------------------------------------------------------------------------


def test_second_phone_is_a_second_guardian_who_is_not_told(put_in):
    rows = [
        student_row("王一", MOTHER, "围棋1班", 出生日期="2016-05-01", 家长姓名="李娜"),
        student_row("王一", FATHER, "围棋1班", 出生日期="2016-05-01", 家长姓名="王强", 购买课时=30, 剩余课时=25),
    ]

    # who is who is told by the birth date, the school and the name of one parent
    rows[1][STUDENT_TITLES.index("家长姓名")] = "李娜"
    put_in(students=rows)

    links = Guardianship.objects.order_by("-is_main")
    assert [(link.guardian.phone, link.is_main, link.is_told) for link in links] == [
        ("+86" + MOTHER, True, True),
        ("+86" + FATHER, False, False),
    ]


def test_guardian_of_the_database_is_kept_and_another_name_told(put_in):
    Guardian.objects.create(name="李娜", phone="+86" + MOTHER)

    report = put_in(students=[student_row("王一", MOTHER, "围棋1班", 家长姓名="李女士")])

    assert Student.objects.get().guardians.get().name == "李娜"
    assert told(report, "guardian_name_differs") == [(2, "家长姓名", "李女士")]


def test_what_has_no_field_is_kept_in_words_or_in_the_report(tmp_path):
    folder = write_books(tmp_path / "books")
    titles = [*STUDENT_TITLES, "学号", "状态", "校车"]
    rows = [titles, [*student_row("王一", MOTHER, "围棋1班"), "A7", "停课", "3号线"]]
    write_xlsx(folder / "学员名单.xlsx", {"学员": rows})
    write_xlsx(folder / "班级课表.xlsx", {"班级": [[*CLASS_TITLES, "教材", "备注"], [*CLASS, "第二册", "暑假停"]]})

    report = import_school(directory=folder, now=NOW)

    note = Student.objects.get().note
    assert all(text in note for text in ("A7", "停课", "校车: 3号线"))
    assert told(report, "status_not_kept") == [(2, "状态", "停课")]
    assert {value for _row, _column, value in told(report, "not_kept")} == {"第二册", "暑假停"}


def test_long_texts_are_cut_and_told(put_in):
    rows = [student_row("王一", "请打他奶奶的电话" * 50, "围棋1班", 家长姓名="李" * 60)]

    report = put_in(students=rows, enquiries=[["东校区", "王二", MOTHER, "围棋" * 20, "新线索", None, None]])

    assert len(Guardian.objects.get().note) == 200
    assert told(report, "text_cut")[0][:2] == (2, "联系电话")
    assert "too_long" in [problem.code for problem in report.school.problems]


# --- accounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        ({"已消课时": 22, "剩余课时": -2}, -2),
        ({"赠送课时": 4, "已消课时": 0, "剩余课时": 1}, 1),  # the shortage takes the gift, then what was bought
        ({"购买课时": None, "已消课时": None, "剩余课时": "8.5"}, Decimal("8.5")),
        ({"购买课时": -5, "已消课时": 0, "剩余课时": 4}, 4),
        ({"购买课时": 0, "赠送课时": 0, "已消课时": 0, "剩余课时": 0, "实收金额": None}, 0),
        ({"已消课时": -3, "剩余课时": 20}, 20),
        ({"剩余课时": None}, 15),
    ],
)
def test_account_has_what_the_book_says_is_left(put_in, cells, left):
    put_in(students=[student_row("王一", MOTHER, "围棋1班", **cells)])

    assert balances() == {"王一": left}
    assert CreditEntry.objects.total() == left


def test_what_is_owed_is_taken_from_the_childs_other_lot(put_in):
    rows = [
        student_row("王一", MOTHER, "围棋1班", 已消课时=22, 剩余课时=-2),
        student_row("王一", MOTHER, "围棋1班", 已消课时=0, 剩余课时=20),
    ]

    put_in(students=rows)
    again = put_in(students=rows)

    assert balances() == {"王一": 18}
    assert (again.changes, told(again, "book_changed")) == (0, [])


def test_row_that_lacks_something_is_in_the_report(put_in):
    report = put_in(
        students=[
            student_row("王一", MOTHER, "围棋9班"),
            student_row("王二", FATHER, "神秘班", 报读课程="神秘学"),
            student_row("王三", None, "围棋1班", 校区="动校区"),
            student_row("王四", None, None, 校区="动校区"),
            student_row("王五", None, "围棋1班", 校区=None, 报读课程="象棋"),
        ]
    )

    assert told(report, "unknown_class") == [(2, "班级", "围棋9班"), (3, "班级", "神秘班")]
    assert told(report, "account_not_made") == [(3, "报读课程", "神秘学")]
    assert told(report, "branch_of_class") == [(4, "校区", "动校区")]
    assert told(report, "missing_branch") == [(5, "校区", "动校区")]
    assert told(report, "course_of_class") == [(6, "报读课程", "象棋")]
    assert report.count_endings()["students"] == {"created": 3, "left_out": 2}
    assert set(Course.objects.values_list("name", flat=True)) == {"围棋"}
    assert Student.objects.count() == 5


def test_course_without_a_class_is_made_and_told(put_in):
    report = put_in(students=[student_row("王一", MOTHER, None, 报读课程="象棋")])

    assert told(report, "new_course") == [(2, "报读课程", "象棋")]
    assert balances() == {"王一": 15}


def test_school_without_a_staff_book_has_the_teachers_of_its_classes(put_in):
    put_in(staff=[])
    again = put_in(staff=[])

    teacher = ClassGroup.objects.get().teacher
    assert (teacher.name, teacher.username, teacher.memberships.get().branch.name) == ("李洁", "lijie", "东校区")
    assert again.changes == 0

    with_book = put_in()

    teacher.refresh_from_db()
    assert (teacher.phone, teacher.username) == ("+8613700000001", "13700000001")
    assert with_book.changes == 1


def test_school_with_nothing_but_children_is_taken_over(put_in):
    report = put_in(staff=[], classes=[], students=[student_row("王一", MOTHER, "围棋1班")])

    assert balances() == {"王一": 15}
    assert told(report, "unknown_class") == [(2, "班级", "围棋1班")]
    assert (ClassGroup.objects.count(), Branch.objects.get().name) == (0, "东校区")


# --- classes -------------------------------------------------------------------------------------------------------


def test_lessons_skip_closed_days_and_those_before_count(put_in):
    branch = Branch.objects.create(name="东校区", code="dong")
    saturday = TODAY + datetime.timedelta(days=7)
    for day in (datetime.date(2026, 10, 3), saturday):
        CalendarDay.objects.create(branch=branch, day=day, reason="放假")

    put_in(classes=[class_row("围棋1班", "李洁", "周六 9:00-10:30")])

    group = ClassGroup.objects.get()
    days = list(Lesson.objects.order_by("local_date").values_list("local_date", flat=True))
    assert group.lessons_before == 10  # eleven Saturdays since 1 September, one of them closed
    assert (len(days), days[0], saturday in days) == (10, TODAY, False)


def test_room_has_the_seats_of_its_largest_class(put_in):
    rows = [
        class_row("围棋1班", "李洁", "周六 9:00-10:30", room="101", seats=8),
        class_row("围棋2班", "李洁", "周日 9:00-10:30", room="101", seats=20),
    ]

    put_in(classes=rows)

    assert Room.objects.get().capacity == 20


def test_clashes_of_room_teacher_and_child_are_kept(put_in):
    rows = [
        class_row("围棋1班", "李洁", "周六 9:00-10:30", room="101"),
        class_row("围棋2班", "李洁", "周六 10:00-11:30", room="101"),
        class_row("围棋3班", "李洁", "周六 10:30-11:00", room="101"),
    ]

    put_in(classes=rows, students=[student_row("王一", MOTHER, "围棋1班"), student_row("王一", MOTHER, "围棋2班")])

    clashing = {
        (clash.kind, frozenset((clash.lesson.class_group.name, clash.other.class_group.name)))
        for clash in KeptClash.objects.select_related("lesson__class_group", "other__class_group")
    }
    first, second = frozenset(("围棋1班", "围棋2班")), frozenset(("围棋2班", "围棋3班"))
    assert clashing == {("teacher", first), ("teacher", second), ("room", first), ("room", second), ("student", first)}
    assert ClassMember.objects.count() == 2


def test_class_without_seats_lessons_or_first_day_is_made_and_told(put_in):
    row = ["东校区", "围棋1班", "围棋", "李洁、王芳", None, "周六 9:00-10:30", None, None, None, None]

    report = put_in(classes=[row], students=[student_row("王一", MOTHER, "围棋1班")])

    group = ClassGroup.objects.get()
    assert (group.capacity, group.first_date, group.lessons_total) == (1, TODAY, 20)
    codes = {problem.code for problem in report.run.problems}
    assert {"missing_capacity", "missing_start_date", "missing_lessons", "second_teacher"} <= codes


def test_class_that_is_called_like_a_sum_is_a_class(put_in):
    put_in(classes=[class_row("3班", "李洁", "周六 9:00-10:30")], students=[student_row("王一", MOTHER, "3班")])

    assert ClassMember.objects.get().class_group.name == "3班"


def test_times_of_one_class_that_overlap_are_told(put_in):
    rows = [class_row("围棋1班", "李洁", times) for times in ("周六 9:00-10:30", "周六 10:00-11:30", "周六 9:00-10:30")]

    report = put_in(classes=rows, students=[student_row("王一", MOTHER, "围棋1班")])

    assert ClassGroup.objects.get().rules.count() == 1
    assert told(report, "overlapping_times") == [(3, "上课时间", "周六 10:00-11:30")]


def test_lessons_without_end_are_refused(put_in):
    report = put_in(classes=[[*CLASS[:8], 99999, 80]])

    assert ClassGroup.objects.get().lessons_total == 20
    assert "bad_count" in [problem.code for problem in report.school.problems]


# --- all or nothing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [Accounts, Enquiries])
def test_failure_in_the_middle_leaves_the_database_untouched(put_in, monkeypatch, part):
    monkeypatch.setattr(part, "take_over", lambda *_args: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        put_in(students=[student_row("王一", MOTHER, "围棋1班")])

    assert not any(table.objects.exists() for table in (Branch, User, Course, ClassGroup, Student, Guardian, Lesson))


def test_dry_run_leaves_the_database_untouched(tmp_path):
    folder = write_books(tmp_path / "books", students=[student_row("王一", MOTHER, "围棋1班")])

    report = import_school(directory=folder, now=NOW, dry_run=True)

    assert report.run.created["students"] == 1
    assert not any(table.objects.exists() for table in (Branch, User, Course, ClassGroup, Student, Guardian, Lesson))


def test_person_who_imports_is_recorded(tmp_path):
    owner = User.objects.create_user(username="1", name="钱总")
    folder = write_books(tmp_path / "books", students=[student_row("王一", MOTHER, "围棋1班")])

    import_school(directory=folder, now=NOW, by=owner)

    assert {entry.recorded_by for entry in CreditEntry.objects.all()} == {owner}
    assert not User.objects.filter(username="import").exists()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("未联系", Enquiry.Stage.NEW),
        ("跟进中", Enquiry.Stage.CONTACTED),
        ("待试听", Enquiry.Stage.TRIAL_BOOKED),
        ("约了试听", Enquiry.Stage.TRIAL_BOOKED),
        ("已体验未报名", Enquiry.Stage.CAME),
        ("未报名", Enquiry.Stage.CONTACTED),
        ("已报名", Enquiry.Stage.SIGNED),
        ("不考虑了", Enquiry.Stage.LOST),
        ("等等看", None),
    ],
)
def test_state_of_an_enquiry_is_understood(text, status):
    assert status_of(text) == status
