"""Leave in two clicks and a make-up in three, from the child's page, on a desk and on a phone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.models import Attendance, MakeUp, TrialBooking
from scheduling.services import ask_leave
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, EnquiryFactory, LessonFactory, desk_of
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of, policy_of

pytestmark = pytest.mark.browser

SIZES = ["desktop", "phone"]


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小周")


@pytest.fixture
def lesson(branch):
    policy_of(branch)
    return LessonFactory(
        class_group__branch=branch, class_group__name="围棋甲班", class_group__capacity=6, starts_at=SATURDAY
    )


@pytest.fixture
def attendance(lesson):
    return child_in(lesson, name="田萍")


@pytest.fixture
def other(lesson, branch):
    """A lesson of another class of the course on Wednesday, and more of them later."""
    lessons = [
        lesson_of(
            lesson.class_group.course,
            branch,
            WEDNESDAY + timedelta(days=7 * week),
            name=f"围棋乙班{week}",
            capacity=8 + week,
        )
        for week in range(3)
    ]
    return lessons[0]


class Clicks:
    """A person at a page, counted."""

    def __init__(self, page):
        self.page, self.number = page, 0

    def __call__(self, locator):
        locator.click()
        self.number += 1


def large_enough(page):
    boxes = [one.bounding_box() for one in page.locator(".lv-page .qx-button:visible").all()]
    return boxes and all(box["height"] >= 44 and box["width"] >= 44 for box in boxes)


@pytest.mark.parametrize("size", SIZES)
def test_leave_takes_two_clicks(page_as, desk, attendance, size):
    page = page_as(desk, size=size)
    page.goto(reverse("student", args=[attendance.enrolment.student_id]))
    click = Clicks(page)

    click(page.locator("[data-test=leave]").first)
    expect(page.locator("[data-test=terms]")).to_be_visible()
    assert_fits_the_width(page)
    assert large_enough(page)
    click(page.locator(".lv-confirm"))

    expect(page.locator("[data-test=on-leave]")).to_be_visible()
    assert click.number == 2
    assert Attendance.objects.get(pk=attendance.pk).status == "leave"


@pytest.mark.parametrize("size", SIZES)
def test_a_make_up_takes_three_clicks_at_most(page_as, desk, attendance, other, size):
    ask_leave(attendance=attendance, reason="", by=desk, now=NOW)
    page = page_as(desk, size=size)
    page.goto(reverse("student", args=[attendance.enrolment.student_id]))
    click = Clicks(page)

    click(page.locator("[data-test=make-up]"))
    expect(page.locator("[data-test=offer]")).to_have_count(3)
    assert_fits_the_width(page)
    assert large_enough(page)
    click(page.locator("[data-test=offer]").first.locator("button"))

    expect(page.locator("[data-test=booked]")).to_contain_text("围棋乙班0")
    assert click.number <= 3
    assert MakeUp.objects.get().attendance.lesson == other


@pytest.mark.parametrize("size", SIZES)
def test_a_trial_takes_three_clicks_at_most(page_as, desk, lesson, branch, size):
    EnquiryFactory(branch=branch, child_name="钱小小", phone="+8613812345678", course=lesson.class_group.course)
    page = page_as(desk, size=size)
    page.goto(reverse("search") + "?q=5678")
    click = Clicks(page)

    click(page.locator("[data-test=trial]"))
    expect(page.locator("[data-test=offer]").first).to_be_visible()
    assert_fits_the_width(page)
    assert large_enough(page)
    click(page.locator("[data-test=offer]").first.locator("button"))

    expect(page.locator("[data-test=trial]")).to_have_count(1)
    assert click.number <= 3
    assert TrialBooking.objects.get().lesson == lesson


def test_it_works_by_keyboard(page_as, desk, attendance):
    page = page_as(desk)
    page.goto(reverse("attendance_leave", args=[attendance.pk]))

    expect(page.locator("#id_reason")).to_be_focused()
    page.keyboard.type("发烧")
    page.keyboard.press("Enter")

    expect(page.locator("[data-test=on-leave]")).to_contain_text("发烧")


@pytest.mark.parametrize("size", SIZES)
def test_the_lists_fit(page_as, desk, attendance, other, size):
    ask_leave(attendance=attendance, reason="", by=desk, now=NOW)
    page = page_as(desk, size=size)

    page.goto(reverse("make_up_list"))
    expect(page.locator("[data-test=open] b")).to_have_text("1")
    assert_fits_the_width(page)

    page.goto(reverse("lesson_trials", args=[other.pk]))
    assert_fits_the_width(page)
    assert large_enough(page)
