"""The stand-in's misfortunes: the same for the same seed, in the shares that were asked for."""

from collections import Counter

import pytest
import requests

from messaging.fake_twilio.seeded import FORGED_CODE, Fault, Misfortune
from messaging.fake_twilio.server import FakeTwilio
from tests.messaging.fixtures import ACCOUNT_SID, AUTH_TOKEN, SENDER

FAULTS = (Fault("throttle", 0.2), Fault("drop", 0.1))
PHONES = [f"+8613800{number:06d}" for number in range(2000)]


def test_same_seed_deals_the_same_in_any_order():
    first, second, other = (Misfortune(seed=seed, faults=FAULTS, shuffled=0.5) for seed in (7, 7, 8))

    dealt = {phone: (first.fault(phone, 1), first.reports(phone, 1)) for phone in PHONES}

    assert dealt == {phone: (second.fault(phone, 1), second.reports(phone, 1)) for phone in reversed(PHONES)}
    assert dealt != {phone: (other.fault(phone, 1), other.reports(phone, 1)) for phone in PHONES}
    assert dealt != {phone: (first.fault(phone, 2), first.reports(phone, 2)) for phone in PHONES}


def test_faults_come_as_often_as_asked():
    misfortune = Misfortune(seed=7, faults=FAULTS)

    dealt = Counter(misfortune.fault(phone, 1)[0] for phone in PHONES)

    assert dealt["throttle"] / len(PHONES) == pytest.approx(0.2, abs=0.03)
    assert dealt["drop"] / len(PHONES) == pytest.approx(0.1, abs=0.03)


def test_reports_hold_the_end_once_per_repeat_and_forgeries_beside_it():
    misfortune = Misfortune(seed=7, undelivered=1, shuffled=1, early=1, most_repeats=3, forged=1, unknown=1)

    status, code, early, late = misfortune.reports(PHONES[0], 1)

    genuine = [report for report in early + late if report.is_genuine]
    assert (status, code, len(early)) == ("undelivered", "30005", 1)
    assert {report.status for report in genuine} == {"sending", "sent", "undelivered"}
    assert [report.error_code for report in early + late if not report.is_genuine] == [FORGED_CODE] * 2
    assert Misfortune(seed=7, reported=0).reports(PHONES[0], 1)[2:] == ([], [])


@pytest.fixture
def stand_in():
    """Start a stand-in with this misfortune; what it posts is kept."""
    started = []

    def stand_in(misfortune):
        fake = FakeTwilio(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, misfortune=misfortune)
        fake.start()
        started.append(fake)
        return fake

    yield stand_in
    for fake in started:
        fake.stop()


def write(fake, phone):
    """(HTTP status, code) of a request to send."""
    answer = requests.post(
        f"{fake.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
        data={"To": phone, "From": SENDER, "Body": "x", "StatusCallback": "http://127.0.0.1:1/hook/attempt"},
        auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5,
    )  # fmt: skip
    return answer.status_code, answer.json().get("code")


def test_opt_out_by_chance_holds_from_then_on(stand_in):
    fake = stand_in(Misfortune(faults=(Fault("opt_out", 1),)))

    assert write(fake, PHONES[0]) == (400, 21610)
    assert fake.store.has_opted_out(PHONES[0])


def test_early_report_is_posted_before_the_answer(stand_in, monkeypatch):
    posted = []
    monkeypatch.setattr(
        "messaging.fake_twilio.carrier.Carrier.post", lambda carrier, url, values, signature: posted.append(values)
    )
    fake = stand_in(Misfortune(early=1))

    assert write(fake, PHONES[0]) == (201, None)
    assert posted[0]["MessageStatus"] == "sending"
    assert fake.store.messages()[0]["status"] == "delivered"
