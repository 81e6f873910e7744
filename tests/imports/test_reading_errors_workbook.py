"""The errors workbook: the rows with problems as they were, to be mended and put in again."""

from openpyxl import load_workbook

from imports.errors_workbook import write_errors_workbook
from imports.findings import find
from imports.reading import read_school
from tests.imports.writing import STUDENT_TITLES, codes, student_row, write_csv, write_xlsx

DANGEROUS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "=cmd|' /C calc'!A0"]


def errors_of(school, folder):
    folder.mkdir(exist_ok=True)
    path = folder / "errors.xlsx"
    count = write_errors_workbook(school, path)
    return path, count


def school_with_errors(folder):
    rows = [
        student_row("王一", "13812345678", "围棋1班"),
        student_row(None, "13912345678", "围棋1班"),
        student_row("李二", "1391234567", "围棋1班", 出生日期="8月30日"),
    ]
    write_xlsx(folder / "学员名单.xlsx", {"学员": [STUDENT_TITLES, *rows]})
    return read_school(folder)


def test_errors_workbook_holds_the_rows_with_problems_as_they_were(tmp_path):
    path, count = errors_of(school_with_errors(tmp_path), tmp_path / "errors")

    worksheet = load_workbook(path)["学员名单"]
    titles, nameless, broken = worksheet.iter_rows(values_only=True)
    assert count == 2
    assert list(titles[: len(STUDENT_TITLES)]) == STUDENT_TITLES
    assert list(nameless[: len(STUDENT_TITLES)]) == student_row(None, "13912345678", "围棋1班")
    assert (broken[1], broken[2], broken[4]) == ("李二", "8月30日", "1391234567")
    assert "联系电话" in broken[-3]
    assert broken[-1] == "学员名单.xlsx › 学员 › 4"


def test_errors_workbook_put_in_again_has_the_same_problems(tmp_path):
    school = school_with_errors(tmp_path)
    path, _count = errors_of(school, tmp_path / "errors")

    again = read_school(path)

    wanted = {"missing_name", "invalid_phone", "bad_date"}
    assert [code for code in codes(again) if code in wanted] == [code for code in codes(school) if code in wanted]
    assert {column["how"] for column in again.columns} == {"title", "ours"}


def test_errors_workbook_mended_has_no_problems(tmp_path):
    path, _count = errors_of(school_with_errors(tmp_path), tmp_path / "errors")
    workbook = load_workbook(path)
    worksheet = workbook["学员名单"]
    worksheet["B2"], worksheet["C3"], worksheet["E3"] = "赵三", "2016-08-30", "13912345679"
    workbook.save(path)

    school = read_school(path)

    assert [row.name for row in school.students] == ["赵三", "李二"]
    assert set(codes(school)) == {"book_missing"}
    assert all(row.rest == {} for row in school.students)


def test_errors_workbook_put_in_beside_its_book_counts_nothing_twice(tmp_path):
    before = find(school_with_errors(tmp_path))
    errors_of(read_school(tmp_path), tmp_path)

    after = find(read_school(tmp_path))

    assert after["students_meant"] == before["students_meant"]
    assert after["left_total"] == before["left_total"]


def test_errors_workbook_writes_no_formulas(tmp_path):
    rows = [student_row(None, "13812345678", text) for text in DANGEROUS]
    write_csv(tmp_path / "学员名单.csv", [STUDENT_TITLES, *rows])

    path, count = errors_of(read_school(tmp_path), tmp_path / "errors")

    cells = [row[STUDENT_TITLES.index("班级")] for row in load_workbook(path)["学员名单"].iter_rows(min_row=2)]
    assert count == len(DANGEROUS)
    assert [cell.data_type for cell in cells] == ["s"] * len(DANGEROUS)
    assert [cell.value for cell in cells] == DANGEROUS
    assert all(cell.quotePrefix for cell in cells)


def test_errors_workbook_is_understood_without_the_mapping_and_the_names_of_the_sheets(tmp_path):
    """A branch that the sheet's name said, and a phone that only its content or a mapping told."""
    titles = ["学员姓名", "家长微信", "班级", "剩余课时"]
    for branch in ("东校区", "西校区"):
        rows = [
            titles,
            ["王一", "13812345678", "1班", 5],
            ["李二", "13912345678", "1班", 5],
            ["赵三", "139", "1班", "多"],
        ]
        write_xlsx(tmp_path / f"{branch}学员名单.xlsx", {"Sheet1": rows})

    path, count = errors_of(read_school(tmp_path), tmp_path / "errors")
    again = read_school(path)

    assert count == 2
    assert [(row.name, row.branch, row.phone_text) for row in again.students] == [
        ("赵三", "东校区", "139"),
        ("赵三", "西校区", "139"),
    ]


def test_errors_workbook_without_problems_says_so(tmp_path):
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": [STUDENT_TITLES, student_row("王一", "13812345678", "1班")]})

    path, count = errors_of(read_school(tmp_path), tmp_path / "errors")

    assert count == 0
    assert len(load_workbook(path).worksheets) == 1
