"""Books of other schools, as they keep them; what a good import finds in them was worked out by hand."""

from collections import Counter
from datetime import date

import pytest
from django.conf import settings

from imports.findings import find
from imports.reading import read_school
from tests.imports.writing import (
    CLASS_TITLES,
    STUDENT_TITLES,
    class_row,
    codes,
    student_row,
    write_csv,
    write_xlsx,
)


def slots_of(row):
    return [f"{slot.weekday} {slot.start:%H:%M}-{slot.end:%H:%M}" for slot in row.slots]


# --- 阳光艺术: a sheet per branch, titles in row 3, subtotals, GB18030 and UTF-16 --------------------------

SUNSHINE_TITLES = [
    *["序号", "宝宝姓名", "宝宝生日", "家长", "家长手机", "所报科目", "所在班级"],
    *["报名课时", "赠课", "已上", "余课", "学费(元)", "到期日", "微信昵称"],
]
EAST = [
    [
        1,
        "周 朵朵",
        "2017.3.5",
        "周敏",
        "138 0000 1111",
        "舞蹈",
        "舞蹈A班",
        "48节",
        2,
        10,
        40,
        "4,800元",
        "2027.8.31",
        "朵朵妈",
    ],
    # brother of the first
    [
        2,
        "周小宝",
        "2019/6/1",
        "周敏",
        13800001111,
        "美术",
        "美术A班",
        24,
        None,
        4,
        20,
        "¥2,400",
        "长期",
        None,
    ],
    # the first child's second course, without the birth date
    [3, "周朵朵", None, "周敏", "+86 13800001111", "美术", "美术A班", 24, 0, 0, 24, 2400, 46630, None],
    # does not add up: 19
    [4, "吴迪", "2016年12月30日", "吴刚", "1390000222", "舞蹈", "舞蹈A班", 20, 0, 1, 18, 2000, None, None],
]
WEST = [
    # another child of the same name, with a landline
    [1, "周朵朵", "2018-01-01", "周倩", "024-22345678", "舞蹈", "舞蹈A班", 48, 0, 8, 40, 4800, None, None],
    # twins, and two phones in one cell
    [
        2,
        "郑一",
        "2018-02-02",
        "郑和",
        "13700003333/13700004444",
        "舞蹈",
        "舞蹈A班",
        48,
        0,
        0,
        48,
        4800,
        None,
        None,
    ],
    [3, "郑二", "2018-02-02", "郑和", "爸爸13700003333", "舞蹈", "舞蹈A班", 48, 0, 0, 48, 4800, None, None],
    [4, "郑二", "2018-02-02", "郑和", "爸爸13700003333", "舞蹈", "舞蹈A班", 48, 0, 0, 48, 4800, None, None],
    [5, "冯无", "2018-03-03", "冯强", "无", "舞蹈", "舞蹈A班", 10, 0, 0.5, 9.5, 1000, None, None],
]


def sunshine(folder):
    def sheet(branch, rows):
        title = [f"阳光艺术{branch}2026年秋季学员花名册"]
        return [
            title,
            [],
            SUNSHINE_TITLES,
            *rows,
            [],
            ["小计", None, None, None, f"{len(rows)}人"],
            ["制表：王会计"],
        ]

    write_xlsx(
        folder / "花名册2026.xlsx",
        {"东湖校区": sheet("东湖校区", EAST), "西湖校区": sheet("西湖校区", WEST)},
        merges=["A1:N1"],
    )
    write_csv(
        folder / "排课.csv",
        [
            ["门店", "班名", "科目", "主教", "上课地点", "上课时段", "满班人数", "开班日期", "课次", "单价"],
            [
                "东湖",
                "舞蹈A班",
                "舞蹈",
                "许飞",
                "大厅",
                "每周六9:00~10:30",
                "12人",
                "2026年9月5日",
                "24",
                "100元",
            ],
            ["东湖", "美术A班", "美术", "何青", "画室", "周六 10:00-11:00", "1", "2026/9/5", "24", "100"],
            ["西湖", "舞蹈A班", "舞蹈", "许飞", "大厅", "周六上午10:00-11:30", "8", "9月5日", "24", "100"],
        ],
        encoding="gb18030",
    )
    write_csv(
        folder / "咨询登记.csv",
        [
            ["意向登记", "", "", "", ""],
            ["孩子", "联系方式", "想学什么", "跟进阶段", "咨询日期"],
            ["蒋一", "13600005555", "舞蹈", "已约试听", "2026-10-01"],
            ["韩二", "13600006666", "美术", "新线索", "10月3日"],
        ],
        encoding="utf-16",
        delimiter="\t",
    )
    write_xlsx(
        folder / "老师.xlsx",
        {
            "Sheet1": [
                ["职务", "老师姓名", "手机", "分校"],
                ["校长", "许飞", "13500007777", "东湖校区、西湖校区"],
                ["授课教师", "何青", "13500008888", "东湖校区"],
            ]
        },
    )


def test_sunshine_figures(tmp_path):
    sunshine(tmp_path)

    assert find(read_school(tmp_path)) == {
        "invalid_phone": 1,  # 吴迪
        "missing_phone": 1,  # 冯无
        "duplicate_rows": 1,  # 郑二
        "balance_mismatch": 1,  # 吴迪
        "siblings": 2,  # 周小宝, 郑二
        "two_courses": 1,  # 周朵朵 of 东湖
        "over_capacity_classes": ["美术A班"],
        "child_clashes": 1,  # 周朵朵: 9:00-10:30 and 10:00-11:00
        "left_total": 40 + 20 + 24 + 18 + 40 + 48 + 48 + 9.5,
        "students_meant": 7,
        "student_rows": 9,
        "classes": 3,
        "staff": 2,
        "planted_teacher_clashes": [{"kind": "teacher", "a": "舞蹈A班", "b": "舞蹈A班"}],  # 许飞 in two branches
        "room_clashes": [],  # each branch has its own 大厅
        "leads": 2,
    }


def test_sunshine_rows_are_of_the_branch_of_their_sheet(tmp_path):
    sunshine(tmp_path)

    school = read_school(tmp_path)

    assert [row.branch for row in school.students] == ["东湖校区"] * 4 + ["西湖校区"] * 4
    assert [row.branch for row in school.classes] == ["东湖校区", "东湖校区", "西湖校区"]  # 东湖 in the book
    assert school.staff[0].branches == ("东湖校区", "西湖校区")


def test_sunshine_values_are_clean_and_nothing_is_lost(tmp_path):
    sunshine(tmp_path)

    school = read_school(tmp_path)
    first, second, third, fourth = school.students[:4]

    assert (first.name, first.birth_date, first.phone) == ("周朵朵", date(2017, 3, 5), "+8613800001111")
    assert (first.bought, first.left, first.paid_minor) == (48, 40, 480000)
    assert first.rest == {"微信昵称": "朵朵妈"}
    assert (second.last_day, third.last_day) == (None, date(2027, 8, 31))
    assert (fourth.phone, fourth.phone_text) == ("", "1390000222")
    assert school.students[5].other_phones == ("+8613700004444",)
    assert slots_of(school.classes[0]) == ["5 09:00-10:30"]
    assert school.classes[2].start_date is None
    assert school.classes[2].rest == {"开班日期": "9月5日"}


def test_sunshine_report_names_every_doubt(tmp_path):
    sunshine(tmp_path)

    school = read_school(tmp_path)

    found = Counter(codes(school))
    assert found["phone_landline"] == 1
    assert found["invalid_phone"] == found["missing_phone"] == found["balance_mismatch"] == 1
    assert found["phone_words"] == 2  # 爸爸, in a row and in its duplicate
    assert found["bad_date"] == 2  # 9月5日, 10月3日
    assert found["missing_branch"] == 1  # the enquiries, once for the sheet
    assert found["duplicate_row"] == 1
    landline = next(problem for problem in school.problems if problem.code == "phone_landline")
    assert (landline.sheet, landline.row, landline.column) == ("西湖校区", 4, "家长手机")


def test_sunshine_rows_that_are_no_data_are_counted_by_kind(tmp_path):
    sunshine(tmp_path)

    assert read_school(tmp_path).count_skipped() == {
        "title": 5,  # two of them blank
        "header": 5,
        "blank": 2,
        "subtotal": 2,
        "footer": 2,
    }


# --- 小树苗: one branch, two lines of titles, merged cells, twins, no class book ---------------------------

SAPLING = [
    ["小树苗双语2026年学员登记表"],
    ["学员", None, "家长信息", None, None, "班级", "课时情况", None, None, None, "缴费金额"],
    ["姓名", "生日", "姓名", "关系", "电话", None, "购买", "赠送", "已消", "剩余", None],
    ["林一", "20180101", "林妈", "妈妈", "13812345678", "英语1班", 30, 2, 12, 20, "3000"],
    [None, None, None, None, None, "英语2班", 20, 0, 5, 15, "2000"],
    ["林二", "20180101", "林妈", "妈妈", "13812345678", "英语1班", 30, 0, 10, 20, "3000"],
    ["合 计", None, None, None, None, None, 80, 2, 27, 55, "8000"],
]


def sapling(folder):
    merges = [
        "A1:K1",
        "A2:B2",
        "C2:E2",
        "F2:F3",
        "G2:J2",
        "K2:K3",
        *[f"{column}4:{column}5" for column in "ABCDE"],
    ]
    write_xlsx(folder / "学员登记.xlsx", {"Sheet1": SAPLING}, merges=merges)


def test_sapling_figures(tmp_path):
    sapling(tmp_path)

    found = find(read_school(tmp_path))

    assert found["student_rows"] == 3
    assert found["students_meant"] == 2
    assert found["siblings"] == found["two_courses"] == 1
    assert found["left_total"] == 55
    assert found["balance_mismatch"] == found["invalid_phone"] == found["missing_phone"] == 0


def test_sapling_titles_in_two_lines_are_read_together(tmp_path):
    sapling(tmp_path)

    first, second, twin = read_school(tmp_path).students

    assert (first.name, first.guardian, first.relation, first.birth_date) == (
        "林一",
        "林妈",
        "妈妈",
        date(2018, 1, 1),
    )
    assert (second.name, second.class_name, second.left) == ("林一", "英语2班", 15)
    assert (twin.name, twin.paid_minor) == ("林二", 300000)


def test_number_merged_over_rows_counts_once_and_is_told(tmp_path):
    rows = [
        STUDENT_TITLES,
        student_row("王一", "13812345678", "围棋1班"),
        student_row("王一", "13812345678", "围棋2班", 实收金额=None),
    ]
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": rows}, merges=["L2:L3"])

    school = read_school(tmp_path)

    assert [row.paid_minor for row in school.students] == [160000, None]
    assert "merged_number" in codes(school)


# --- 卓越: branches as headings, titles repeated, weekday and time apart, English titles -------------------

EXCEL_TITLES = ["Name", "Birthday", "Parent", "Mobile", "Class", "Bought", "Used", "Left", "Remark"]


def excellence(folder):
    def student(name, phone, group, left, note=""):
        return [name, "2015-05-05", "", phone, group, "40", str(40 - left), str(left), note]

    write_csv(
        folder / "students.csv",
        [
            EXCEL_TITLES,
            ["城南校区"],
            student("Tom Lee", "13812345678", "Go 1", 30, "合计请看合同"),
            student("Amy  Lee", "13812345678", "Go 1", 10),
            EXCEL_TITLES,
            ["城北校区"],
            student("Tom Lee", "13912345678", "Go 2", 5),
            ["共3人"],
        ],
        encoding="utf-8-sig",
    )
    write_xlsx(
        folder / "课表.xlsx",
        {
            "课表": [
                ["校区", "班级", "课程", "教师", "星期", "开始时间", "下课时间", "教室", "人数上限"],
                ["城南校区", "Go 1", "围棋", "李洁", "周六", "08:30", "10:00", "101", 2],
                [None, "Go 3", "围棋", "王岩", 6, "9:30", "11:00", "101", 2],
                ["城北校区", "Go 2", "围棋", "李洁", "周六、周日", "10:00", "11:30", "101", 2],
            ]
        },
    )


def test_excellence_figures(tmp_path):
    excellence(tmp_path)

    found = find(read_school(tmp_path))

    assert (found["student_rows"], found["students_meant"], found["siblings"]) == (3, 3, 1)
    assert (found["left_total"], found["balance_mismatch"]) == (45, 0)
    assert found["planted_teacher_clashes"] == []  # back to back
    assert found["room_clashes"] == [{"kind": "room", "a": "Go 1", "b": "Go 3"}]


def test_excellence_branches_stand_above_their_rows(tmp_path):
    excellence(tmp_path)

    school = read_school(tmp_path)

    assert [(row.name, row.branch) for row in school.students] == [
        ("Tom Lee", "城南校区"),
        ("Amy Lee", "城南校区"),
        ("Tom Lee", "城北校区"),
    ]
    assert [row.branch for row in school.classes] == ["城南校区", "城南校区", "城北校区"]
    assert "branch_as_above" in codes(school)


def test_excellence_weekday_and_times_are_put_together(tmp_path):
    excellence(tmp_path)

    assert [slots_of(row) for row in read_school(tmp_path).classes] == [
        ["5 08:30-10:00"],
        ["5 09:30-11:00"],
        ["5 10:00-11:30", "6 10:00-11:30"],
    ]


def test_excellence_rows_that_are_no_data_are_counted_by_kind(tmp_path):
    excellence(tmp_path)

    skipped = read_school(tmp_path).count_skipped()

    assert skipped == {"header": 2, "note": 2, "repeated_header": 1, "subtotal": 1}


# --- branches that nothing says, or one thing ------------------------------------------------------------


def without_branch(row):
    return row[1:]


def test_only_branch_of_the_school_is_everybodys(tmp_path):
    write_xlsx(tmp_path / "员工名单.xlsx", {"员工": [["姓名", "岗位", "校区"], ["李洁", "老师", "东校区"]]})
    write_csv(tmp_path / "学员名单.csv", [STUDENT_TITLES[1:], student_row("王一", "13812345678", "围棋1班")[1:]])

    assert read_school(tmp_path).students[0].branch == "东校区"


def test_student_without_branch_is_where_the_class_is(tmp_path):
    classes = [
        class_row("围棋1班", "李洁", "周六 8:30-10:00"),
        class_row("围棋2班", "李洁", "周日 8:30-10:00", branch="西校区"),
    ]
    write_xlsx(tmp_path / "班级课表.xlsx", {"课表": [CLASS_TITLES, *classes]})
    write_xlsx(
        tmp_path / "学员名单.xlsx",
        {"学员": [STUDENT_TITLES[1:], student_row("王一", "13812345678", "围棋2班")[1:]]},
    )

    assert read_school(tmp_path).students[0].branch == "西校区"


def test_sheets_of_one_name_in_two_books_are_branches(tmp_path):
    student = student_row("王一", "13812345678", "围棋1班")[1:]
    group = class_row("围棋1班", "李洁", "周六 8:30-10:00")[1:]
    write_xlsx(tmp_path / "学员名单.xlsx", {name: [STUDENT_TITLES[1:], student] for name in ("东湖", "西湖")})
    write_xlsx(tmp_path / "班级课表.xlsx", {name: [CLASS_TITLES[1:], group] for name in ("东湖", "西湖")})

    school = read_school(tmp_path)

    assert [row.branch for row in school.students] == ["东湖", "西湖"]
    assert [row.branch for row in school.classes] == ["东湖", "西湖"]
    assert len(school.children) == 1


def test_row_without_branch_takes_none_of_the_others(tmp_path):
    rows = [
        student_row("王一", "13812345678", "围棋1班"),
        student_row("李二", "13912345678", "围棋1班", 校区="西校区"),
        student_row("赵三", "15012345678", "围棋1班"),
        student_row("孙四", "15112345678", "围棋1班", 校区=None),
    ]
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": [STUDENT_TITLES, *rows]})

    school = read_school(tmp_path)

    assert school.students[3].branch == ""


def test_row_of_two_branches_is_told(tmp_path):
    row = student_row("王一", "13812345678", "围棋1班", 校区="东校区、西校区")
    rows = [STUDENT_TITLES, row, student_row("李二", "13912345678", "围棋1班")]
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": rows})

    school = read_school(tmp_path)

    assert "several_branches" in codes(school)
    assert school.students[0].rest == {"校区": "东校区、西校区"}


# --- every row ends somewhere ----------------------------------------------------------------------------


def nothing_else(folder):
    """A book with every kind of row at once."""
    rows = [
        ["东校区学员名单"],
        STUDENT_TITLES,
        student_row("王一", "13812345678", "围棋1班"),
        student_row("王一", "13812345678", "围棋1班"),
        student_row(None, "13912345678", "围棋1班"),
        student_row("123", "13912345678", "围棋1班"),
        [],
        ["以下为新生"],
        student_row("李二", "1391234567", None, 报读课程=None, 购买课时="很多", 剩余课时=None),
        STUDENT_TITLES,
        [None, "小计", *[None] * 5, 40],
    ]
    write_xlsx(folder / "学员名单.xlsx", {"学员": rows})


@pytest.mark.parametrize("make", [sunshine, sapling, excellence, nothing_else])
def test_every_row_of_every_sheet_ends_somewhere(tmp_path, make):
    make(tmp_path)

    school = read_school(tmp_path)

    for table in school.tables:
        rows = [source.row for source in school.endings if (source.file, source.sheet) == (table.file, table.sheet)]
        assert sorted(rows) == list(range(1, max(rows) + 1))
        assert max(rows) == len(table.lines) + len(table.skipped)
    assert len([end for end in school.endings.values() if end == "used"]) == sum(map(len, school.rows.values()))


def test_demo_books_every_row_ends_somewhere():
    school = read_school(settings.BASE_DIR / "demo")

    ends = Counter((source.book, end) for source, end in school.endings.items())
    assert ends["staff", "used"] == 48
    assert ends["classes", "used"] == 153
    assert ends["students", "used"] == 1196
    assert ends["students", "duplicate"] == 11
    assert ends["enquiries", "used"] == 420
    assert sum(ends.values()) == 48 + 153 + 1207 + 420 + 4  # and the titles of each


def test_row_that_cannot_be_used_says_why(tmp_path):
    nothing_else(tmp_path)

    school = read_school(tmp_path)

    errors = [(problem.row, problem.code) for problem in school.problems if problem.severity == "error"]
    assert errors == [(5, "missing_name"), (6, "bad_name")]
    last = school.students[-1]
    assert (last.name, last.left, last.rest) == ("李二", None, {"联系电话": "1391234567", "购买课时": "很多"})
    assert {problem.code for problem in school.problems if problem.row == 9} == {
        *["invalid_phone", "missing_course", "bad_credits", "missing_left"],
    }


def test_problem_tells_sheet_row_column_value_reason_and_mend(tmp_path):
    nothing_else(tmp_path)

    problem = next(problem for problem in read_school(tmp_path).problems if problem.code == "bad_credits")

    told = problem.as_dict()
    assert (told["book"], told["file"], told["sheet"], told["row"]) == (
        "students",
        "学员名单.xlsx",
        "学员",
        9,
    )
    assert (told["column"], told["value"], told["severity"]) == ("购买课时", "很多", "warning")
    assert "很多" in told["reason"]
    assert told["mend"]


def test_columns_say_what_was_understood_as_what(tmp_path):
    sunshine(tmp_path)

    columns = {(item["book"], item["title"]): (item["field"], item["how"]) for item in read_school(tmp_path).columns}

    assert columns["学员名单", "家长手机"] == ("phone", "title")
    assert columns["学员名单", "序号"] == ("", "serial")
    assert columns["学员名单", "微信昵称"] == ("", "unused")


def test_school_in_a_title_row_is_no_part_of_the_branch(tmp_path):
    write_xlsx(
        tmp_path / "员工名单.xlsx",
        {"员工": [["姓名", "岗位", "校区"], ["李洁", "老师", "东校区"], ["王岩", "老师", "西校区"]]},
    )
    rows = [
        ["阳光艺术东校区2026年学员名单"],
        STUDENT_TITLES[1:],
        student_row("王一", "13812345678", "围棋1班")[1:],
    ]
    write_csv(tmp_path / "学员名单.csv", rows)

    assert read_school(tmp_path).students[0].branch == "东校区"
