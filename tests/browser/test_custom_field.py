"""The owner adds a field; the desk fills it in with an enquiry, sees it in the list, and filters by it."""

import re

import pytest
from playwright.sync_api import expect

from students.models import CustomField, Enquiry
from students.services import add_custom_field
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, ChannelFactory, EnquiryFactory, desk_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_owner_adds_a_field_in_four_clicks(page_as, branch, owner, size):
    page = page_as(owner, size=size)
    page.goto("/custom-fields/")
    assert_fits_the_width(page)

    page.locator("[data-test=new]").click()
    expect(page.locator("input[name=label]")).to_be_focused()
    page.locator("input[name=label]").fill("英语基础")
    expect(page.locator("textarea[name=more_choices]")).to_be_hidden()
    page.locator("label.qx-tile:has(input[value=choice])").click()
    page.locator("textarea[name=more_choices]").fill("零基础\n学过半年\n学过一年")
    assert_fits_the_width(page)
    page.locator("[data-test=save]").click()

    expect(page.locator("[data-test=custom-field]")).to_contain_text("英语基础")
    assert_fits_the_width(page)
    assert CustomField.objects.get().choices.count() == 3


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_desk_fills_it_in_sees_it_in_the_list_and_filters_by_it(page_as, branch, size):
    desk = desk_of(branch)
    ChannelFactory(name="路过")
    field = add_custom_field(
        label="英语基础",
        kind="choice",
        choices=["零基础", "学过半年"],
        is_for_enquiry=True,
        in_list=True,
        is_filter=True,
    )
    EnquiryFactory(branch=branch, owner=desk, owned_at=NOW)
    page = page_as(desk, size=size)
    page.goto("/enquiries/new/")

    page.locator("input[name=phone]").fill("13812345678")
    page.locator("input[name=child_name]").fill("田萍")
    page.locator("[data-test=channel]").click()
    page.locator("[data-more] summary").click()
    page.locator(f"[name=custom_{field.key}]").select_option(label="学过半年")
    assert_fits_the_width(page)
    page.locator("[data-test=register]").click()

    expect(page.locator("[data-test=custom-fact]")).to_have_text(re.compile("学过半年"))
    page.goto("/enquiries/?whose=all")
    expect(page.locator("[data-test=enquiry]")).to_have_count(2)
    expect(page.locator("[data-test=custom-cell]").filter(has_text="学过半年")).to_be_visible()
    assert_fits_the_width(page)
    page.locator("[data-test=custom-filter] summary").click()
    page.locator(f"[name=custom_{field.key}]").select_option(label="学过半年")
    assert_fits_the_width(page)
    page.locator("[data-test=custom-show]").click()

    expect(page.locator("[data-test=enquiry]")).to_have_count(1)
    expect(page.locator("[data-test=enquiry]")).to_contain_text("田萍")
    expect(page.locator("[data-test=custom-filter]")).to_have_attribute("open", "")
    assert Enquiry.objects.get(child_name="田萍").custom_values == {field.key: field.choices.last().pk}
