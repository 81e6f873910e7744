import pytest
from django.core.exceptions import ValidationError

from core.phones import masked, national, parse_phone


@pytest.mark.parametrize("text", ["13812345678", "138 1234 5678", "138-1234-5678", "+86 13812345678", "8613812345678"])
def test_parse_phone_reads_a_mobile_as_people_type_it(text):
    assert parse_phone(text) == "+8613812345678"


def test_parse_phone_keeps_a_foreign_number():
    assert parse_phone("+49 30 901820") == "+4930901820"


@pytest.mark.parametrize("text", ["", "妈妈", "1381234567", "138123456789", "99999"])
def test_parse_phone_refuses_what_nobody_can_call(text):
    with pytest.raises(ValidationError):
        parse_phone(text)


@pytest.mark.parametrize(
    ("phone", "text"), [("+8613812345678", "138 1234 5678"), ("+4930901820", "+49 30 901820"), ("", "")]
)
def test_national_is_the_way_people_dial_it(phone, text):
    assert national(phone) == text


@pytest.mark.parametrize(("phone", "text"), [("+8613812345678", "138****5678"), (None, ""), ("12345", "12345")])
def test_masked_shows_enough_to_recognise(phone, text):
    assert masked(phone) == text
