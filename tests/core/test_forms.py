import pytest

from core.forms import TokenMixin, YuanField


def test_every_form_that_is_shown_has_a_token_of_its_own():
    first, second = TokenMixin()["token"].value(), TokenMixin()["token"].value()

    assert first != second
    assert len(first) >= 16


@pytest.mark.parametrize(("typed", "is_changed"), [("12.50", False), ("12.5", False), ("12.51", True), ("", True)])
def test_a_sum_that_is_typed_as_it_was_has_not_changed(typed, is_changed):
    assert YuanField().has_changed(1250, typed) == is_changed
