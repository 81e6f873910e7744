import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD, desk_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_front_desk_signs_in_and_comes_home(page_as, branch, size):
    desk = desk_of(branch, name="王博")
    page = page_as(size=size)

    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.locator("[name=username]").fill(desk.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()

    page.wait_for_url("/")
    expect(page.get_by_role("heading", name="首页")).to_be_visible()
    expect(page.locator("body")).to_contain_text("王博")
