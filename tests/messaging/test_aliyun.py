"""SMS by Aliyun, over HTTP to a stand-in that checks the signature."""

import datetime
import json
from datetime import timedelta

import pytest

from messaging import rendering
from messaging.channels.aliyun import signed_headers
from messaging.models import MessageAttempt, Status
from messaging.registry import Rendered, renders
from messaging.rules import SETTLE
from messaging.services import drain_outbox, reconcile_unknown
from tests.factories import NOW
from tests.messaging.conftest import PHONE
from tests.messaging.stand_ins import AliyunHandler, StandIn

pytestmark = pytest.mark.django_db
LATER = NOW + SETTLE + timedelta(seconds=2)


@pytest.fixture
def aliyun(settings):
    with StandIn(AliyunHandler) as stand_in:
        settings.DEBUG = True
        settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = "id", "secret"
        settings.ALIYUN_SMS_SIGNATURE = "轻校"
        settings.ALIYUN_SMS_BASE_URL = stand_in.url
        yield stand_in


@pytest.fixture
def message(queue, aliyun, branch, monkeypatch):
    """A message whose words the provider has approved, at a branch that sends by Aliyun."""

    @renders("note")
    def note(message, now):
        facts = {"child": "王小明 & 王小红", "time": "18:00~19:00"}
        return Rendered(to=PHONE, text="…", template="note", facts=facts)

    monkeypatch.setattr(rendering, "template_of", lambda *args: "SMS_1540")
    branch.channel_routes.create(purpose="service", position=1, channel="sms_aliyun")
    branch.channel_routes.create(purpose="service", position=2, channel="call")
    return queue()


def test_the_example_of_the_documentation_is_signed_as_it_says(settings):
    """https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature, "fixed parameters"."""
    settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = "YourAccessKeyId", "YourAccessKeySecret"

    headers = signed_headers(
        "RunInstances",
        "2014-05-26",
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        host="ecs.cn-shanghai.aliyuncs.com",
        at=datetime.datetime(2023, 10, 26, 10, 22, 32, tzinfo=datetime.UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )

    assert headers["Authorization"].endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_template_and_variables_are_sent_to_the_national_number(message, aliyun, reload):
    drain_outbox(now=NOW)

    [(action, asked)] = aliyun.requests
    assert (action, asked["PhoneNumbers"], asked["SignName"]) == ("SendSms", "13812345678", "轻校")
    assert (asked["TemplateCode"], json.loads(asked["TemplateParam"])) == (
        "SMS_1540",
        {"child": "王小明 & 王小红", "time": "18:00~19:00"},
    )
    assert asked["OutId"] == message.attempts.get().pk
    assert (reload(message).status, reload(message).channel) == (Status.ACCEPTED, "sms_aliyun")


def test_without_an_approved_template_the_next_channel_goes(message, aliyun, reload, monkeypatch):
    monkeypatch.setattr(rendering, "template_of", lambda *args: "")

    drain_outbox(now=NOW)

    assert (reload(message).channel, aliyun.requests) == ("call", [])


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        ((200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}), "throttled", Status.QUEUED),
        ((400, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}), "rejected", Status.QUEUED),  # by phone call now
        ((400, {"Code": "isv.AMOUNT_NOT_ENOUGH"}), "misconfigured", Status.QUEUED),
        ((400, {"Code": "SignatureDoesNotMatch"}), "misconfigured", Status.QUEUED),
        ((503, {"Code": "ServiceUnavailable"}), "unknown", Status.UNKNOWN),
        ((200, {"Code": "isp.SYSTEM_ERROR"}), "unknown", Status.UNKNOWN),
        ((200, "<html>"), "unknown", Status.UNKNOWN),
        ((None, ""), "unknown", Status.UNKNOWN),
    ],
)
def test_what_an_answer_means(message, aliyun, reload, answer, outcome, status):
    aliyun.answers.append(answer)

    drain_outbox(now=NOW, limit=1)

    assert (message.attempts.get().outcome, reload(message).status) == (outcome, status)


def test_a_number_that_aliyun_refuses_is_called(message, aliyun, reload):
    aliyun.answers.append((400, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}))

    drain_outbox(now=NOW)

    assert (reload(message).channel, reload(message).status) == ("call", Status.ACCEPTED)


def test_a_lost_answer_is_found_in_the_list_by_our_own_id(message, aliyun, reload):
    aliyun.answers.append((None, ""))
    drain_outbox(now=NOW)
    attempt = message.attempts.get()
    aliyun.requests.append(
        ("SendSms", {"PhoneNumbers": "13812345678", "OutId": attempt.pk, "TemplateCode": "SMS_1540"})
    )

    reconcile_unknown(now=LATER)

    assert (reload(message).status, reload(message).provider_sid) == (Status.DELIVERED, f"aliyun-{attempt.pk}")
    assert message.attempts.get().resolved_by == MessageAttempt.ResolvedBy.RECONCILE


def test_what_is_not_in_the_list_is_sent_again(message, aliyun, reload):
    aliyun.answers.append((None, ""))
    drain_outbox(now=NOW)

    reconcile_unknown(now=LATER)
    drain_outbox(now=LATER)

    assert (reload(message).status, message.attempts.count()) == (Status.ACCEPTED, 2)
    assert [asked["PhoneNumber"] for action, asked in aliyun.requests if action == "QuerySendDetails"] == [
        "13812345678"
    ]


def test_a_list_that_cannot_be_read_resolves_nothing(message, aliyun, reload, caplog):
    aliyun.answers += [(None, ""), (200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"})]
    drain_outbox(now=NOW)

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.UNKNOWN
    assert "cannot be read" in caplog.text
    assert PHONE[3:] not in caplog.text
