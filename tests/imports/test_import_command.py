"""`manage.py import_school`: what it writes, what it says, and that it refuses in one sentence."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, OperationalError
from openpyxl import load_workbook

from branches.models import Branch, User
from courses.models import Course
from imports.management.commands import import_school as command
from students.models import Student
from tests.imports.writing import STUDENT_TITLES, student_row, write_books, write_xlsx

pytestmark = pytest.mark.django_db
ROWS = [student_row("王一", "13812345678", "围棋1班"), student_row("李二", "1391234567", "围棋1班")]


@pytest.fixture
def books(tmp_path):
    return write_books(tmp_path / "books", students=ROWS)


@pytest.fixture
def run(capsys):
    """Run the command; (its output, its complaint, its exit code)."""

    def run(*arguments):
        try:
            call_command("import_school", *map(str, arguments))
            code = 0
        except SystemExit as end:
            code = end.code
        return (*capsys.readouterr(), code)

    return run


def is_untouched():
    return not any(table.objects.exists() for table in (Branch, User, Course, Student))


def refuses(result, *words):
    """Exit code 1 and one line that holds `words`; nothing in the database."""
    output, complaint, code = result
    assert (output, code) == ("", 1)
    assert len(complaint.splitlines()) == 1
    assert all(str(word) in complaint for word in words), complaint
    return is_untouched()


# --- what it does --------------------------------------------------------------------------------------------------


def test_report_and_errors_are_written(run, books, tmp_path):
    output, _complaint, code = run(books, "--report", tmp_path / "r.json", "--errors", tmp_path / "e.xlsx")

    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert code == 0
    assert (report["students_meant"], report["left_total"], report["invalid_phone"]) == (2, 30, 1)
    [row] = [row for row in report["rows"] if row["code"] == "invalid_phone"]
    assert (row["sheet"], row["row"], row["column"], row["value"]) == ("学员名单", 3, "联系电话", "1391234567")
    assert [cell.value for cell in load_workbook(tmp_path / "e.xlsx")["学员名单"][2]][1] == "李二"
    assert "1391234567" in output
    assert str(report["changes"]) in output.splitlines()[-1]
    assert "students_meant" not in output  # people read words, not keys


def test_dry_run_writes_files_and_nothing_else(run, books, tmp_path):
    _output, _complaint, code = run(
        books, "--dry-run", "--report", tmp_path / "r.json", "--passwords", tmp_path / "p.csv"
    )

    assert code == 0
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["created"]["students"] == 2
    assert not (tmp_path / "p.csv").exists()
    assert is_untouched()


def test_second_run_says_that_nothing_changed(run, books):
    run(books)

    output, _complaint, code = run(books)

    assert code == 0
    assert "0" in output.splitlines()[-1]


def test_passwords_are_written_and_counted(run, books, tmp_path):
    output, _complaint, code = run(books, "--passwords", tmp_path / "p.csv")

    assert code == 0
    assert str(tmp_path / "p.csv") in output.splitlines()[-1]
    assert len((tmp_path / "p.csv").read_text(encoding="utf-8-sig").splitlines()) == 2


def test_mapping_tells_a_column(run, tmp_path):
    titles = ["亲手机" if title == "联系电话" else title for title in STUDENT_TITLES]
    folder = write_books(tmp_path / "books")
    write_xlsx(folder / "学员名单.xlsx", {"学员": [titles, ROWS[0]]})
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"学员名单": {"亲手机": "phone"}}), encoding="utf-8")

    _output, _complaint, code = run(folder, "--mapping", mapping)

    assert code == 0
    assert Student.objects.get().guardians.get().phone == "+8613812345678"


def test_problems_beyond_a_screen_are_counted(run, tmp_path):
    rows = [
        student_row(f"王一{letter}", "139", "围棋1班", 出生日期=None)
        for letter in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
    ]

    output, _complaint, _code = run(write_books(tmp_path / "books", students=rows), "--report", tmp_path / "r.json")

    problems = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["rows"]
    told = [problem for problem in problems if problem["severity"] != "note"]
    assert sum("学员名单.xlsx" in line for line in output.splitlines()) <= command.SHOWN < len(rows)
    assert f" {len(told) - command.SHOWN} " in output.splitlines()[-2]


# --- books that cannot be used ---------------------------------------------------------------------------------------


def test_missing_folder_is_refused(run, tmp_path):
    assert refuses(run(tmp_path / "nowhere"), "nowhere")


def test_folder_without_books_is_refused(run, tmp_path):
    assert refuses(run(tmp_path), tmp_path)


def test_title_that_is_not_understood_is_refused(run, books):
    titles = ["甲乙丙丁" if title == "联系电话" else title for title in STUDENT_TITLES]
    rows = [
        [cell if title != "甲乙丙丁" else "见微信" for title, cell in zip(titles, row, strict=True)] for row in ROWS
    ]
    write_xlsx(books / "学员名单.xlsx", {"学员": [titles, *rows]})

    assert refuses(run(books), "学员名单.xlsx", "甲乙丙丁")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WRONG_FILES = {
    "Word": OLE + "WordDocument".encode("utf-16-le"),
    "photo": b"\xff\xd8\xff\xe0" + bytes(range(256)),
    "encrypted": OLE + "EncryptedPackage".encode("utf-16-le"),
    "old Excel": OLE + b"Workbook",
    "empty": b"",
    "no text": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("content", WRONG_FILES.values(), ids=WRONG_FILES)
def test_wrong_file_is_refused(run, books, content):
    (books / "学员名单.xlsx").write_bytes(content)

    assert refuses(run(books), "学员名单.xlsx")


@pytest.mark.parametrize("name", ["学员名单.docx", "学员名单.xlsx"])
def test_document_of_word_is_refused(run, books, name):
    (books / "学员名单.xlsx").unlink()
    with zipfile.ZipFile(books / name, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")

    assert refuses(run(books), name)


def test_truncated_book_is_refused(run, books):
    book = books / "学员名单.xlsx"
    book.write_bytes(book.read_bytes()[: book.stat().st_size // 2])

    assert refuses(run(books), "学员名单.xlsx")


def test_school_without_any_branch_is_refused(run, tmp_path):
    write_xlsx(tmp_path / "学员名单.xlsx", {"学员": [STUDENT_TITLES[1:], *[row[1:] for row in ROWS]]})

    assert refuses(run(tmp_path), "校区")


@pytest.mark.parametrize("content", [None, "no JSON", '{"学员名单": {"电话": "moon"}}', "[]"])
def test_mapping_that_cannot_be_used_is_refused(run, books, tmp_path, content):
    path = tmp_path / "mapping.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    assert refuses(run(books, "--mapping", path))


# --- files that cannot be written ------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--report", "--errors", "--passwords"])
def test_file_that_cannot_be_written_is_refused_before_the_import(run, books, tmp_path, option):
    assert refuses(run(books, option, tmp_path / "nowhere" / "file"), "nowhere")
    assert refuses(run(books, option, tmp_path), tmp_path)


@pytest.mark.parametrize("option", ["--report", "--errors", "--passwords"])
def test_book_is_never_written_over(run, books, option):
    book = books / "学员名单.xlsx"
    content = book.read_bytes()

    assert refuses(run(books, option, book), "学员名单.xlsx")
    assert book.read_bytes() == content


def test_two_outputs_in_one_file_are_refused(run, books, tmp_path):
    assert refuses(run(books, "--report", tmp_path / "x", "--errors", tmp_path / "x"), tmp_path / "x")


def test_list_of_passwords_is_not_written_over(run, books, tmp_path):
    (tmp_path / "p.csv").write_text("last week's")

    assert refuses(run(books, "--passwords", tmp_path / "p.csv"), "p.csv")
    assert (tmp_path / "p.csv").read_text() == "last week's"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
@pytest.mark.parametrize("option", ["--report", "--errors"])
def test_full_disk_leaves_the_database_untouched(run, books, option):
    assert refuses(run(books, option, "/dev/full"), "/dev/full")


def test_passwords_that_cannot_be_written_are_told_after_the_import(run, books, tmp_path, monkeypatch):
    def fail(_users, _path):
        raise OSError("disk full")

    monkeypatch.setattr(command, "give_passwords", fail)

    _output, complaint, code = run(books, "--passwords", tmp_path / "p.csv")

    assert (code, "disk full" in complaint) == (1, True)
    assert Student.objects.count() == 2


# --- databases that cannot be used ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked"), IntegrityError("duplicate\nDETAIL: Key (phone)=(+86138…)")]
)
def test_database_that_refuses_is_told_in_one_line(run, books, monkeypatch, error):
    def refuse(**_facts):
        User.objects.create(username="half")
        raise error

    monkeypatch.setattr(command, "write_school", refuse)

    assert refuses(run(books), str(error).split("\n")[0])


def test_database_of_another_version_is_refused(run, books, monkeypatch):
    monkeypatch.setattr(command, "has_pending_migrations", lambda: True)

    assert refuses(run(books), "migrate")


def start(folder, *arguments, **env):
    """The command in a process of its own, as a user starts it, with a folder of its own for the database."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", "import_school", *arguments],
        env=kept | {"VAR_DIR": str(folder / "var")} | env,
        text=True,
        capture_output=True,
        timeout=120,
    )


def test_fresh_clone_needs_no_other_step(books, tmp_path):
    trial = start(tmp_path, books, "--dry-run", "--report", tmp_path / "trial.json")
    real = start(tmp_path, books, "--report", tmp_path / "real.json")

    reports = [json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) for name in ("trial", "real")]
    assert (trial.returncode, real.returncode, real.stderr) == (0, 0, "")
    assert reports[0]["changes"] == reports[1]["changes"] > 0  # the trial left nothing behind


def test_database_that_cannot_be_reached_is_refused(books, tmp_path):
    result = start(tmp_path, books, DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")

    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)


def test_database_that_is_none_is_refused(books, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "qingxiao.sqlite3").write_bytes(b"no database" * 100)

    result = start(tmp_path, books)

    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
