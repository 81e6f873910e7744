"""A month of teacher pay: the manager prepares it, the owner approves it, the teacher reads it."""

import pytest
from playwright.sync_api import expect

from payroll.models import PaySlip
from tests.browser.checks import assert_fits_the_width
from tests.factories import manager_of, owner_of_school, teacher_of
from tests.payroll.conftest import IN_NOVEMBER, give_rate, hold, share_scheme

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    for view in ("MonthMixin", "PaySlipMixin"):
        monkeypatch.setattr(f"payroll.views.{view}.now", IN_NOVEMBER)


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="马老师")


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_month_is_prepared_approved_and_read(page_as, branch, teacher, size, scheme):
    give_rate(teacher, branch, share_scheme())
    hold(teacher, branch)
    hold(teacher, branch, hour=14)

    page = page_as(manager_of(branch), size=size, color_scheme=scheme)
    page.goto("/payroll/")
    assert_fits_the_width(page)
    page.locator("[data-test=prepare]").click()
    page.locator(".py-month tbody a").click()
    expect(page.locator(".py-slip tbody tr")).to_have_count(2)
    assert_fits_the_width(page)

    page = page_as(owner_of_school(), size=size, color_scheme=scheme)
    page.goto("/payroll/")
    page.locator("[data-test=approve]").click()
    assert_fits_the_width(page)
    page.locator("[data-test=confirm] button[type=submit]").click()
    expect(page.locator(".py-month .qx-chip[data-state=ok]")).to_have_count(1)

    page = page_as(teacher, size=size, color_scheme=scheme)
    page.goto("/payroll/mine/")
    assert_fits_the_width(page)
    page.locator(".py-month tbody a").click()
    expect(page.locator("[data-test=total]")).to_have_text("¥0.00")
    assert PaySlip.objects.get().is_approved


def test_the_month_changes_with_its_choice(page_as, branch):
    page = page_as(manager_of(branch))
    page.goto("/payroll/")

    page.locator("select[name=month]").select_option("2026-11")

    expect(page).to_have_url(f"{page.url.split('/payroll/')[0]}/payroll/?month=2026-11&branch={branch.pk}")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_fingers_find_what_they_tap(page_as, branch, teacher, size):
    give_rate(teacher, branch, share_scheme())
    hold(teacher, branch)
    page = page_as(manager_of(branch), size=size)
    page.goto("/payroll/")
    page.locator("[data-test=prepare]").click()
    smallest = 44 if size == "phone" else 0

    for target in page.locator(".qx-page a, .qx-page button, .qx-page select").all():
        assert not target.is_visible() or target.bounding_box()["height"] >= smallest
