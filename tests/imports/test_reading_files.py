"""Files: what is opened, in which encoding, and the one sentence for what is no book."""

import zipfile
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from imports import files
from imports.problems import BookError
from imports.reading import read_school
from tests.imports.writing import STUDENT_TITLES, codes, student_row, write_csv, write_xlsx

ROWS = [
    STUDENT_TITLES,
    student_row("王一", "13812345678", "围棋1班"),
    student_row("李二", "13912345678", "围棋1班"),
]


def names(school):
    return [row.name for row in school.students]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_file_in_any_encoding_is_read(tmp_path, encoding, delimiter):
    write_csv(tmp_path / "学员名单.csv", ROWS, encoding=encoding, delimiter=delimiter)

    assert names(read_school(tmp_path)) == ["王一", "李二"]


def test_text_file_with_line_breaks_in_a_cell_is_read(tmp_path):
    rows = [[*STUDENT_TITLES, "备注"], [*ROWS[1], "妈妈接,\n爸爸送"], [*ROWS[2], '说"好"']]
    write_csv(tmp_path / "学员名单.csv", rows)

    assert [row.note for row in read_school(tmp_path).students] == ["妈妈接, 爸爸送", '说"好"']


def test_workbook_whatever_its_file_is_called_is_known_by_its_titles(tmp_path):
    write_xlsx(tmp_path / "2026秋.xlsx", {"Sheet1": ROWS})

    assert names(read_school(tmp_path)) == ["王一", "李二"]


def test_single_file_is_read(tmp_path):
    assert names(read_school(write_xlsx(tmp_path / "学员名单.xlsx", {"学员": ROWS}))) == ["王一", "李二"]


def test_two_files_of_one_book_are_read_together(tmp_path):
    write_xlsx(tmp_path / "东校区学员名单.xlsx", {"学员": ROWS[:2]})
    write_csv(tmp_path / "西校区学员名单.csv", [ROWS[0], ROWS[2]])

    assert names(read_school(tmp_path)) == ["王一", "李二"]


def test_lock_file_of_excel_and_other_files_are_left_alone(tmp_path):
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": ROWS})
    (tmp_path / "~$学员名单.xlsx").write_bytes(b"locked")
    (tmp_path / ".学员名单.xlsx").write_bytes(b"hidden")
    (tmp_path / "说明.txt").write_text("请看", encoding="utf-8")

    school = read_school(tmp_path)

    assert names(school) == ["王一", "李二"]
    assert [problem.file for problem in school.problems if problem.code == "file_unused"] == ["说明.txt"]


def test_sheets_that_are_no_book_are_told_and_left_alone(tmp_path):
    path = write_xlsx(
        tmp_path / "学员名单.xlsx",
        {"学员": ROWS, "填写说明": [["一、姓名必填"], ["二、电话必填"]], "去年": ROWS, "Sheet3": []},
    )
    workbook = load_workbook(path)
    workbook["去年"].sheet_state = "hidden"
    workbook.save(path)

    school = read_school(tmp_path)

    assert names(school) == ["王一", "李二"]
    unused = [problem.sheet for problem in school.problems if problem.code == "sheet_unused"]
    assert unused == ["填写说明", "去年"]


def test_sheet_that_lists_people_is_not_passed_over(tmp_path):
    people = [["甲", f"1381234567{number}", "东"] for number in range(5)]
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": ROWS, "西校区": people})

    with pytest.raises(BookError, match="西校区"):
        read_school(tmp_path)


def test_missing_books_are_told(tmp_path):
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": ROWS})

    assert codes(read_school(tmp_path)).count("book_missing") == 3


# --- what is no book -------------------------------------------------------------------------------------


def office_file(path, folder):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/document.xml", "<document/>")


def word(path):
    office_file(path, "word")


def photo(path):
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10)


def pdf(path):
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)))


def old_excel(path):
    path.write_bytes(files.OLE + b"\0" * 512 + "Workbook".encode("utf-16-le") + b"\0" * 512)


def encrypted(path):
    path.write_bytes(files.OLE + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512)


def empty(path):
    path.write_bytes(b"")


def empty_workbook(path):
    write_xlsx(path, {"Sheet1": [[None, " "]]})


def truncated(path):
    write_xlsx(path, {"学员": ROWS})
    path.write_bytes(path.read_bytes()[:-200])


def damaged(path):
    """The parts are there, but the sheet is no XML."""
    write_xlsx(path, {"学员": ROWS})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = b"<worksheet><sheetData><row"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (files.LARGEST_UNPACKED + 1))


def many_entries(path):
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(files.MOST_ENTRIES + 1):
            archive.writestr(f"xl/{number}.xml", "")


def prose(path):
    path.write_text("各位家长：\n今天放假，明天照常上课。\n谢谢", encoding="utf-8")


def noise(path):
    path.write_bytes(bytes(range(256)) * 20)


def web_page(path):
    path.write_text("<html><table><tr><td>姓名</td></tr></table></html>", encoding="utf-8")


KINDS = [
    word,
    photo,
    pdf,
    old_excel,
    encrypted,
    empty,
    empty_workbook,
    truncated,
    damaged,
    bomb,
    many_entries,
]


@pytest.mark.parametrize("make", [*KINDS, prose, noise, web_page])
@pytest.mark.parametrize("name", ["学员名单.xlsx", "学员名单.csv"])
def test_file_that_is_no_book_gets_one_sentence_with_its_name(tmp_path, make, name):
    make(tmp_path / name)

    with pytest.raises(BookError, match=name) as caught:
        read_school(tmp_path)

    assert "\n" not in str(caught.value)


def test_old_and_encrypted_workbooks_get_different_sentences(tmp_path):
    sentences = set()
    for make in (old_excel, encrypted, word, truncated, bomb):
        make(tmp_path / "学员名单.xlsx")
        with pytest.raises(BookError) as caught:
            read_school(tmp_path)
        sentences.add(str(caught.value))

    assert len(sentences) == 5


def test_book_under_another_ending_is_still_missed(tmp_path):
    write_xlsx(tmp_path / "员工名单.xlsx", {"员工": [["姓名", "岗位", "手机号"], ["李洁", "老师", "13812345678"]]})
    word(tmp_path / "学员名单.docx")

    with pytest.raises(BookError, match=r"学员名单\.docx"):
        read_school(tmp_path)


def test_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BookError, match="nowhere"):
        read_school(tmp_path / "nowhere")


def test_folder_without_books_is_told(tmp_path):
    (tmp_path / "照片.png").write_bytes(b"\x89PNG")

    with pytest.raises(BookError, match=tmp_path.name):
        read_school(tmp_path)


def test_needed_title_that_is_not_understood_is_named_with_what_was_seen(tmp_path):
    titles = ["校区", "学员姓名", "联络", "班级", "剩余课时"]
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": [titles, ["东校区", "王一", "", "围棋1班", 5]]})

    with pytest.raises(BookError) as caught:
        read_school(tmp_path)

    assert "学员名单.xlsx" in str(caught.value)
    assert "联络" in str(caught.value)
    assert '{"学员名单": {"title": "phone"}}' in str(caught.value)


def test_mapping_mends_a_title_that_is_not_understood(tmp_path):
    titles = ["校区", "学员姓名", "联络", "班级", "剩余课时"]
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": [titles, ["东校区", "王一", "13812345678", "围棋1班", 5]]})

    school = read_school(tmp_path, {"学员名单": {"联络": "phone"}})

    assert school.students[0].phone == "+8613812345678"


def test_sheet_that_claims_a_million_columns_or_rows_is_read_by_what_it_has(tmp_path):
    path = write_xlsx(tmp_path / "学员名单.xlsx", {"学员": ROWS})
    workbook = load_workbook(path)
    workbook["学员"]["XFD5"] = "far"
    workbook["学员"]["A90000"] = " "
    workbook["学员"]["A80000"] = "制表：王会计"
    workbook.save(path)

    assert names(read_school(tmp_path)) == ["王一", "李二"]


@given(st.binary(max_size=300), st.sampled_from(["学员名单.xlsx", "学员名单.csv", "x.xlsx", "课表.tsv"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, name):
    folder = tmp_path_factory.mktemp("books")
    (folder / name).write_bytes(content)

    with pytest.raises(BookError):
        read_school(folder)


CELL = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from([*STUDENT_TITLES, "合计", "小计", "周六 8:30-10:00", "13812345678", "围棋1班", "东校区", "=1+1"]),
    st.integers(-100, 50_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 (as openpyxl gives it)
)


@given(st.lists(st.lists(CELL, max_size=len(STUDENT_TITLES)), max_size=8), st.booleans())
def test_any_cells_below_the_titles_are_accounted_for(rows, has_titles):
    from imports.reading import School, _read_rows
    from imports.tables import read_table

    sheet = files.RawSheet(
        "学员名单.xlsx",
        "学员",
        ([tuple(STUDENT_TITLES)] if has_titles else []) + [tuple(row) for row in rows],
    )
    try:
        table = read_table(sheet, {})
    except BookError:
        return
    if table:
        school = School(tables=[table])
        _read_rows(school, table)
        assert sorted(source.row for source in school.endings) == list(range(1, len(sheet.rows) + 1))
