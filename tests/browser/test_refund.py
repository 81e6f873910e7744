"""A refund in Chinese: asked for at the desk, approved by the manager, paid; on a PC and on a phone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from enrolments.models import Enrolment, Refund
from scheduling.models import Attendance
from scheduling.services import place_student, plan_lessons
from tests.browser.checks import assert_fits_the_width
from tests.enrolments.refund_cases import account, ask, order_44, sell_44, take
from tests.factories import NOW, ClassGroupFactory, ScheduleRuleFactory, desk_of, manager_of

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小李")


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def enrolment(branch, manager):
    """44 lessons bought, ten taken, and a class on Saturdays."""
    enrolment = account(branch)
    sell_44(enrolment)
    take(enrolment, 10)
    group = ClassGroupFactory(branch=branch, course=enrolment.course, name="围棋甲班", lessons_total=6)
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    place_student(class_group=group, enrolment=enrolment, joined_date=NOW.date(), by=manager, now=NOW)
    return enrolment


def future_lessons(enrolment):
    return Attendance.objects.filter(enrolment=enrolment, lesson__starts_at__gt=NOW + timedelta(days=1)).count()


@SIZES
def test_desk_asks_for_a_refund_in_three_clicks(page_as, desk, enrolment, size):
    page = page_as(desk, size=size)
    page.goto(reverse("student", args=[enrolment.student_id]))

    page.locator("[data-test=refund]").click()
    page.locator("input[name=reason]").fill("搬家")
    page.locator("[data-test=cause-parent]").click()
    expect(page.locator("[data-test=amount]")).to_contain_text("3,600.00")
    expect(page.locator("[data-formula=parent]")).to_contain_text("3,300.00")
    expect(page.locator("[data-formula=school]")).to_contain_text("3,709.09")
    expect(page.locator("[data-test=leaves]")).to_contain_text("围棋甲班")
    assert_fits_the_width(page)
    page.locator("[data-test=ask]").click()

    expect(page.locator("[data-test=state-requested]")).to_be_visible()
    expect(page.locator("[data-test=clock]")).to_contain_text("5")
    expect(page.locator("[data-test=approve]")).to_have_count(0)
    assert_fits_the_width(page)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.cause, refund.reason) == (3600_00, "parent", "搬家")
    assert future_lessons(enrolment) == 0


@SIZES
def test_manager_approves_in_two_clicks_and_the_desk_pays(page_as, desk, manager, enrolment, size):
    refund = ask(enrolment, desk)
    page = page_as(manager, size=size)
    page.goto(reverse("home"))

    page.locator("[data-test=card-refunds_to_approve]").click()
    page.locator("[data-test=working] summary").click()
    expect(page.locator("[data-test=working]")).to_contain_text("× 10 ÷ 40")
    assert_fits_the_width(page)
    page.locator("[data-test=approve]").click()
    expect(page.locator("[data-test=state-approved]")).to_be_visible()

    page = page_as(desk, size=size)
    page.goto(reverse("home"))
    page.locator("[data-test=card-refunds_to_pay]").click()
    page.locator("[data-test=pay]").click()

    expect(page.locator("[data-test=state-paid]")).to_be_visible()
    assert_fits_the_width(page)
    refund.refresh_from_db()
    assert [(payout.method, payout.amount_minor) for payout in refund.payouts.all()] == [("wechat", 3600_00)]
    assert Enrolment.objects.get(pk=enrolment.pk).balance == 0


@SIZES
def test_the_sheet_follows_lots_materials_and_arrears(page_as, desk, branch, size):
    enrolment = account(branch)
    order_44(enrolment, paid_minor=3000_00)
    page = page_as(desk, size=size)
    page.goto(reverse("refund_new", args=[enrolment.pk]))

    page.locator("[data-test=cause-school]").click()
    expect(page.locator("[data-test=amount]")).to_contain_text("3,000.00")
    page.locator("details:has([name=materials-0-name]) > summary").click()
    page.locator("[name=materials-0-name]").fill("教材")
    page.locator("[name=materials-0-amount]").fill("80")
    page.locator("[name=materials-0-document]").fill("领用单 7")

    expect(page.locator("[data-test=amount]")).to_contain_text("2,920.00")
    assert_fits_the_width(page)


def test_without_scripts_the_amounts_are_shown_before_they_are_asked_for(page_as, desk, enrolment):
    page = page_as(desk, java_script_enabled=False)
    page.goto(reverse("refund_new", args=[enrolment.pk]))
    page.locator("[data-test=cause-parent] input").check(force=True)
    page.locator("input[name=reason]").fill("搬家")

    page.locator("[data-show-sheet]").click()
    assert not Refund.objects.exists()
    page.locator("[data-test=ask]").click()

    assert Refund.objects.get().amount_minor == 3600_00


def test_a_stale_sheet_is_calculated_anew_in_one_click(page_as, desk, manager, enrolment):
    refund = ask(enrolment, desk)
    take(enrolment, 11)
    page = page_as(manager)
    page.goto(reverse("refund", args=[refund.pk]))

    page.locator("[data-test=recalculate]").click()

    expect(page.locator("[data-test=stale]")).to_have_count(0)
    expect(page.locator("[data-test=amount]")).to_contain_text("3,480.00")
    expect(page.locator("[data-test=approve]")).to_be_visible()


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_fits(page_as, desk, enrolment, size, scheme):
    ask(enrolment, desk)
    page = page_as(desk, size=size, color_scheme=scheme)
    page.goto(reverse("refund_list"))

    expect(page.locator("tbody tr")).to_have_count(1)
    assert_fits_the_width(page)
