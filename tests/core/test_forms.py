from core.forms import TokenMixin


def test_every_form_that_is_shown_has_a_token_of_its_own():
    first, second = TokenMixin()["token"].value(), TokenMixin()["token"].value()

    assert first != second
    assert len(first) >= 16
