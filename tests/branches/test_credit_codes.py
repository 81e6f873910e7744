import pytest
from django.core.exceptions import ValidationError

from branches.credit_codes import CHARACTERS, check_character, clean_credit_code, validate_credit_code

GOOD = ["91350100M000100Y43", "9144030071526726XG", "52110000MJ00000000"[:17] + check_character("52110000MJ0000000")]


@pytest.mark.parametrize("code", GOOD)
def test_a_code_whose_last_character_fits_is_taken(code):
    validate_credit_code(code)


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_character_is_noticed(place):
    code = GOOD[0]
    for other in CHARACTERS.replace(code[place], ""):
        with pytest.raises(ValidationError):
            validate_credit_code(code[:place] + other + code[place + 1 :])


def test_neighbours_changed_about_are_noticed():
    code = GOOD[0]
    for place in range(17):
        if code[place] != code[place + 1]:
            with pytest.raises(ValidationError):
                validate_credit_code(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


@pytest.mark.parametrize("code", ["", "123", "91350100M000100Y4", "91350100M000100Y431", "9135010OM000100Y43"])
def test_what_is_no_code_is_refused(code):
    with pytest.raises(ValidationError):
        validate_credit_code(code)


def test_a_code_is_cleaned_as_people_copy_it():
    assert clean_credit_code(" 9135 0100-m000100y43 ") == GOOD[0]
