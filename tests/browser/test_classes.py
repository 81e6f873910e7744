"""Classes, as a branch manager opens and changes them, in Chinese."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.models import ClassGroup, Lesson
from scheduling.services import add_to_waiting_list, place_student, plan_lessons
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    TODAY,
    CalendarDayFactory,
    ClassGroupFactory,
    CourseFactory,
    EnrolmentFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def school(branch):
    """A course, two teachers, two rooms, and a day on which the branch is closed."""
    CourseFactory(name="围棋")
    teacher_of(branch, name="张老师")
    teacher_of(branch, name="李老师")
    RoomFactory(branch=branch, name="2号教室", capacity=12)
    RoomFactory(branch=branch, name="多功能厅", capacity=40)
    CalendarDayFactory(branch=branch, day="2026-12-05", reason="校庆")


@pytest.fixture
def group(branch, manager):
    """Saturdays at nine; two children, and one who waits."""
    group = ClassGroupFactory(
        branch=branch, name="围棋甲班", teacher=teacher_of(branch, name="张老师"), capacity=2, lessons_total=6
    )
    ScheduleRuleFactory(class_group=group, room=RoomFactory(branch=branch))
    plan_lessons(class_group=group, by=manager, now=NOW)
    for name in ("田萍", "罗琴"):
        enrolment = EnrolmentFactory(branch=branch, course=group.course, student__name=name)
        place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)
    waiting = EnrolmentFactory(branch=branch, course=group.course, student__name="王芳")
    add_to_waiting_list(class_group=group, enrolment=waiting, by=manager, now=NOW)
    return group


def fill_in(page, lessons="24"):
    page.locator("select[name=course]").select_option(label="围棋")
    page.locator("select[name=teacher]").select_option(label="张老师")
    page.locator("select[name=room]").select_option(label="2号教室")
    page.locator("select[name=times-0-weekday]").select_option("5")
    page.locator("input[name=times-0-start_time]").fill("09:00")
    page.locator("input[name=lessons_total]").fill(lessons)


@SIZES
def test_manager_opens_a_class_of_24_lessons(page_as, manager, school, size):
    page = page_as(manager, size=size)
    page.goto(reverse("class_list"))
    page.locator(f"a[href='{reverse('class_new')}']").first.click()

    fill_in(page)

    dates = page.locator(".cl-dates > li")
    expect(dates).to_have_count(25, timeout=20_000)  # the closed day among them; a first answer may take long
    expect(page.locator(".cl-dates > li[data-skipped]")).to_contain_text("校庆")
    expect(page.locator("input[name=name]")).to_have_value(re.compile("围棋.*1"))
    expect(page.locator("input[name=capacity]")).to_have_value("12")
    assert_fits_the_width(page)
    page.locator("[data-test=open]").click()

    page.wait_for_url("**/classes/*/")
    group = ClassGroup.objects.get()
    assert group.name.startswith("围棋")
    assert (group.lessons.count(), group.capacity) == (24, 12)
    expect(page.locator("[data-test=seats]")).to_contain_text("0/12")
    assert_fits_the_width(page)


def test_a_clash_is_seen_while_typing_and_a_proposal_solves_it(page_as, manager, school, branch):
    teacher = branch.memberships.get(user__name="张老师").user
    busy = ClassGroupFactory(branch=branch, teacher=teacher)
    LessonFactory(class_group=busy, starts_at=at("2026-12-19 09:30"))
    page = page_as(manager)
    page.goto(reverse("class_new"))

    fill_in(page, lessons="8")

    expect(page.locator("[data-test=clashing-number]")).to_be_visible()
    expect(page.locator(".cl-dates > li[data-against]")).to_contain_text("张老师")
    expect(page.locator("input[name=keep_reason]")).to_be_visible()
    page.locator("[data-test=use]").first.click()
    expect(page.locator("[data-test=lesson-number]")).to_be_visible()
    expect(page.locator("[data-test=clashing-number]")).to_have_count(0)
    page.locator("[data-test=open]").click()
    page.wait_for_url("**/classes/*/")

    assert ClassGroup.objects.exclude(pk=busy.pk).get().lessons.count() == 8


def test_without_scripts_the_form_works_too(page_as, manager, school):
    page = page_as(manager, java_script_enabled=False)
    page.goto(reverse("class_new"))
    assert page.locator("select[name^=times-]").count() == 6

    fill_in(page, lessons="4")
    page.locator("[data-show-dates]").click()
    expect(page.locator(".cl-dates > li")).to_have_count(5)
    page.locator("[data-test=open]").click()

    assert ClassGroup.objects.get().lessons.count() == 4


def test_a_second_weekly_time(page_as, manager, school):
    page = page_as(manager)
    page.goto(reverse("class_new"))
    fill_in(page, lessons="6")

    page.locator("[data-add-row]").click()
    expect(page.locator("select[name=times-1-weekday]")).to_be_focused()
    page.locator("select[name=times-1-weekday]").select_option("2")
    page.locator("input[name=times-1-start_time]").fill("18:00")

    expect(page.locator(".cl-dates > li").first).to_contain_text("18:00")


@SIZES
def test_manager_changes_this_and_the_following(page_as, manager, group, size):
    page = page_as(manager, size=size)
    page.goto(reverse("class_detail", args=[group.pk]))
    page.locator(".cl-split").nth(1).click()
    page.wait_for_url("**/times/**")  # with its scripts

    page.locator("select[name=times-0-weekday]").select_option("2")

    expect(page.locator("[data-test=moved]")).to_contain_text("4")
    expect(page.locator("[data-test=families]")).to_contain_text("2")
    assert_fits_the_width(page)
    assert Lesson.objects.filter(version__gt=1).count() == 0
    page.locator("[data-test=change]").click()
    page.wait_for_url("**/classes/*/")

    days = [f"{lesson.local_date:%m-%d}" for lesson in group.lessons.all()]
    assert days == ["11-21", "11-28", "12-09", "12-16", "12-23", "12-30"]


@SIZES
def test_manager_sees_the_dates_of_more_lessons_before_adding_them(page_as, manager, group, size):
    CalendarDayFactory(branch=group.branch, day="2027-01-02", reason="校庆")
    page = page_as(manager, size=size)
    page.goto(reverse("class_times", args=[group.pk]))
    number = page.locator("[data-length-form] [name=lessons_total]")
    number.focus()

    number.fill("8")

    expect(page.locator("[data-test=added]")).to_contain_text("2")
    expect(page.locator("[data-test=skipped]")).to_contain_text("1")
    expect(page.locator("[data-test=length] .cl-dates > li[data-skipped]")).to_contain_text("校庆")
    assert_fits_the_width(page)
    number.fill("5")
    expect(page.locator("[data-test=dropped]")).to_contain_text("1")
    assert group.lessons.active().count() == 6
    number.fill("8")
    expect(page.locator("[data-test=added]")).to_be_visible()
    page.locator("[data-test=length-change]").click()
    page.wait_for_url(f"**{reverse('class_detail', args=[group.pk])}")

    days = [f"{lesson.local_date:%m-%d}" for lesson in group.lessons.all()]
    assert days[6:] == ["01-09", "01-16"]


@SIZES
def test_desk_moves_a_child_and_the_next_in_line_gets_the_seat(page_as, manager, group, size):
    other = ClassGroupFactory(branch=group.branch, course=group.course, name="围棋乙班", lessons_total=6)
    ScheduleRuleFactory(class_group=other, start_time="14:00")
    plan_lessons(class_group=other, by=manager, now=NOW)
    page = page_as(desk_of(group.branch), size=size)
    page.goto(reverse("class_detail", args=[group.pk]))
    assert_fits_the_width(page)

    page.get_by_role("checkbox", name="田萍").check()
    page.locator("[data-test=move]").click()
    page.locator("select[name=target]").select_option(str(other.pk))
    page.locator("[data-test=preview]").click()
    expect(page.locator("[data-test=children]")).to_contain_text("围棋乙班")
    assert_fits_the_width(page)
    page.locator("[data-test=do]").click()
    page.wait_for_url(f"**{reverse('class_detail', args=[other.pk])}")
    expect(page.locator(".cl-members")).to_contain_text("田萍")

    page.goto(reverse("class_detail", args=[group.pk]))
    page.locator("[data-test=waiting] button[value=accept]").click()

    expect(page.locator(".cl-members")).to_contain_text("王芳")


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_fits(page_as, manager, group, size, scheme):
    page = page_as(manager, size=size, color_scheme=scheme)
    page.goto(reverse("class_list"))

    expect(page.locator(".cl-list tbody tr")).to_have_count(1)
    assert_fits_the_width(page)
    page.locator("[data-test=card-waiting]").click()
    expect(page.locator(".cl-list tbody tr")).to_contain_text("围棋甲班")
