from io import BytesIO

import pytest
from pypdf import PdfReader
from reportlab.lib.pagesizes import A4
from reportlab.platypus import Spacer
from reportlab.platypus.doctemplate import LayoutError

from core.pdf import FONT, RARE_FONT, Sheet, build, build_sheets, font_of, paragraph, runs
from tests.papers import text_of

RARE = ["王㛃", "李𠅤", "䶮雨", "张喆", "陈玥", "刘龑", "赵𩧿", "孙𡛟涵", "𣲗𬭎", "㐀㵘", "镕〇"]


def pdf_of(*texts):
    return build([paragraph(text) for text in texts], title="t", page_size=A4, margin=40)


@pytest.mark.parametrize("name", RARE)
def test_a_rare_name_can_be_copied_out_of_the_paper(name):
    assert name in text_of(pdf_of(f"学员 {name} 同学"))


def test_a_character_of_the_rare_font_is_embedded_with_it():
    fonts = PdfReader(BytesIO(pdf_of("孙𡛟涵"))).pages[0]["/Resources"]["/Font"].values()

    embedded = [font.get_object() for font in fonts if RARE_FONT in font.get_object()["/BaseFont"]]
    assert [("/FontFile2" in font["/FontDescriptor"]) for font in embedded] == [True]


def test_what_no_font_has_is_shown_by_its_code():
    assert font_of("\U0002a6d6") is None
    assert runs("周\U0002a6d6") == [(FONT, "周"), (FONT, "〔U+2A6D6〕")]
    assert "周〔U+2A6D6〕 〔U+1F600〕" in text_of(pdf_of("周\U0002a6d6 😀"))


def test_every_character_of_ordinary_names_is_in_the_first_font():
    """U+4E00 to U+9FA5: what an identity card could be written with until 2006; extension A but ten."""
    assert {font_of(chr(code)) for code in range(0x4E00, 0x9FA6)} == {FONT}
    assert sum(font_of(chr(code)) != FONT for code in range(0x3400, 0x4DB6)) <= 10


def test_names_are_text_and_never_markup_in_either_font():
    assert "<b>𡛟&甲" in text_of(pdf_of("<b>𡛟&甲"))


def test_a_roll_is_as_long_as_what_is_on_it():
    sheets = [Sheet([paragraph("一")] * lines, 200, None, 10) for lines in (1, 11)]

    short, long = (page.mediabox.height for page in PdfReader(BytesIO(build_sheets(sheets, title="t"))).pages)

    assert (short, long) == (34, 174)


def test_a_sheet_that_is_too_long_goes_on_to_the_next_page():
    pdf = build_sheets([Sheet([paragraph("一")] * 60, *A4, 40), Sheet([paragraph("二")], *A4, 40)], title="t")

    texts = [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]
    assert ["一" in text for text in texts] == [True, True, False]
    assert "二" in texts[2]


def test_what_fits_no_page_is_refused():
    with pytest.raises(LayoutError):
        build_sheets([Sheet([Spacer(10, 10_000)], *A4, 40)], title="t")


def test_a_mark_stands_on_the_page():
    pdf = build_sheets([Sheet([paragraph("一")], *A4, 40, "作废")], title="t")

    assert "作废" in PdfReader(BytesIO(pdf)).pages[0].extract_text()
