"""A manager writes to the families of a class: whom, how many, what it costs; then it is on their phones."""

import re

import pytest
from playwright.sync_api import expect

from messaging.services import drain_outbox
from notices.models import Notice, NoticePolicy
from notices.services import queue_batches
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    at,
    desk_of,
    manager_of,
)

pytestmark = pytest.mark.browser
TEXT = "元旦放假三天，1月4日照常上课。"


@pytest.fixture
def group(branch, monkeypatch):
    """A class of three children, two of them sisters, and a fourth whose family has no phone."""
    monkeypatch.setattr("notices.views.writing._WritingView.now", NOW)
    monkeypatch.setattr("notices.views.notice._NoticeMixin.now", NOW)
    group = ClassGroupFactory(branch=branch, name="围棋一班")
    LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    mother = None
    for name, phone in [("田萍", {}), ("田芳", {}), ("王强", {}), ("李明", {"guardian__phone": None})]:
        student = StudentFactory(name=name, branches=[branch])
        sisters = {"guardian": mother} if name == "田芳" else phone
        mother = GuardianshipFactory(student=student, **sisters).guardian
        enrolment = EnrolmentFactory(student=student, branch=branch, course=group.course)
        ClassMemberFactory(class_group=group, enrolment=enrolment)
    return group


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_manager_writes_to_a_class_in_three_clicks(page_as, branch, group, fake_twilio, size, scheme):
    page = page_as(manager_of(branch), size=size, color_scheme=scheme)
    page.goto(f"/classes/{group.pk}/")
    assert_fits_the_width(page)

    page.locator("[data-test=notice]").click()
    page.locator("textarea[name=text]").fill(TEXT)
    expect(page.locator("[data-test=sample]")).to_contain_text(TEXT)
    expect(page.locator("[data-test=messages]")).to_have_text("2")
    expect(page.locator("[data-test=families]")).to_have_text("2")
    expect(page.locator("[data-test=cost]")).to_have_text("¥0.12")
    expect(page.locator("[data-test=left-out]")).to_contain_text("李明")
    assert_fits_the_width(page)
    page.locator("[data-test=check]").click()

    expect(page.locator("[data-test=sample]")).to_contain_text(f"【{branch.sms_signature}】")
    expect(page.locator("[data-test=cost]")).to_have_text("¥0.12")
    assert_fits_the_width(page)
    page.locator("[data-test=send]").click()

    expect(page.locator("[data-test=state-sending]")).to_be_visible()
    drain_outbox(now=NOW)
    queue_batches(now=NOW)
    expect(page.locator("[data-test=state-done]")).to_be_visible()  # the page looks by itself
    expect(page.locator("[data-test=recipient]")).to_have_count(2)
    assert_fits_the_width(page)
    bodies = [message["body"] for message in fake_twilio.store.messages()]
    assert len(bodies) == 2
    assert all(TEXT in body for body in bodies)
    assert any(re.search("田芳.*田萍|田萍.*田芳", body) for body in bodies)


def test_preview_says_what_the_carriers_refuse_while_one_writes(page_as, branch, group):
    page = page_as(manager_of(branch))
    page.goto(f"/notices/new/?class={group.pk}")

    page.locator("textarea[name=text]").fill("寒假班学费￥800★")

    expect(page.locator("[data-test=refusal]")).to_be_visible()
    page.locator("[data-test=check]").click()
    expect(page.locator("textarea[name=text] ~ .errorlist")).to_be_visible()
    assert not Notice.objects.exists()


def test_second_person_approves_pauses_and_stops(page_as, branch, group):
    NoticePolicy.objects.update(alone_up_to=1)
    page = page_as(desk_of(branch))
    page.goto(f"/notices/new/?class={group.pk}")
    page.locator("textarea[name=text]").fill(TEXT)
    page.locator("[data-test=check]").click()
    page.locator("[data-test=send]").click()
    expect(page.locator("[data-test=state-waiting]")).to_be_visible()
    expect(page.locator("[data-test=approve]")).to_have_count(0)

    other = page_as(manager_of(branch), size="phone")
    other.goto("/notices/")
    other.locator("[data-test=notice] a").first.click()
    other.locator("[data-test=approve]").click()
    other.locator("[data-test=pause]").click()
    expect(other.locator("[data-test=state-paused]")).to_be_visible()
    other.locator("[data-test=resume]").click()
    expect(other.locator("[data-test=state-sending]")).to_be_visible()
    other.locator("[data-test=stop]").click()

    expect(other.locator("[data-test=state-stopped]")).to_be_visible()
    assert_fits_the_width(other)
