"""Selling, taking money and renewing at the desk, with the clicks counted: a parent is waiting."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from enrolments.models import Order
from tests.browser.checks import assert_fits_the_width
from tests.enrolments.order_cases import confirmed
from tests.factories import (
    NOW,
    ClassGroupFactory,
    ClassMemberFactory,
    CoursePackageFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    desk_of,
    sell,
)
from tests.renewals.conftest import use

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


class Clicks:
    """Clicks like a person, and counts."""

    def __init__(self):
        self.count = 0

    def on(self, locator):
        locator.click()
        self.count += 1


@pytest.fixture
def desk(branch, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return desk_of(branch)


@pytest.fixture
def child(branch):
    """One that had 20 lessons and has 2 left, in a class."""
    enrolment = EnrolmentFactory(branch=branch, student__name="田萍")
    GuardianshipFactory(student=enrolment.student)
    sell(enrolment, 20)
    use(enrolment, 18)
    group = ClassGroupFactory(branch=branch, course=enrolment.course)
    ClassMemberFactory(class_group=group, enrolment=enrolment)
    LessonFactory(class_group=group, starts_at=NOW + timedelta(days=7))
    return enrolment


@SIZES
def test_a_standard_package_in_four_clicks_with_payment(page_as, desk, branch, size):
    package = CoursePackageFactory(price_minor=2400_00)
    CoursePackageFactory(course=package.course, price_minor=1200_00)
    student = StudentFactory(name="田萍", branches=[branch])
    page, click = page_as(desk, size=size), Clicks()
    page.goto(reverse("student", args=[student.pk]))

    click.on(page.locator(f"a[href='{reverse('enrol', args=[student.pk])}']").first)
    click.on(page.locator(f"a[href*='course={package.course_id}']"))
    assert_fits_the_width(page)
    click.on(page.locator(f"label:has(input[name=package][value='{package.pk}'])"))
    expect(page.locator("[data-test=total]")).to_contain_text("2,400.00")
    click.on(page.locator("form[data-order-form] button[data-variant=primary]"))

    expect(page).to_have_url(re.compile(r"/orders/\d+/$"))
    assert_fits_the_width(page)
    order = Order.objects.get()
    assert (order.paid_minor, order.owing_minor) == (2400_00, 0)
    assert click.count <= 4


@SIZES
def test_money_for_what_is_owing_and_its_receipt_in_two_clicks(page_as, desk, branch, size):
    order = confirmed(branch)
    page, click = page_as(desk, size=size), Clicks()
    page.goto(reverse("order", args=[order.pk]))

    click.on(page.locator("[data-test=pay] button[data-variant=primary]"))

    expect(page.locator("[data-test=payment]")).to_have_count(1)
    expect(page.locator("[data-test=owing]")).to_have_count(0)
    assert_fits_the_width(page)
    with page.context.expect_page() as opened:
        click.on(page.locator("[data-test=receipt]"))
    opened.value.close()
    assert click.count <= 2


@SIZES
def test_the_same_package_once_more_in_three_clicks(page_as, desk, child, size):
    page, click = page_as(desk, size=size), Clicks()
    page.goto(reverse("student", args=[child.student_id]))

    click.on(page.locator(f"a[href$='/enrol/?course={child.course_id}']"))
    expect(page.locator("[data-test=total]")).to_contain_text("2,400.00")
    click.on(page.locator("form[data-order-form] button[data-variant=primary]"))

    expect(page).to_have_url(re.compile(r"/orders/\d+/$"))
    child.refresh_from_db()
    assert child.balance == 22
    assert click.count <= 3


@SIZES
def test_what_belongs_to_a_choice_comes_with_it(page_as, desk, branch, size):
    package = CoursePackageFactory(price_minor=2400_00, course__list_price_minor=150_00)
    student = StudentFactory(branches=[branch])
    page = page_as(desk, size=size)
    page.goto(f"{reverse('enrol', args=[student.pk])}?course={package.course_id}")
    lessons, part = page.locator("input[name=lessons]"), page.locator("input[name=part_cash]")
    expect(lessons).to_be_hidden()
    expect(part).to_be_hidden()

    page.locator("[data-by-lessons]").click()
    lessons.fill("10")
    page.locator("[data-method=split]").click()
    part.fill("500")
    expect(page.locator("[data-test=total]")).to_contain_text("1,500.00")
    page.locator("form[data-order-form] button[data-variant=primary]").click()

    expect(page.locator("[data-test=owing]")).to_contain_text("1,000.00")


@SIZES
def test_renewals_of_a_class_are_prepared_and_one_is_paid_in_two_clicks(page_as, desk, child, size):
    group = child.class_members.get().class_group
    page = page_as(desk, size=size)
    page.goto(reverse("class_detail", args=[group.pk]))
    page.locator("[data-test=renewals]").click()
    expect(page.locator("[data-test=sum]")).to_contain_text("2,400.00")
    assert_fits_the_width(page)
    page.locator("form[data-renewals] button[type=submit]").click()
    expect(page.locator("[data-test=draft]")).to_have_count(1)
    click = Clicks()

    click.on(page.locator("[data-test=draft] a[data-variant=primary]"))
    click.on(page.locator("[data-test=confirm] button[data-variant=primary]"))

    expect(page.locator("[data-test=payment]")).to_have_count(1)
    assert click.count <= 2
    child.refresh_from_db()
    assert child.balance == 22
