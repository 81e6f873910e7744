"""Columns that are called like a custom field of the school: taken over, reported cell by cell, completed later."""

import datetime

import pytest

from imports.services import import_school
from students.models import Enquiry, Student
from students.services import add_custom_field, retire_custom_field
from tests.factories import NOW
from tests.imports.writing import ENQUIRY_TITLES, STUDENT_TITLES, student_row, write_books, write_xlsx

pytestmark = pytest.mark.django_db
PHONE = "13812345678"
LONG = "长" * 201
TITLES = ["身高(米)", "约访日", "英语基础", "要接送", "爱好", "微信昵称"]


@pytest.fixture
def fields():
    """The fields of the school, by their names."""
    kinds = {"身高（米）": "number", "约访日": "date", "英语基础": "choice", "要接送": "yes_no", "爱好": "text"}
    return {
        label: add_custom_field(
            label=label,
            kind=kind,
            choices=["零基础", "学过半年"] if kind == "choice" else [],
            is_for_student=True,
            is_for_enquiry=True,
        )
        for label, kind in kinds.items()
    }


@pytest.fixture
def put_in(tmp_path):
    """Import the school's books and one with columns of its own: its name, its titles, its rows."""

    def put_in(name, titles, *rows):
        folder = write_books(tmp_path / "books")
        write_xlsx(folder / f"{name}.xlsx", {name: [titles, *rows]})
        return import_school(directory=folder, now=NOW)

    return put_in


@pytest.fixture
def put_in_enquiry(put_in):
    """One enquiry, with these cells below `titles`."""
    known = ["东校区", "田萍", PHONE, "围棋", "新", "2026-11-01", ""]
    return lambda *cells, titles=TITLES: put_in("意向客户", [*ENQUIRY_TITLES, *titles], [*known, *cells])


def kept(fields, **values):
    return {fields[label].key: value for label, value in values.items()}


def test_an_enquiry_gets_what_the_columns_say(put_in_enquiry, fields):
    level = fields["英语基础"].choices.get(label="学过半年")

    report = put_in_enquiry(1.5, datetime.date(2026, 12, 3), "学过半年", "无", " 围棋 ", "tian88")

    enquiry = Enquiry.objects.get()
    assert enquiry.custom_values == kept(
        fields, **{"身高（米）": "1.5", "约访日": "2026-12-03", "英语基础": level.pk, "要接送": False, "爱好": "围棋"}
    )
    assert "tian88" in enquiry.note
    assert "围棋" not in enquiry.note
    assert {column["how"] for column in report.school.columns if column["title"] in TITLES[:-1]} == {"custom"}


@pytest.mark.parametrize(
    ("title", "cell"),
    [("身高(米)", "高"), ("约访日", "下周"), ("英语基础", "很好"), ("要接送", "看情况"), ("爱好", LONG)],
)
def test_a_cell_that_is_no_value_is_reported_and_the_row_is_used(put_in_enquiry, fields, title, cell):
    report = put_in_enquiry(cell, titles=[title])

    assert Enquiry.objects.get().custom_values == {}
    (problem,) = [problem for problem in report.run.problems if problem.column == title]
    assert problem.row == 2
    assert problem.value == cell
    assert problem.reason
    assert problem.mend


def test_a_second_run_fills_what_was_missing_and_tells_what_differs(put_in_enquiry, fields):
    put_in_enquiry("", "", "零基础", "", "围棋", "")
    beginner = fields["英语基础"].choices.first()

    report = put_in_enquiry(1.2, "", "学过半年", "", "围棋", "")

    assert Enquiry.objects.get().custom_values == kept(
        fields, **{"身高（米）": "1.2", "英语基础": beginner.pk, "爱好": "围棋"}
    )
    differing = [problem for problem in report.run.problems if problem.code == "book_differs"]
    assert [(problem.column, problem.value) for problem in differing] == [("英语基础", "学过半年")]
    assert "零基础" in differing[0].reason
    assert put_in_enquiry(1.2, "", "零基础", "", "围棋", "").changes == 0


def test_a_child_gets_what_any_of_its_rows_says(put_in, fields):
    again = student_row("田萍", PHONE, "", 报读课程="象棋")

    put_in(
        "学员名单",
        [*STUDENT_TITLES, "爱好", "要接送"],
        [*student_row("田萍", PHONE, "围棋1班"), "画画", ""],
        [*again, "跑步", "是"],
    )

    assert Student.objects.get().custom_values == kept(fields, 爱好="画画", 要接送=True)


def test_a_field_of_ones_own_takes_what_would_else_go_into_the_note(put_in_enquiry):
    field = add_custom_field(label="就读学校", kind="text", is_for_enquiry=True)

    put_in_enquiry("实验小学", titles=["就读学校"])

    enquiry = Enquiry.objects.get()
    assert enquiry.custom_values == {field.key: "实验小学"}
    assert "实验小学" not in enquiry.note


def test_a_retired_field_takes_nothing(put_in_enquiry, fields):
    retire_custom_field(field=fields["爱好"])

    put_in_enquiry("围棋", titles=["爱好"])

    enquiry = Enquiry.objects.get()
    assert enquiry.custom_values == {}
    assert "围棋" in enquiry.note
