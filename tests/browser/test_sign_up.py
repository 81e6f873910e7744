"""From the first call to a paid order without typing anything again; and a child that stands in the books twice."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from enrolments.models import Order
from scheduling.models import TrialBooking
from students.models import Enquiry
from students.services import record_follow_up
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    ChannelFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    EnquiryFactory,
    LessonFactory,
    desk_of,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])
PHONE = "+8613812345678"


@pytest.fixture
def desk(branch, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return desk_of(branch)


@pytest.fixture
def package():
    return CoursePackageFactory(price_minor=2400_00, course__name="围棋启蒙")


@pytest.fixture
def enquiry(branch, desk, package):
    """Four fields, and a call."""
    row = EnquiryFactory(
        branch=branch,
        child_name="钱小小",
        phone=PHONE,
        course=package.course,
        channel=ChannelFactory(name="地推"),
        owner=desk,
        registered_date=NOW.date() - timedelta(days=2),
    )
    record_follow_up(enquiry=row, outcome="interested", by=desk, now=NOW, token="call", text="周六上午有空")
    return row


def page_of(enquiry):
    return reverse("enquiry", args=[enquiry.pk])


@SIZES
def test_trial_sign_up_and_payment_without_typing(page_as, desk, branch, package, enquiry, size):
    group = ClassGroupFactory(branch=branch, course=package.course)
    LessonFactory(class_group=group, branch=branch, starts_at=NOW + timedelta(days=1))
    page, clicks = page_as(desk, size=size), []

    def click(locator):
        locator.click()
        clicks.append(locator)

    page.goto(page_of(enquiry))
    assert_fits_the_width(page)
    click(page.locator("[data-test=trial]"))
    click(page.locator("button[name=lesson]").first)
    expect(page.locator("li[data-test=trial]")).to_have_count(1)
    assert TrialBooking.objects.get().enquiry == enquiry
    assert len(clicks) <= 3

    page.goto(page_of(enquiry))
    page.locator("[data-test=sign-up]").click()
    expect(page.locator("[name=child_name]")).to_have_value("钱小小")
    assert_fits_the_width(page)
    page.locator("[data-test=confirm]").click()
    page.locator(f"label:has(input[name=package][value='{package.pk}'])").click()
    page.locator("form[data-order-form] button[data-variant=primary]").click()
    expect(page).to_have_url(re.compile(r"/orders/\d+/$"))

    enquiry.refresh_from_db()
    order = Order.objects.get()
    assert (order.paid_minor, order.owing_minor, enquiry.stage) == (2400_00, 0, Enquiry.Stage.SIGNED)
    page.goto(reverse("student", args=[enquiry.student_id]))
    expect(page.locator("body")).to_contain_text("周六上午有空")


@SIZES
def test_the_same_child_twice_is_merged_and_parted_again(page_as, desk, branch, enquiry, size):
    again = EnquiryFactory(
        branch=branch,
        child_name="钱小晓",
        grade="一年级",
        phone=PHONE,
        channel=ChannelFactory(name="抖音"),
        note="要周末班",
    )
    before = list(Enquiry.objects.order_by("pk").values())
    page = page_as(desk, size=size)
    page.goto(page_of(again))

    page.locator("[data-test=compare]").click()
    assert_fits_the_width(page)
    page.locator("[data-test=row-child_name] label", has_text="钱小晓").click()
    page.locator("[data-test=merge]").click()

    expect(page).to_have_url(re.compile(page_of(enquiry) + "$"))
    expect(page.locator("body")).to_contain_text("钱小晓")
    enquiry.refresh_from_db()
    again.refresh_from_db()
    assert (enquiry.child_name, enquiry.grade, again.merged_into) == ("钱小晓", "一年级", enquiry)
    assert_fits_the_width(page)

    page.locator("form[data-test=merge] button").click()
    expect(page.locator("form[data-test=merge]")).to_have_count(0)
    expect(page.locator("[data-test=twins]")).to_be_visible()
    assert list(Enquiry.objects.order_by("pk").values()) == before
