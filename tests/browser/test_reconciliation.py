"""The manager reconciles a month: a bill of WeChat Pay comes in, most is matched by itself, the rest by hand."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from enrolments.models import StatementMatch
from tests.browser.checks import assert_fits_the_width
from tests.enrolments.statement_cases import bank, wechat_merchant, wechat_paid
from tests.factories import NOW, EnrolmentFactory, GuardianshipFactory, manager_of, sell

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def manager(branch, monkeypatch):
    """Four families paid in the morning; the fourth payment was recorded an hour later."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    for number, name in enumerate(("田萍", "李想", "王一", "赵二")):
        enrolment = EnrolmentFactory(branch=branch, student__name=name)
        GuardianshipFactory(student=enrolment.student)
        late = timedelta(hours=1) if name == "赵二" else timedelta(0)
        sell(enrolment, price_minor=2400_00 + number, now=NOW + timedelta(minutes=number) + late)
    return manager_of(branch)


def bill():
    paid = [
        wechat_paid(f"2026-11-21 12:0{number}:30", f"420000{number}", f"2400.0{number}", order=f"M{number}")
        for number in range(4)
    ]
    return wechat_merchant(*paid, wechat_paid("2026-11-21 15:00:00", "4200009", "35.00", order="M9"))


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_a_bill_is_read_matched_and_settled(page_as, branch, manager, size, scheme):
    page = page_as(manager, size=size, color_scheme=scheme)
    page.goto("/reconciliation/")
    assert_fits_the_width(page)
    page.locator("[data-test=import]").click()
    page.locator("input[type=file]").set_input_files({"name": "微信账单.csv", "mimeType": "text/csv", "buffer": bill()})
    page.locator("[data-test=read]").click()

    rows = page.locator("[data-test=line]")
    expect(rows).to_have_count(2)
    assert_fits_the_width(page)
    assert StatementMatch.objects.filter(rule="time").count() == 3
    rows.filter(has_text="赵二").locator("[data-test=match]").click()
    expect(rows).to_have_count(1)
    rows.locator("[data-test=aside]").click()
    rows.locator("[data-test=reason]").first.click()
    expect(rows).to_have_count(0)

    expect(page.locator("[data-test=theirs] td").last).to_have_attribute("data-minor", "0")
    expect(page.locator("[data-test=ours] td").last).to_have_attribute("data-minor", "0")
    page.locator("[data-test=tab-matches]").click()
    expect(page.locator("[data-test=matched]")).to_have_count(5)
    assert_fits_the_width(page)
    page.locator("[data-test=undo]").first.click()
    expect(page.locator("[data-test=matched]")).to_have_count(4)


def test_matching_goes_on_with_the_enter_key(page_as, branch, manager, client):
    page = page_as(manager)
    page.goto("/reconciliation/")
    page.locator("[data-test=import]").click()
    late = [wechat_paid(f"2026-11-21 09:0{number}:00", f"430000{number}", f"2400.0{number}") for number in range(3)]
    page.locator("input[type=file]").set_input_files(
        {"name": "账单.csv", "mimeType": "text/csv", "buffer": wechat_merchant(*late)}
    )
    page.locator("[data-test=read]").click()

    page.locator("[data-test=match]").first.focus()
    for left in (2, 1, 0):
        page.keyboard.press("Enter")
        expect(page.locator("[data-test=line]")).to_have_count(left)

    assert StatementMatch.objects.filter(rule="hand").count() == 3


def test_columns_that_nobody_knows_are_asked_and_the_file_stays_chosen(page_as, branch, manager):
    page = page_as(manager)
    page.goto(f"/reconciliation/{branch.pk}/import/")
    content = bank(("2026-11-21", "35.00"), titles="何日,多少")
    page.locator("input[type=file]").set_input_files({"name": "流水.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("[data-test=read]").click()

    expect(page.locator("[data-test=columns]")).to_be_visible()
    assert_fits_the_width(page)
    page.locator("select[name=time]").select_option("何日")
    page.locator("select[name=amount]").select_option("多少")
    page.locator("[data-test=read]").click()

    expect(page.locator("[data-test=line]")).to_have_count(1)
