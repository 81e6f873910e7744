"""The manager writes the class reminder in the school's own words, and that is what goes out."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from messaging.models import MessageTemplate, OutboundMessage
from messaging.services import drain_outbox
from messaging.wording import wording_named
from scheduling.reminders import plan_class_reminders
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    AttendanceFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    RoomFactory,
    at,
    manager_of,
)

pytestmark = pytest.mark.browser
STARTS = at("2026-11-28 09:00")
EVENING = at("2026-11-27 18:00")
CHILD = f"{{{wording_named('class_reminder.room').labels('zh-hans')['child']}}}"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def child(branch):
    """A child with a lesson in a week, and somebody to tell."""
    attendance = AttendanceFactory(
        lesson__branch=branch,
        lesson__class_group__branch=branch,
        lesson__starts_at=STARTS,
        lesson__ends_at=STARTS + timedelta(minutes=90),
        lesson__room=RoomFactory(branch=branch, name="203"),
        enrolment=EnrolmentFactory(branch=branch, student__name="田萍"),
    )
    GuardianshipFactory(student=attendance.enrolment.student)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_manager_rewrites_the_reminder(page_as, branch, child, fake_twilio, size, scheme):
    page = page_as(manager_of(branch), size=size, color_scheme=scheme)
    page.goto("/messages/")
    page.locator("a[href='/messages/templates/']").click()
    assert_fits_the_width(page)
    page.locator("[data-test='class_reminder.room']").click()
    text, preview = page.locator("textarea[name=text]"), page.locator("[data-test=sent]")
    expect(preview).to_contain_text("田萍")
    assert_fits_the_width(page)

    text.fill("亲爱的家长，明天限时优惠")
    expect(page.locator("[data-test=error]").filter(has_text="限时")).to_be_visible()
    text.fill("亲爱的家长，明天见：")
    page.locator(f"[data-insert='{CHILD}']").click()
    expect(preview).to_have_text("【轻校】亲爱的家长，明天见：田萍")
    expect(page.locator("[data-test=parts]")).to_have_text("1")
    assert not MessageTemplate.objects.exists()
    page.locator("button[value=save]").click()

    expect(page.locator("[data-test=history]")).to_contain_text(f"亲爱的家长，明天见：{CHILD}")
    plan_class_reminders(now=EVENING)
    drain_outbox(now=EVENING)
    assert OutboundMessage.objects.get().body == "【轻校】亲爱的家长，明天见：田萍"


def test_without_scripts_the_button_shows_the_preview(page_as, branch, child):
    page = page_as(manager_of(branch), java_script_enabled=False)
    page.goto("/messages/templates/class_reminder.room/zh-hans/")

    page.locator("textarea[name=text]").fill(f"明天见，{CHILD}")
    page.locator("button[value=preview]").click()

    expect(page.locator("[data-test=sent]")).to_have_text("【轻校】明天见，田萍")
