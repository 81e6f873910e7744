"""A message that failed because the number is wrong, found and mended by the desk; and a family told by a call."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from messaging.models import ChannelRoute, OutboundMessage, Status
from messaging.registry import Rendered, renders
from messaging.services import drain_outbox, queue_message
from parents.models import Guardian
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, GuardianshipFactory, desk_of

pytestmark = pytest.mark.browser
LOOKS = pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
GONE, RIGHT = "+8613800138000", "+8613987654321"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    monkeypatch.setattr("messaging.registry._kinds", {})

    @renders("class_reminder", delivery_retries=0)
    def reminder(message, now):
        guardian = Guardian.objects.get(pk=message.recipient.partition(":")[2])
        return Rendered(guardian.phone, "上课提醒：田萍，围棋，11月22日 周日 08:30–10:00。")


@pytest.fixture
def reminder(branch):
    """Of a child whose mother changed her number."""
    tie = GuardianshipFactory(
        student__branches=[branch], student__name="田萍", guardian__name="田妈妈", guardian__phone=GONE
    )
    return queue_message(
        branch=branch,
        recipient=f"guardian:{tie.guardian_id}",
        about=f"student:{tie.student_id}",
        kind="class_reminder",
        subject="lesson:1",
        occurrence="24h",
        due_at=NOW,
        useful_until=NOW + timedelta(hours=20),
    )


def status_of(message):
    return OutboundMessage.objects.get(pk=message.pk).status


@LOOKS
def test_a_failed_number_is_found_and_mended(page_as, branch, reminder, fake_twilio, size, scheme):
    fake_twilio.store.inject("undelivered", value="30005", phone=GONE)
    drain_outbox(now=NOW)
    fake_twilio.deliver()
    assert status_of(reminder) == Status.UNDELIVERED

    page = page_as(desk_of(branch), size=size, color_scheme=scheme)
    page.goto("/")
    page.locator("[data-test=card-messages]").click()
    expect(page.locator(".qx-outcome")).to_contain_text("号码")
    assert_fits_the_width(page)
    page.locator("[data-test=mend]").click()
    expect(page.locator("[data-test=failed]")).to_contain_text("上课提醒")
    assert_fits_the_width(page)
    page.locator("input[name=phone]").fill("139 8765 4321")
    page.keyboard.press("Enter")  # saves, and sends again

    expect(page).to_have_url(re.compile("state=todo"))
    expect(page.locator("[data-test=mend]")).to_have_count(0)
    drain_outbox(now=NOW)
    fake_twilio.deliver()
    assert [sent["to_phone"] for sent in fake_twilio.store.messages(to_phone=RIGHT)] == [RIGHT]
    page.locator("[data-test=figure-delivered]").click()
    expect(page.locator(".qx-who")).to_contain_text("田妈妈")
    assert status_of(reminder) == Status.DELIVERED


@LOOKS
def test_a_family_is_told_by_a_call(page_as, branch, reminder, size, scheme):
    ChannelRoute.objects.create(branch=branch, purpose="service", position=0, channel="call")
    drain_outbox(now=NOW)

    page = page_as(desk_of(branch), size=size, color_scheme=scheme)
    page.goto("/")
    page.locator("[data-test=card-to_tell]").click()
    expect(page.locator("[data-test=tel]")).to_have_attribute("href", f"tel:{GONE}")
    expect(page.locator("[data-test=words]")).to_have_text(re.compile("^上课提醒：田萍"))
    assert_fits_the_width(page)
    page.locator("[data-test=told]").click()

    expect(page.locator("[data-test=to-tell]")).to_have_count(0)
    assert status_of(reminder) == Status.DELIVERED
