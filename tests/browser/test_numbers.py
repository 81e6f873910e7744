"""A manager reads the funnel: by what happened, by who asked, and down to the families behind a number."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, ChannelFactory, EnquiryFactory, at, manager_of

pytestmark = pytest.mark.browser


@pytest.fixture
def asked(branch, monkeypatch):
    """One asked in October and came in November; two asked in November."""
    monkeypatch.setattr("reports.views.base.NumbersMixin.now", NOW)
    channel = ChannelFactory(name="抖音来的")
    came = {"came_at": at("2026-11-07 10:00"), "stage": "came"}
    EnquiryFactory(branch=branch, channel=channel, child_name="田萍", registered_date="2026-10-20", **came)
    for name in ("王强", "李明"):
        EnquiryFactory(branch=branch, channel=channel, child_name=name, registered_date="2026-11-03")


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_manager_opens_a_number_on_either_basis(page_as, branch, asked, size, scheme):
    page = page_as(manager_of(branch), size=size, color_scheme=scheme)
    page.goto("/numbers/")
    assert_fits_the_width(page)

    page.locator("[data-test=tab-funnel]").click()
    expect(page.locator("[data-test=basis]")).to_have_attribute("data-basis", "event")
    expect(page.locator("[data-test=card-came] b")).to_have_text("1")
    assert_fits_the_width(page)

    page.locator("select[name=basis]").select_option("cohort")
    expect(page.locator("[data-test=basis]")).to_have_attribute("data-basis", "cohort")
    expect(page.locator("[data-test=card-came] b")).to_have_text("0")
    expect(page.locator("[data-test=card-leads] b")).to_have_text("2")
    assert_fits_the_width(page)

    page.locator("[data-test=card-leads] b a").click()
    expect(page.locator("[data-test=count]")).to_have_text("2")
    expect(page.locator("[data-test=rows]")).to_contain_text("王强")
    expect(page.locator("[data-test=rows]")).not_to_contain_text("田萍")
    assert_fits_the_width(page)

    page.locator("[data-test=back]").click()
    expect(page.locator("[data-test=basis]")).to_have_attribute("data-basis", "cohort")
