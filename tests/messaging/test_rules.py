from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messaging.models import MessageAttempt
from messaging.rules import back_off, classify, next_allowed
from tests.factories import SHANGHAI, at

Outcome = MessageAttempt.Outcome
NIGHT = {"quiet_from": time(21), "quiet_until": time(8)}


@pytest.mark.parametrize(
    ("wall_time", "allowed"),
    [
        ("2026-11-21 20:59", "2026-11-21 20:59"),
        ("2026-11-21 21:00", "2026-11-22 08:00"),
        ("2026-11-22 00:00", "2026-11-22 08:00"),
        ("2026-11-22 07:59", "2026-11-22 08:00"),
        ("2026-11-22 08:00", "2026-11-22 08:00"),
    ],
)
def test_quiet_hours_over_midnight(wall_time, allowed):
    assert next_allowed(at(wall_time), time_zone=SHANGHAI, **NIGHT) == at(allowed)


def test_quiet_hours_within_a_day():
    noon = {"quiet_from": time(12), "quiet_until": time(14)}

    assert next_allowed(at("2026-11-21 13:00"), time_zone=SHANGHAI, **noon) == at("2026-11-21 14:00")
    assert next_allowed(at("2026-11-21 14:00"), time_zone=SHANGHAI, **noon) == at("2026-11-21 14:00")


def test_no_quiet_hours():
    never = {"quiet_from": time(8), "quiet_until": time(8)}

    assert next_allowed(at("2026-11-21 03:00"), time_zone=SHANGHAI, **never) == at("2026-11-21 03:00")


ZONES = [
    "Asia/Shanghai",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
]


@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
    quiet_from=st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
    quiet_until=st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
)
@example(datetime(2026, 10, 25, 1, 10), "Europe/London", time(22), time(1, 30))  # noqa: DTZ001  01:10 the second time
@example(datetime(2026, 3, 29, 0, 30), "Europe/London", time(22), time(1, 30))  # noqa: DTZ001  01:30 does not exist
def test_next_allowed_moment_is_outside_the_quiet_hours(moment, zone, quiet_from, quiet_until):
    moment = moment.replace(tzinfo=UTC)

    allowed = next_allowed(moment, time_zone=zone, quiet_from=quiet_from, quiet_until=quiet_until)

    assert moment <= allowed <= moment + timedelta(hours=26)
    assert next_allowed(allowed, time_zone=zone, quiet_from=quiet_from, quiet_until=quiet_until) == allowed
    if allowed > moment:
        just_before = allowed - timedelta(microseconds=1)
        end_is_skipped = allowed.astimezone(ZoneInfo(zone)).time() != quiet_until
        assert end_is_skipped or next_allowed(
            just_before, time_zone=zone, quiet_from=quiet_from, quiet_until=quiet_until
        ) == allowed  # fmt: skip


@pytest.mark.parametrize(
    ("http_status", "code", "outcome"),
    [
        (429, "20429", Outcome.THROTTLED),
        (429, "429", Outcome.THROTTLED),
        (400, "21611", Outcome.THROTTLED),
        (400, "30610", Outcome.THROTTLED),
        (401, "20003", Outcome.MISCONFIGURED),
        (403, "403", Outcome.MISCONFIGURED),  # a proxy's answer
        (404, "20404", Outcome.MISCONFIGURED),
        (400, "21606", Outcome.MISCONFIGURED),
        (407, "407", Outcome.MISCONFIGURED),
        (400, "21610", Outcome.OPTED_OUT),
        (400, "21211", Outcome.REJECTED),
        (400, "21617", Outcome.REJECTED),
        (408, "408", Outcome.UNKNOWN),
        (500, "20500", Outcome.UNKNOWN),
        (503, "503", Outcome.UNKNOWN),
        (302, "302", Outcome.UNKNOWN),
    ],
)
def test_what_an_error_says_of_the_message(http_status, code, outcome):
    assert classify(http_status, code) == outcome


def test_pauses_grow_up_to_a_quarter_of_an_hour():
    for attempt_count, longest in [(1, 30), (2, 60), (5, 480), (6, 900), (60, 900)]:
        assert longest / 2 <= back_off(attempt_count).total_seconds() <= longest
