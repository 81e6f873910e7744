"""A family writes back; the desk answers from the page it was led to."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from messaging.inbound import receive
from messaging.models import OutboundMessage, Status
from messaging.services import queue_message
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, GuardianshipFactory, desk_of

pytestmark = pytest.mark.browser
PHONE = "+8613812345678"


@pytest.fixture
def reply(branch):
    tie = GuardianshipFactory(student__branches=[branch], student__name="田萍", guardian__name="田妈妈")
    message = queue_message(
        branch=branch,
        recipient=f"guardian:{tie.guardian_id}",
        about=f"student:{tie.student_id}",
        kind="class_reminder",
        subject="lesson:1",
        occurrence="24h",
        due_at=NOW,
        useful_until=NOW + timedelta(days=1),
    )
    OutboundMessage.objects.filter(pk=message.pk).update(
        status=Status.DELIVERED,
        status_at=NOW,
        attempt_count=1,
        channel="sms",
        to_phone=PHONE,
        provider_sid="SM0",
        body="【轻校】上课提醒：田萍，围棋，11月22日 周日 08:30–10:00。",
    )
    return receive(provider_sid="SM1", from_phone=PHONE, body="今天堵车，晚到十分钟可以吗？", now=NOW)


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_desk_answers_a_reply(page_as, branch, reply, size, scheme):
    page = page_as(desk_of(branch), size=size, color_scheme=scheme)
    page.goto("/")
    page.locator("[data-test=card-replies]").click()
    expect(page.locator("[data-test=reply]")).to_contain_text("今天堵车")
    assert_fits_the_width(page)

    page.locator("input[name=text]").fill("可以，路上注意安全。")
    page.keyboard.press("Enter")

    expect(page.locator("[data-test=reply]")).to_have_count(0)
    page.goto("/messages/replies/?state=all")
    expect(page.locator("[data-test=reply]")).to_contain_text(re.compile("可以，路上注意安全"))
    assert OutboundMessage.objects.get(kind="answer").about == reply.about
