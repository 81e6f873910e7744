import pytest

from core.names import clean_name, initials


@pytest.mark.parametrize(("name", "letters"), [("田萍", "tp"), ("欧阳娜娜", "oynn"), ("Lily 王", "lw"), ("", "")])
def test_initials_are_those_of_the_pinyin(name, letters):
    assert initials(name) == letters


def test_initials_fit_their_column():
    assert len(initials("萍" * 50)) == 20


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("田　萍 ", "田萍"),
        (" 田 萍", "田萍"),
        ("Anna  Lee", "Anna Lee"),
        ("José  García", "José García"),
        ("Lily 王", "Lily王"),
        ("Ｌｉｌｙ", "Lily"),
        ("阿依古丽 • 买买提", "阿依古丽·买买提"),
        ("'田萍\u200b", "田萍"),
    ],
)
def test_clean_name_takes_out_the_blanks_nobody_meant(text, name):
    assert clean_name(text) == name
