import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    LessonFactory,
    RoomFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.browser
WEEK = reverse("week")


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    """Now, and not called."""
    group = ClassGroupFactory(branch=branch, name="围棋甲班", teacher=teacher_of(branch, name="张老师"))
    return LessonFactory(class_group=group, starts_at=at("2026-11-21 11:30"), room=RoomFactory(branch=branch))


def beside(lesson, text, name):
    group = ClassGroupFactory(branch=lesson.branch, name=name)
    return LessonFactory(class_group=group, starts_at=at(text))


def box_of(page, name):
    return page.locator(".bd-card", has_text=name).bounding_box()


def test_front_desk_sees_the_class_and_opens_its_roll_call(page_as, lesson):
    page = page_as(desk_of(lesson.branch))
    page.goto(WEEK)
    card = page.locator(".bd-card", has_text="围棋甲班")

    expect(card).to_contain_text("11:30–13:00")
    expect(card).to_contain_text("张老师")
    card.click()

    page.wait_for_url(reverse("roll_call", args=[lesson.pk]))


def test_a_card_opens_by_keyboard(page_as, lesson):
    page = page_as(desk_of(lesson.branch))
    page.goto(WEEK)

    page.locator(".bd-card").focus()
    page.keyboard.press("Enter")

    page.wait_for_url(reverse("roll_call", args=[lesson.pk]))


def test_cards_stand_by_time_and_side_by_side(page_as, lesson):
    beside(lesson, "2026-11-21 13:00", "后一班")
    beside(lesson, "2026-11-21 11:30", "同时班")
    beside(lesson, "2026-11-20 11:30", "前一天班")
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    first, later, parallel, day_before = (box_of(page, name) for name in ("围棋甲班", "后一班", "同时班", "前一天班"))

    assert later["y"] == pytest.approx(first["y"] + first["height"], abs=3)
    assert parallel["y"] == pytest.approx(first["y"], abs=1)
    assert parallel["x"] >= first["x"] + first["width"]
    assert day_before["y"] == pytest.approx(first["y"], abs=1)
    assert day_before["x"] + day_before["width"] <= first["x"]
    assert later["height"] == pytest.approx(first["height"], abs=1)


def test_a_choice_shows_at_once(page_as, lesson):
    other = beside(lesson, "2026-11-21 14:00", "书法班")
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    page.locator(".tt-filters summary").click()
    page.locator("select[name=room]").select_option(str(other.room_id))

    expect(page.locator(".bd-card")).to_have_count(1)
    expect(page.locator(".bd-card")).to_contain_text("书法班")


def test_one_day_by_room(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    page.locator(".tt-switch a[href*='by=room']").click()
    page.locator(".tt-switch a[href*='span=day']").click()

    expect(page.locator(".bd .ec-col-head")).to_contain_text(lesson.room.name)
    expect(page.locator(".bd-now")).to_be_visible()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_child_s_week_is_opened_from_the_child_s_page(page_as, lesson, size):
    child = AttendanceFactory(lesson=lesson).enrolment.student
    beside(lesson, "2026-11-21 14:00", "书法班")
    page = page_as(desk_of(lesson.branch), size=size)
    page.goto(reverse("student", args=[child.pk]))

    page.locator(f"a[href='{WEEK}?student={child.pk}']").click()

    shown = page.locator(".bd-card:visible" if size == "desktop" else ".tt-card:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("围棋甲班")
    expect(page.locator(".tt-child")).to_contain_text(child.name)
    assert_fits_the_width(page)


def test_paper_gets_the_list(page_as, lesson):
    page = page_as(desk_of(lesson.branch))
    page.goto(WEEK)
    page.locator(".bd-card").wait_for()

    page.emulate_media(media="print")

    expect(page.locator(".tt-card:not(.bd-card)")).to_be_visible()
    expect(page.locator(".bd-card")).to_be_hidden()


def test_phone_opens_at_today(page_as, lesson):
    for hour in range(8, 20):
        beside(lesson, f"2026-11-17 {hour:02d}:00", f"周二{hour}点班")
    page = page_as(manager_of(lesson.branch), size="phone")

    page.goto(WEEK)

    expect(page.locator(".tt-card", has_text="围棋甲班")).to_be_in_viewport()
    expect(page.locator(".tt-card", has_text="周二8点班")).not_to_be_in_viewport()
    assert_fits_the_width(page)


def test_phone_jumps_to_a_day(page_as, lesson):
    for hour in range(8, 20):
        beside(lesson, f"2026-11-17 {hour:02d}:00", f"周二{hour}点班")
    page = page_as(manager_of(lesson.branch), size="phone")
    page.goto(WEEK)

    page.locator(".tt-strip a").nth(1).click()

    expect(page.locator(".tt-card", has_text="周二8点班")).to_be_in_viewport()


@pytest.mark.parametrize("query", ["", "?by=room", "?by=teacher&span=day", "?day=2030-01-01"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_nothing_sticks_out(page_as, lesson, size, query):
    for number in range(6):
        beside(lesson, "2026-11-21 11:30", f"同时{number}班")
    page = page_as(manager_of(lesson.branch), size=size)

    page.goto(WEEK + query)

    assert_fits_the_width(page)
