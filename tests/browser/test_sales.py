"""The sales side's lists: a leaver's enquiries go to others, one is claimed, the board is read on a phone."""

import pytest
from playwright.sync_api import expect

from students.models import Enquiry
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, EnquiryFactory, adviser_of, desk_of, manager_of

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@SIZES
def test_a_leaver_s_forty_enquiries_are_handed_over_in_four_clicks(page_as, branch, size):
    leaver, colleague = adviser_of(branch, name="李顾问"), desk_of(branch, name="王前台")
    EnquiryFactory.create_batch(40, branch=branch, owner=leaver)
    page = page_as(manager_of(branch), size=size)
    page.goto("/enquiries/")
    assert_fits_the_width(page)

    page.locator("[data-test=to-hand-over]").click()
    assert_fits_the_width(page)
    page.locator("[data-test=leaver]").click()
    expect(page.locator("[data-test=count-enquiries] b")).to_have_text("40")
    page.locator("[data-test=receiver]", has_text="王前台").click()
    expect(page.locator("[data-test=hand-over]")).to_contain_text("40")
    assert_fits_the_width(page)
    page.locator("[data-test=hand-over]").click()

    expect(page.locator("[data-test=person]")).to_have_count(1)
    expect(page.locator("[data-test=person]")).to_contain_text("王前台")
    assert_fits_the_width(page)
    assert Enquiry.objects.filter(owner=colleague).count() == 40


@SIZES
def test_the_ticked_ones_go_to_a_colleague(page_as, branch, size):
    EnquiryFactory.create_batch(3, branch=branch)
    colleague = desk_of(branch, name="王前台")
    page = page_as(manager_of(branch), size=size)
    page.goto("/enquiries/")

    page.locator("input[name=pick]").nth(0).check()
    page.locator("input[name=pick]").nth(1).check()
    expect(page.locator("[data-number]")).to_have_text("2")
    page.locator("[data-test=give] select").select_option(str(colleague.pk))
    page.locator("[data-test=give-next]").click()
    expect(page.locator("[data-test=what]")).to_contain_text("2")
    assert_fits_the_width(page)
    page.locator("[data-test=confirm]").click()

    expect(page.locator("[data-test=enquiry]", has_text="王前台")).to_have_count(2)


@SIZES
def test_one_is_claimed_from_the_pool_and_given_up_again(page_as, branch, size):
    EnquiryFactory(branch=branch, pooled_at=NOW, child_name="田萍", phone="+8613812345678")
    desk = desk_of(branch)
    page = page_as(desk, size=size)
    page.goto("/enquiries/")
    page.locator("[data-test=tab-pool]").click()
    assert_fits_the_width(page)

    page.locator("[data-test=claim]").click()
    expect(page.locator("[data-test=give-up]")).to_be_visible()
    assert Enquiry.objects.get().owner == desk
    page.locator("[data-test=give-up] summary").click()
    page.locator("[data-test=give-up] input[name=reason]").fill("打不通")
    page.locator("[data-test=give-up] button").click()

    expect(page.locator("[data-test=give-up]")).to_have_count(0)
    assert_fits_the_width(page)
    assert Enquiry.objects.pooled().exists()


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_board_and_the_rules_fit_any_window(page_as, branch, size, scheme):
    EnquiryFactory.create_batch(21, branch=branch, stage="came")
    page = page_as(manager_of(branch), size=size, color_scheme=scheme)
    page.goto("/enquiries/board/")
    assert_fits_the_width(page)
    if size == "phone":
        page.locator("a[href='#lane-came']").click()
    expect(page.locator("[data-test=lane-came] [data-test=card]").first).to_be_in_viewport()

    page.locator("[data-test=more]").click()
    expect(page.locator("[data-test=enquiry]")).to_have_count(21)
    page.goto("/enquiries/rules/")
    page.locator("input[name=pool_days]").fill("")
    page.locator("[data-test=save]").click()
    expect(page.locator("[data-test=sentences]")).to_be_visible()
    assert_fits_the_width(page)
    branch.sales_policy.refresh_from_db()
    assert branch.sales_policy.pool_days is None
