"""Titles and contents of columns: what is understood as what, and what is not."""

import json

import pytest
from django.utils import translation

from imports.books import BOOKS
from imports.columns import Column, checked_mapping, load_mapping, meanings_of, readings_of, understand
from imports.problems import BookError


def meaning(book_key, title):
    """The best meaning of a title, or None."""
    ranks = meanings_of(book_key, readings_of(title))
    return min(ranks, key=ranks.get) if ranks else None


def understood(book_key, sheet, mapping=None):
    """{title: (field, how)} of a sheet given as {title: values}."""
    columns = [Column(index, title, readings_of(title)) for index, title in enumerate(sheet)]
    understand(BOOKS[book_key], columns, lambda column: sheet[column.title], mapping or {})
    return {column.title: (column.field, column.how) for column in columns}


# --- titles ----------------------------------------------------------------------------------------------

STUDENT_TITLES = {
    "branch": "校区 分校 门店 教学点 校部 所属校区 上课校区 校区名称",
    "name": "姓名 学员 学生 孩子 宝宝 学员姓名 学生姓名 孩子姓名 小朋友姓名 孩子的名字 *姓名 姓名(必填)",
    "birth_date": "出生日期 生日 出生年月日 出生年月 宝宝生日 出生日期(阳历)",
    "guardian": "家长 家长姓名 监护人 联系人 妈妈姓名 姓名(家长)",
    "relation": "关系 与学员关系 与孩子关系 家长关系 称谓",
    "phone": (
        "手机 电话 联系电话 家长手机 手机号码 家长联系方式 联系方式 妈妈电话 mobile Phone 电话(妈妈) 手机号 联系手机"
    ),
    "other_phone": "备用电话 其他电话 第二联系电话 紧急联系电话 紧急联系人电话 电话2 电话(备用)",
    "course": "报读课程 课程 科目 报名课程 所报课程 课程名称",
    "class_name": "班级 班级名称 所在班级 所在班 班名 class",
    "bought": "购买课时 购买 报名课时 总课时 已购 购课节数 课时(总) 课时",
    "gift": "赠送课时 赠送 送了几节 赠 赠课 送课 赠送(节)",
    "used": "已消课时 已消 上了几节 已上 消课 已用课时 已上课时 已上节数 已消耗课时 消耗课时",
    "left": "剩余课时 剩余 余课 还剩 剩余课次 剩余(节) 剩 结余课时 课时余额 还剩几节 课时剩余",
    "paid": "实收金额 实收 缴费金额 学费 金额 学费(元) 已缴金额 实缴",
    "last_day": "有效期至 到期 有效期 截止日期 到期日 到期时间",
    "enrolled_date": "报名日期 缴费日期 报名时间",
    "adviser": "课程顾问 顾问 销售 跟进人",
    "channel": "来源渠道 来源 渠道 招生来源 信息来源",
    "note": "备注 说明 备注信息",
}
CLASS_TITLES = {
    "class_name": "班级 班级名称 班名",
    "teacher": "任课老师 老师 授课教师 主教 主讲老师 教练",
    "room": "教室 上课地点 教室名称 上课教室",
    "schedule": "上课时间 时间 上课时段 排课 上课安排",
    "capacity": "容量 人数上限 满班人数 名额 班级容量 容量(人)",
    "start_date": "开课日期 开班日期",
    "lessons": "总课次 课次 总课时 课时数 总节数",
    "unit_price": "单课时原价(元) 单价 课时单价 原价 每节价格 单课时原价",
    "category": "类别 课程类型 学科类别",
}
STAFF_TITLES = {
    "name": "姓名 员工姓名 老师姓名",
    "role": "岗位 职位 职务 角色",
    "phone": "手机 手机号 联系电话",
}
ENQUIRY_TITLES = {
    "name": "孩子姓名 学员姓名 姓名",
    "course": "意向课程 咨询课程 感兴趣课程 课程",
    "status": "状态 跟进状态 客户状态 跟进阶段",
    "registered_date": "登记日期 咨询日期 来访日期 录入时间",
    "owner": "跟进人 课程顾问 负责人 跟进老师",
    "next_date": "下次跟进 下次跟进时间 回访日期",
}
SPOKEN = [
    (book, field, title)
    for book, titles in {
        "students": STUDENT_TITLES,
        "classes": CLASS_TITLES,
        "staff": STAFF_TITLES,
        "enquiries": ENQUIRY_TITLES,
    }.items()
    for field, words in titles.items()
    for title in words.split(" ")
]


@pytest.mark.parametrize(("book", "field", "title"), SPOKEN)
def test_title_that_schools_use_is_understood(book, field, title):
    assert meaning(book, title) == field


@pytest.mark.parametrize(
    "title",
    [
        *["剩余金额", "消课金额", "推荐人电话", "推荐人", "老师", "老师电话", "身份证号", "年龄", "微信号"],
        *["上课时间", "单价", "欠费", "合同编号", "优惠金额", "班主任电话"],
    ],
)
def test_title_that_only_sounds_alike_is_not_understood(title):
    assert meaning("students", title) is None


@pytest.mark.parametrize(("book", "field"), [(book.key, field) for book in BOOKS.values() for field in book.fields])
def test_title_of_our_own_is_understood(book, field):
    assert meaning(book, BOOKS[book].fields[field].title) == field


def test_titles_of_the_errors_workbook_are_left_alone_in_both_languages():
    from imports.errors_workbook import our_titles

    for language in ("zh-hans", "en"):
        with translation.override(language):
            sheet = {title: ["x"] for title in our_titles()} | {"姓名": ["王一"]}

            assert [understood("students", sheet)[title][1] for title in our_titles()] == ["ours"] * 3


# --- columns together ------------------------------------------------------------------------------------


def test_phones_of_both_parents_are_main_and_other():
    found = understood("students", {"姓名": [], "妈妈电话": [], "爸爸电话": []})

    assert found["妈妈电话"][0] == "phone"
    assert found["爸爸电话"][0] == "other_phone"


def test_better_word_wins_over_the_one_on_the_left():
    found = understood("students", {"姓名": [], "学员姓名": [], "金额": [], "实收金额": []})

    assert found["学员姓名"][0] == "name"
    assert found["实收金额"][0] == "paid"
    assert found["姓名"] == found["金额"] == ("", "unused")


def test_title_with_two_meanings_is_told_by_content():
    dates = understood("classes", {"班级": [], "开班时间": ["2026-09-01", "2026/9/2", "2026.9.3"]})
    times = understood("classes", {"班级": [], "开班时间": ["周六 8:30-10:00", "周日 8:30-10:00"]})

    assert dates["开班时间"][0] == "start_date"
    assert times["开班时间"][0] == "schedule"


def test_guardian_column_full_of_phones_is_the_phone():
    assert understood("students", {"姓名": [], "家长": ["13812345678", "13912345678"]})["家长"] == (
        "phone",
        "content",
    )


def test_unknown_title_over_phones_is_the_phone_and_says_how():
    found = understood("students", {"姓名": ["王一", "李二"], "家长微信": ["13812345678", "139 1234 5678"]})

    assert found["家长微信"] == ("phone", "content")


def test_two_unknown_columns_of_phones_are_not_guessed_between():
    phones = ["13812345678", "13912345678"]
    found = understood("students", {"姓名": [], "家长微信": phones, "接送人": phones})

    assert found["家长微信"] == found["接送人"] == ("", "unused")


def test_mapping_overrules_title_and_content():
    sheet = {"姓名": [], "电话": ["13812345678"] * 2, "家长微信电话": ["13912345678"] * 2}
    mapping = checked_mapping({"学员名单": {"家长微信电话": "phone", "电话": ""}})

    found = understood("students", sheet, mapping["students"])

    assert found["家长微信电话"] == ("phone", "mapping")
    assert found["电话"] == ("", "ignored")


def test_mapping_may_name_a_field_in_chinese():
    assert checked_mapping({"学员名单": {"家长微信电话": "联系电话"}}) == {"students": {"家长微信电话": "phone"}}


@pytest.mark.parametrize(
    "mapping",
    [{"学生": {"电话": "phone"}}, {"学员名单": {"电话": "telefon"}}, {"学员名单": ["电话"]}, ["学员名单"]],
)
def test_mapping_with_an_unknown_name_is_refused(mapping):
    with pytest.raises(BookError):
        checked_mapping(mapping)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"学员名单": {"电话": 5}}'])
def test_mapping_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "mapping.json"
    path.write_text(content)

    with pytest.raises(BookError):
        load_mapping(path)


def test_mapping_file_is_read(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"学员名单": {"家长微信电话": "phone"}}), encoding="utf-8")

    assert load_mapping(path) == {"学员名单": {"家长微信电话": "phone"}}


def test_count_of_rows_is_no_content():
    found = understood("students", {"序号": [1, 2, 3, 1, 2], "编号": ["A7", "B2", "C1", "", ""], "姓名": []})

    assert found["序号"][1] == "serial"
    assert found["编号"][1] == "unused"
