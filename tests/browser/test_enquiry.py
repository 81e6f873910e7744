"""At the desk a family asks: four fields, two clicks, and nobody is in the books twice."""

import pytest
from playwright.sync_api import expect

from students.models import Enquiry, EnquiryChange
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    ChannelFactory,
    CourseFactory,
    EnquiryFactory,
    GuardianshipFactory,
    StudentFactory,
    adviser_of,
    desk_of,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = "+8613812345678"


@pytest.fixture
def channels():
    return [ChannelFactory(name=name) for name in ["地推", "老带新", "抖音"]]


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_enquiry_in_two_clicks(page_as, branch, channels, size, scheme):
    """Typing and choosing from the list are not counted: home → New enquiry (1), the channel (2), Enter."""
    desk, course = desk_of(branch), CourseFactory(name="围棋启蒙")
    page = page_as(desk, size=size, color_scheme=scheme)
    page.goto("/")
    page.locator("[data-test=new-enquiry]").click()
    expect(page.locator("[name=phone]")).to_be_focused()
    assert_fits_the_width(page)

    page.locator("[data-test=channel]", has_text="地推").click()
    page.locator("[name=phone]").fill("138 1234 5678")
    page.locator("[name=course]").select_option(label=str(course))
    page.locator("[name=child_name]").fill("钱小小")
    page.locator("[name=child_name]").press("Enter")

    expect(page.locator("[data-test=timeline]")).to_be_visible()
    assert_fits_the_width(page)
    enquiry = Enquiry.objects.get()
    assert (enquiry.phone, enquiry.child_name, enquiry.course) == (PHONE, "钱小小", course)
    assert (enquiry.channel.name, enquiry.owner) == ("地推", desk)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_duplicate_is_caught_while_typing(page_as, branch, other_branch, channels, size):
    known = EnquiryFactory(branch=branch, phone=PHONE, child_name="钱小小")
    EnquiryFactory(
        branch=other_branch, phone=PHONE, child_name="孙秘密", owner=adviser_of(other_branch, name="顾问小王")
    )
    child = GuardianshipFactory(student=StudentFactory(name="钱大大", branches=[branch]), guardian__phone=PHONE).student
    page = page_as(desk_of(branch), size=size)
    page.goto("/enquiries/new/")

    page.locator("[name=phone]").press_sequentially("1381234")
    expect(page.locator("[data-test=found-enquiry]")).to_contain_text("钱小小")
    expect(page.locator("[data-test=found-elsewhere]")).to_have_count(0)  # a part tells nothing of other branches
    page.locator("[name=phone]").press_sequentially("5678")
    expect(page.locator("[data-test=found-elsewhere]")).to_contain_text("顾问小王")
    expect(page.locator("[data-test=found-student]")).to_contain_text(child.name)
    expect(page.locator("body")).not_to_contain_text("孙秘密")
    assert_fits_the_width(page)

    page.locator("[data-test=found-enquiry] [data-test=open]").click()

    page.wait_for_url(f"**/enquiries/{known.pk}/")
    assert_fits_the_width(page)


def test_enter_registers_though_a_button_to_ask_stands_in_the_form(page_as, branch, other_branch, channels):
    EnquiryFactory(branch=other_branch, phone=PHONE)
    page = page_as(desk_of(branch))
    page.goto("/enquiries/new/")
    page.locator("[data-test=channel]").first.click()
    page.locator("[name=child_name]").fill("钱小小")
    page.locator("[name=phone]").fill("13812345678")
    expect(page.locator("[data-test=ask]")).to_be_visible()

    page.locator("[name=phone]").press("Enter")

    expect(page.locator("[data-test=timeline]")).to_be_visible()
    assert not EnquiryChange.objects.filter(kind="asked_for").exists()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_hand_over_is_asked_for_and_given(page_as, branch, other_branch, channels, size):
    adviser, desk = adviser_of(other_branch), desk_of(branch)
    enquiry = EnquiryFactory(branch=other_branch, phone=PHONE, owner=adviser)
    page = page_as(desk, size=size)
    page.goto("/enquiries/new/")
    page.locator("[name=phone]").fill("13812345678")
    page.locator("[name=ask_reason]").fill("家长住在附近")
    page.locator("[data-test=ask]").click()
    page.wait_for_url("**/enquiries/new/")

    other = page_as(adviser, size=size)
    other.goto("/")
    other.locator("[data-test=card-hand_overs]").click()
    expect(other.locator("[data-test=request]")).to_contain_text("家长住在附近")
    assert_fits_the_width(other)
    other.locator("[data-test=give]").click()
    expect(other.locator("[data-test=request]")).to_have_count(0)

    page.goto(f"/enquiries/{enquiry.pk}/")
    expect(page.locator("[data-test=owner]")).to_contain_text(desk.name)


def test_family_of_the_branch_asks_again_with_another_child(page_as, branch, channels):
    EnquiryFactory(branch=branch, phone=PHONE, child_name="钱小小")
    page = page_as(desk_of(branch))
    page.goto("/enquiries/new/")
    page.locator("[data-test=channel]").first.click()
    page.locator("[name=phone]").fill("13812345678")
    page.locator("[name=child_name]").fill("钱大大")
    page.locator("[data-test=register]").click()

    expect(page.locator("[data-test=known]")).to_contain_text("钱小小")
    assert_fits_the_width(page)
    page.locator("[data-test=sibling]").click()

    expect(page.locator("[data-test=timeline]")).to_be_visible()
    assert Enquiry.objects.count() == 2


def test_closed_as_lost_and_followed_up_again(page_as, branch):
    enquiry = EnquiryFactory(branch=branch, phone=PHONE)
    page = page_as(desk_of(branch), size="phone")
    page.goto(f"/enquiries/{enquiry.pk}/")
    page.locator("[data-test=lost] summary").click()
    assert_fits_the_width(page)
    page.locator("[data-test=lost] [name=lost_reason]").select_option("price")
    page.locator("[data-test=close]").click()
    page.locator("[data-test=reopen]").click()

    expect(page.locator("[data-test=lost]")).to_be_visible()
    enquiry.refresh_from_db()
    assert enquiry.stage == "new"
