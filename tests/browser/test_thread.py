"""The whole thread in Chromium, in Chinese, each step by the person whose work it is.

A child is enrolled at the desk, seen on the week, called on a phone; its credits run low, and its mother is told.
"""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from messaging import tasks as messaging_tasks
from renewals import tasks as renewals_tasks
from scheduling.models import Attendance
from scheduling.services import place_students
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def school(transactional_db, monkeypatch):
    """银州校区 has a class this morning, a package of four lessons, and 田萍, who is new."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    branch = BranchFactory(name="银州校区", sms_signature="轻校银州")
    group = ClassGroupFactory(branch=branch, name="围棋银44班", course__name="围棋", teacher=teacher_of(branch))
    CoursePackageFactory(course=group.course, name="4 课时", paid_credits=4, price_minor=300_00)
    student = StudentFactory(name="田萍", branches=[branch])
    GuardianshipFactory(student=student, guardian__name="田海燕", guardian__phone="+8615038291904")
    StudentFactory(name="罗琴", branches=[branch])
    return branch, LessonFactory(class_group=group), student


@pytest.fixture
def phone(fake_twilio, settings, live_server):
    """The stand-in for Twilio, which reports to the live server; and so the parent's phone."""
    settings.PUBLIC_BASE_URL = live_server.url
    del fake_twilio.carrier.post  # its own: over HTTP
    return fake_twilio


class Clicks:
    """Clicks like a person, and counts."""

    def __init__(self, page):
        self.page = page
        self.count = 0

    def on(self, role, name):
        self.page.get_by_role(role, name=name).first.click()
        self.count += 1


def test_a_child_is_enrolled_called_and_its_mother_is_told(page_as, school, phone):
    branch, lesson, student = school

    enrol_at_the_desk(page_as(desk_of(branch)))
    put_into_class(lesson, student)
    see_on_the_week(page_as(manager_of(branch)), lesson)
    call_the_roll(page_as(lesson.teacher, size="phone"), lesson)
    see_what_is_left(page_as(desk_of(branch)), student)
    tick()
    see_on_the_phone(page_as(), phone)
    phone.deliver()
    see_delivered(page_as(desk_of(branch)), student)


def enrol_at_the_desk(page):
    """Found by the last four digits; then at most four clicks."""
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("1904")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="田萍")).to_be_visible()
    expect(page.get_by_role("link", name="罗琴")).not_to_be_visible()
    click = Clicks(page)

    click.on("link", "报名")
    click.on("link", "围棋")
    click.on("radio", "4 课时")
    click.on("button", "报名并收款")

    expect(page.locator("body")).to_contain_text("还剩 4 课时")
    expect(page.locator("body")).to_contain_text("¥300.00")
    assert click.count <= 4


def put_into_class(lesson, student):
    place_students(
        class_group=lesson.class_group,
        enrolments=student.enrolments.all(),
        joined_date=TODAY,
        by=lesson.teacher,
        now=NOW,
    )
    assert Attendance.objects.get().lesson == lesson


def see_on_the_week(page, lesson):
    page.goto(reverse("week"))

    card = page.get_by_role("link").filter(has_text="围棋银44班").first
    expect(card).to_contain_text("09:00")
    expect(card).to_contain_text("1/12")


def call_the_roll(page, lesson):
    """Everybody is here: one click."""
    page.goto(reverse("roll_call", args=[lesson.pk]))
    expect(page.locator("body")).to_contain_text("田萍")

    page.locator(".rc-bar button").click()

    expect(page.locator("body")).to_contain_text("点名完成")


def see_what_is_left(page, student):
    """One less, and the timeline says why."""
    page.goto(reverse("student", args=[student.pk]))

    expect(page.locator("body")).to_contain_text("还剩 3 课时")
    entry = page.locator(".qx-timeline li").filter(has_text="−1")
    expect(entry).to_contain_text("围棋银44班")
    expect(entry).to_contain_text("出勤")


def tick():
    """What the jobs do every minute."""
    renewals_tasks.plan_renewal_reminders()
    messaging_tasks.drain()


def see_on_the_phone(page, phone):
    page.goto(f"{phone.url}/phones/+8615038291904")

    text = page.locator("body")
    expect(text).to_contain_text("【轻校银州】")
    expect(text).to_contain_text("田萍")
    expect(text).to_contain_text("3 课时")


def see_delivered(page, student):
    page.goto(reverse("student", args=[student.pk]))

    expect(page.locator(".qx-timeline li").filter(has_text="【轻校银州】")).to_contain_text("已送达")
