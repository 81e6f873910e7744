"""The rates of renewal and their forecast, as a branch manager reads them."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from renewals.services import open_due_opportunities
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, EnrolmentFactory, manager_of, sell
from tests.renewals.conftest import put_in_class, use
from tests.renewals.rate_world import buy, open_renewal

pytestmark = pytest.mark.browser
DUE = datetime.date(2026, 10, 10)


@pytest.fixture
def manager(branch, monkeypatch):
    views = ("rates.views.RateListView", "rates.views.RateChildrenView", "forecast.views.ForecastView")
    for view in (*views, "forecast.views.ForecastChildrenView", "views.RenewalListView"):
        monkeypatch.setattr(f"renewals.{view}.now", NOW)
    return manager_of(branch)


@pytest.fixture
def october(branch):
    """Two were due in October; one renewed."""
    for name, bought in (("王芳", DUE), ("李强", None)):
        enrolment = EnrolmentFactory(branch=branch, student__name=name)
        buy(enrolment, datetime.date(2026, 3, 1))
        open_renewal(enrolment, DUE)
        if bought:
            buy(enrolment, bought)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_manager_opens_the_headline_of_a_month_to_its_children(page_as, manager, october, size):
    page = page_as(manager, size=size)
    page.goto("/renewals/")
    page.locator("[data-test=renewal-tabs] a[href='/renewals/rates/']").click()

    page.locator("select[name=month]").select_option("2026-10")

    expect(page).to_have_url(re.compile("month=2026-10"))
    expect(page.locator("[data-test=open-R7]")).to_contain_text("1 ÷ 2 = 50.0 %")
    assert_fits_the_width(page)
    page.locator("[data-test=open-R7]").click()
    rows = page.locator("[data-test=children] tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("王芳")
    page.locator("[data-test=list-out]").click()
    expect(rows).to_contain_text("李强")
    assert_fits_the_width(page)
    page.locator("[data-test=back]").click()
    expect(page).to_have_url(re.compile("rates/.*month=2026-10"))
    for target in page.locator(".rr-tabs a, td.rr-lists a, .rr-choices select").all():
        assert size == "desktop" or not target.is_visible() or target.bounding_box()["height"] >= 44


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_manager_opens_a_week_of_the_forecast(page_as, manager, branch, size):
    enrolment = EnrolmentFactory(branch=branch, student__name="田萍")
    sell(enrolment, 20)
    use(enrolment, 18)
    put_in_class(enrolment)
    open_due_opportunities(now=NOW)
    page = page_as(manager, size=size, color_scheme="dark")
    page.goto("/renewals/forecast/")
    expect(page.locator("[data-test=all-due]")).to_contain_text("1")
    assert_fits_the_width(page)

    page.locator("select[name=by]").select_option("teacher")
    expect(page).to_have_url(re.compile("by=teacher"))
    page.locator("a[href*='week=2026-11-30']").click()

    expect(page.locator("[data-test=children] tbody tr")).to_contain_text("田萍")
    assert_fits_the_width(page)
