"""Two people sign the same day at the same moment."""

import pytest

from day_close.figures import Figures
from day_close.models import DayClose
from day_close.services import DayCloseError, sign_off
from tests.factories import NOW, TODAY, UserFactory
from tests.races import at_once, check_refusals, with_own_connection

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_signs_and_the_others_read_who_did(branch, one_race_at_a_time):
    people = UserFactory.create_batch(4)
    seen = Figures.of(branch, TODAY, now=NOW).mark
    facts = {"opening_cash_minor": 0, "counted_cash_minor": 0, "note": "", "now": NOW, "seen": seen}

    def sign(person):
        return lambda: with_own_connection(lambda: sign_off(branch=branch, day=TODAY, by=person, **facts))

    results = at_once([sign(person) for person in people])

    assert check_refusals(results, DayCloseError) == 1
    winner = DayClose.objects.get().signed_by.name
    assert [winner in str(result) for result in results if isinstance(result, Exception)] == [True] * 3
