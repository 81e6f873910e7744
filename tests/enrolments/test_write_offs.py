"""What is left after its validity goes only by two people, and comes back."""

from datetime import timedelta

import pytest

from enrolments.models import WriteOff
from enrolments.services import (
    WriteOffError,
    approve_write_off,
    correct_credits,
    extend_validity,
    request_write_off,
    reverse_write_off,
    withdraw_write_off,
)
from tests.factories import NOW, EnrolmentFactory, desk_of, manager_of, sell
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=31)


@pytest.fixture
def lot(branch):
    return sell(EnrolmentFactory(branch=branch), 10, gift_credits=1, price_minor=1000_00, validity_days=30)


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def manager(branch):
    return manager_of(branch)


def ask(lot, by, now=LATER):
    return request_write_off(lot=lot, reason="过期一年，家长失联", by=by, now=now)


def figures(lot):
    lot.refresh_from_db()
    return lot.credits_left, lot.value_left_minor, lot.released_minor


def test_asking_moves_nothing_and_approving_does(lot, desk, manager):
    write_off = ask(lot, desk)
    assert figures(lot) == (11, 1000_00, 0)

    for _click in range(2):
        approve_write_off(write_off=write_off, by=manager, now=LATER)

    assert figures(lot) == (0, 0, 1000_00)
    assert {entry.kind for entry in lot.entries.filter(reference=write_off.reference)} == {"expiry"}


def test_asking_twice_asks_once(lot, desk, manager):
    assert ask(lot, desk) == ask(lot, manager)


def test_nobody_approves_what_he_asked_for(lot, manager):
    with pytest.raises(WriteOffError):
        approve_write_off(write_off=ask(lot, manager), by=manager, now=LATER)


def test_the_desk_approves_nothing(lot, desk, branch):
    with pytest.raises(WriteOffError):
        approve_write_off(write_off=ask(lot, desk), by=desk_of(branch), now=LATER)


def test_putting_back_gives_the_same_credits_and_fen(lot, desk, manager):
    write_off = ask(lot, desk)
    approve_write_off(write_off=write_off, by=manager, now=LATER)

    for _click in range(2):
        reverse_write_off(write_off=write_off, reason="家长回来了", by=manager, now=LATER)

    assert figures(lot) == (11, 1000_00, 0)
    assert lot.enrolment.credit_entries.order_by("sequence").last().kind == "restore"


def test_what_is_valid_is_not_written_off(lot, desk):
    with pytest.raises(WriteOffError):
        ask(lot, desk, now=NOW)


def test_what_became_valid_again_is_not_written_off(lot, desk, manager):
    write_off = ask(lot, desk)
    extend_validity(lots=[lot], days=60, reason="停课", by=desk, now=LATER)

    with pytest.raises(WriteOffError):
        approve_write_off(write_off=write_off, by=manager, now=LATER)


def test_what_has_moved_since_is_asked_for_anew(lot, desk, manager):
    write_off = ask(lot, desk)
    correct_credits(lot=lot, difference=1, reason="补记", by=manager, now=LATER, token="form-1")

    with pytest.raises(WriteOffError):
        approve_write_off(write_off=write_off, by=manager, now=LATER)


def test_withdrawing_leaves_all_as_it_is_and_is_final(lot, desk, manager):
    write_off = ask(lot, desk)
    for _click in range(2):
        withdraw_write_off(write_off=write_off, reason="再联系", by=desk, now=LATER)

    assert figures(lot) == (11, 1000_00, 0)
    with pytest.raises(WriteOffError):
        approve_write_off(write_off=write_off, by=manager, now=LATER)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("writeoff_reason", {"reason": ""}),
        ("writeoff_approved_when", {"status": "approved"}),
        ("writeoff_second_person", {"status": "approved", "approved_at": NOW, "approved_by": "desk"}),
        ("writeoff_ended_when", {"status": "withdrawn"}),
    ],
)
def test_the_database_refuses(lot, desk, constraint, fields):
    facts = {name: desk if value == "desk" else value for name, value in fields.items()}
    defaults = {"lot": lot, "credits": 1, "value_minor": 1, "reason": "过期", "requested_at": NOW, "requested_by": desk}

    with refused_by(constraint):
        WriteOff.objects.create(**defaults | facts)


def test_a_lot_waits_once(lot, desk):
    ask(lot, desk)

    with refused_by("writeoff_one_open"):
        WriteOff.objects.create(lot=lot, credits=1, value_minor=1, reason="过期", requested_at=NOW, requested_by=desk)
