"""The desk closes the day: what is open, the cash counted, a difference with its note; a number is shown on a click."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from day_close.models import DayClose
from students.models import PhoneReveal
from tests.browser.checks import assert_fits_the_width
from tests.day_close.cases import paid
from tests.factories import NOW, EnquiryFactory, EnrolmentFactory, GuardianshipFactory, desk_of, manager_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _evening(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_the_desk_counts_and_signs_and_the_manager_takes_it_back(page_as, branch, size, scheme):
    desk = desk_of(branch, name="王芳")
    paid(branch, 300_10, by=desk)
    paid(branch, 1000_00, method="wechat", by=desk)
    EnquiryFactory(branch=branch)
    page = page_as(desk, size=size, color_scheme=scheme)
    page.goto("/day-close/")
    assert_fits_the_width(page)
    expect(page.locator("[data-test=line-nobodys] a")).to_have_attribute(
        "href", f"/enquiries/?whose=nobodys&branch={branch.pk}"
    )
    expect(page.locator("[data-test=line-to_call] a")).to_have_count(0)

    page.locator("[name=opening_cash]").fill("200")
    page.locator("[name=counted_cash]").fill("500.10")
    expect(page.locator("[data-test=difference]")).to_have_attribute("data-state", "ok")
    page.locator("[name=counted_cash]").fill("499.80")
    expect(page.locator("[data-test=difference]")).to_have_text("-¥0.30")
    page.locator("[data-test=sign]").click()
    assert not DayClose.objects.exists()  # the note is asked for
    page.locator("[name=note]").fill("找零少了三角，线索明早分配")
    page.locator("[data-test=sign]").click()

    expect(page.locator("[data-test=signed]")).to_contain_text("王芳")
    expect(page.locator("[data-test=difference]")).to_have_attribute("data-minor", "-30")
    assert_fits_the_width(page)
    close = DayClose.objects.get()
    assert (close.expected_cash_minor, close.counted_cash_minor, close.open_items) == (500_10, 499_80, 1)
    page.locator("[data-test=days]").click()
    expect(page.locator("[data-test=day][data-state=signed]")).to_have_count(1)
    assert_fits_the_width(page)

    led = page_as(manager_of(branch), size=size, color_scheme=scheme)
    led.goto(f"/day-close/{branch.pk}/2026-11-21/")
    led.locator("[data-test=take-back] summary").click()
    led.locator("[name=reason]").fill("数错了")
    led.locator("[data-test=take-back] button").click()
    expect(led.locator("[data-test=history]")).to_contain_text("数错了")
    expect(led.locator("[data-test=sign]")).to_be_visible()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_number_is_shown_where_it_stands(page_as, branch, size):
    student = EnrolmentFactory(branch=branch).student
    guardian = GuardianshipFactory(student=student, guardian__phone="+8613812345678").guardian
    page = page_as(desk_of(branch), size=size)
    page.goto(f"/students/{student.pk}/")
    assert_fits_the_width(page)

    page.locator("[data-test=reveal]").click()

    expect(page.locator("a[data-test=call]")).to_have_attribute("href", "tel:+8613812345678")
    assert page.url.endswith(f"/students/{student.pk}/")
    assert PhoneReveal.objects.get().guardian == guardian
    assert_fits_the_width(page)
