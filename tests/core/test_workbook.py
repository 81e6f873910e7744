"""Tables as Excel: text stays text, money is a number."""

import datetime
from decimal import Decimal
from io import BytesIO

from openpyxl import load_workbook

from core.workbook import Fen, Sheet, workbook_bytes


def read(*rows):
    [sheet] = load_workbook(BytesIO(workbook_bytes([Sheet("班级", ["名称", "金额"], list(rows))]))).worksheets
    return sheet


def test_money_is_a_number_in_yuan():
    cell = read(["围棋", Fen(128050)])["B2"]

    assert (cell.value, cell.number_format) == (1280.5, "#,##0.00")


def test_text_never_becomes_a_formula():
    cell = read(["=1+1", None])["A2"]

    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_days_and_credits_can_be_counted():
    day, credits = read([datetime.date(2026, 11, 22), Decimal("12.5")])[2]

    assert (day.is_date, day.value.date(), credits.value) == (True, datetime.date(2026, 11, 22), 12.5)


def test_signs_that_excel_refuses_are_left_out():
    assert read(["围\x00棋", None])["A2"].value == "围棋"


def test_a_sheet_of_no_rows_has_its_titles():
    assert [cell.value for cell in read()[1]] == ["名称", "金额"]


def test_what_no_cell_can_hold_is_written_out():
    assert [cell.value for cell in read([float("nan"), float("inf")])[2]] == ["nan", "inf"]


def test_a_text_longer_than_a_cell_is_cut():
    assert len(read(["棋" * 40_000, None])["A2"].value) == 32_000
