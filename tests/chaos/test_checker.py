"""The checker of the chaos harness: each kind of broken history is seen, and a whole one passes."""

from dataclasses import replace

import pytest

from config.chaos.history import Accepted, History, Row, judge
from config.chaos.spec import Occurrence
from messaging.models import Status

FAMILY_WITH_EQUAL_TEXTS = 14  # the first of its two children


def whole_history(*indices):
    """Every text was sent once, and the outbox knows."""
    occurrences = [Occurrence(index) for index in indices or range(4)]
    return History(
        occurrences=occurrences,
        accepted=[
            Accepted(f"SM{one.index}", one.phone, one.body, f"attempt {one.index}", "delivered") for one in occurrences
        ],
        rows=[Row(one.dedupe_key, Status.DELIVERED, f"SM{one.index}", one.phone, one.body) for one in occurrences],
        attempts={f"attempt {one.index}" for one in occurrences},
        events=[(f"attempt {one.index}", "delivered") for one in occurrences],
    )


def counts(history):
    verdict = judge(history)
    return {
        name: count
        for name in ("lost", "duplicate", "false", "unresolved")
        if (count := getattr(verdict, name))
    }  # fmt: skip


@pytest.fixture
def history():
    return whole_history()


def test_whole_history_is_clean(history):
    assert judge(history).is_clean
    assert judge(whole_history(FAMILY_WITH_EQUAL_TEXTS, FAMILY_WITH_EQUAL_TEXTS + 1)).is_clean


def test_text_that_never_came_is_lost(history):
    history.accepted.pop(0)
    history.rows[0] = Row(history.rows[0].dedupe_key, Status.EXPIRED)
    history.events.pop(0)

    assert counts(history) == {"lost": 1}


def test_occurrence_that_was_never_planned_is_lost(history):
    for records in (history.accepted, history.rows, history.events):
        records.pop(0)

    assert counts(history) == {"lost": 1}


def test_text_that_came_twice_is_a_duplicate(history):
    history.accepted.append(replace(history.accepted[0], sid="SM again"))

    assert counts(history) == {"duplicate": 1}


def test_one_text_of_two_equal_ones_is_lost_and_a_third_is_a_duplicate():
    history = whole_history(FAMILY_WITH_EQUAL_TEXTS, FAMILY_WITH_EQUAL_TEXTS + 1)
    history.accepted.append(replace(history.accepted[0], sid="SM again"))
    assert counts(history) == {"duplicate": 1}

    history.accepted[:] = history.accepted[:1]
    assert counts(history) == {"lost": 1, "false": 2}  # and the row and the report of the one that never came


def test_row_that_is_written_twice_is_a_duplicate(history):
    history.rows.append(replace(history.rows[0], status=Status.SUPPRESSED, sid=""))

    assert counts(history)["duplicate"] == 1


def test_accepted_without_the_provider_is_false_and_lost(history):
    history.accepted.pop(0)

    assert counts(history) == {"lost": 1, "false": 2}  # the row, and the report on nothing


def test_delivered_that_was_not_delivered_is_false(history):
    history.accepted[0] = replace(history.accepted[0], status="undelivered")
    history.events.pop(0)

    assert counts(history) == {"false": 1}


def test_another_text_than_was_sent_is_false(history):
    history.rows[0] = replace(history.rows[0], body="【轻校】other words")

    assert counts(history) == {"false": 1}


def test_text_without_a_committed_attempt_is_false(history):
    history.attempts.remove("attempt 0")

    assert counts(history) == {"false": 1}


def test_report_that_the_provider_never_made_is_false(history):
    history.events.append(("attempt 0", "failed"))

    assert counts(history) == {"false": 1}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN, Status.NEEDS_REVIEW])
def test_message_without_an_end_is_unresolved_and_not_lost(history, status):
    history.accepted.pop(0)
    history.events.pop(0)
    history.rows[0] = Row(history.rows[0].dedupe_key, status)

    assert counts(history) == {"unresolved": 1}


def test_message_to_somebody_who_opted_out_is_not_lost(history):
    one = history.occurrences[0]
    history.accepted.pop(0)
    history.events.pop(0)
    history.rows[0] = Row(one.dedupe_key, Status.SUPPRESSED)
    assert counts(history) == {"lost": 1}

    history.opted_out.add(one.phone)

    assert judge(history).is_clean
