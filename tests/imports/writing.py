"""Books for tests: workbooks and text files from plain lists."""

import csv

from openpyxl import Workbook

CLASS_TITLES = [
    "校区",
    "班级",
    "课程",
    "任课老师",
    "教室",
    "上课时间",
    "容量",
    "开课日期",
    "总课次",
    "单课时原价(元)",
]
STUDENT_TITLES = [
    *["校区", "学员姓名", "出生日期", "家长姓名", "联系电话", "报读课程", "班级"],
    *["购买课时", "赠送课时", "已消课时", "剩余课时", "实收金额"],
]


def write_xlsx(path, sheets, *, merges=()):
    """`sheets`: {name: rows}; `merges`: ranges in the first of them."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        worksheet = workbook.create_sheet(name)
        for row in rows:
            worksheet.append(list(row))
    for merged in merges:
        workbook.worksheets[0].merge_cells(merged)
    workbook.save(path)
    return path


def write_csv(path, rows, *, encoding="utf-8", delimiter=","):
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


def class_row(name, teacher, times, *, branch="东校区", course="围棋", room="", seats=10):
    return [branch, name, course, teacher, room, times, seats, "2026-09-01", 20, 80]


def student_row(name, phone, class_name, **values):
    """A row of the students' book that adds up, changed by `values` (titles as in STUDENT_TITLES)."""
    row = dict.fromkeys(STUDENT_TITLES) | {
        "校区": "东校区",
        "学员姓名": name,
        "联系电话": phone,
        "报读课程": "围棋",
        "班级": class_name,
        "购买课时": 20,
        "赠送课时": 0,
        "已消课时": 5,
        "剩余课时": 15,
        "实收金额": 1600,
    }
    return [(row | values)[title] for title in STUDENT_TITLES]


def codes(school):
    """The codes of all problems, for a quick look at what was reported."""
    return [problem.code for problem in school.problems]


STAFF_TITLES = ["姓名", "岗位", "校区", "手机号"]
ENQUIRY_TITLES = ["校区", "孩子姓名", "电话", "意向课程", "状态", "登记日期", "跟进人"]
TITLES = {
    "员工名单": STAFF_TITLES,
    "班级课表": CLASS_TITLES,
    "学员名单": STUDENT_TITLES,
    "意向客户": ENQUIRY_TITLES,
}
TEACHER = ["李洁", "老师", "东校区", "13700000001"]
CLASS = class_row("围棋1班", "李洁", "周六 9:00-10:30", room="101")


def write_books(folder, *, staff=(TEACHER,), classes=(CLASS,), students=(), enquiries=()):
    """A small school's books under our own titles; a book without rows is not there. Returns the folder."""
    folder.mkdir(exist_ok=True)
    for (name, titles), rows in zip(TITLES.items(), (staff, classes, students, enquiries), strict=True):
        (folder / f"{name}.xlsx").unlink(missing_ok=True)
        if rows:
            write_xlsx(folder / f"{name}.xlsx", {name: [titles, *rows]})
    return folder
