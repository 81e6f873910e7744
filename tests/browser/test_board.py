"""The branch manager drags a lesson onto a clash and takes the second of three ways out; the same without dragging."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.models import AvailabilityWindow, KeptClash, RuleOverride
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    at,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.browser
WEEK = reverse("week") + "?day=2026-11-28"
QUARTER = 12  # pixels of fifteen minutes on the board


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    """Next Saturday at nine in room 101; 102 is free."""
    RoomFactory(branch=branch, name="102", capacity=12)
    group = ClassGroupFactory(branch=branch, name="围棋甲班", teacher=teacher_of(branch, name="张老师"))
    lesson = LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"), room__name="101", room__capacity=12)
    AttendanceFactory(lesson=lesson)
    return lesson


@pytest.fixture
def other(lesson):
    """In the same room at two."""
    group = ClassGroupFactory(branch=lesson.branch, name="书法班", teacher=teacher_of(lesson.branch, name="李老师"))
    return LessonFactory(class_group=group, starts_at=at("2026-11-28 14:00"), room=lesson.room)


def card_of(page, lesson):
    return page.locator(f".bd-card[data-lesson='{lesson.pk}']:visible")


def drag(page, card, *, down=0, right=0):
    """With the mouse, in steps, as a hand does it."""
    card.scroll_into_view_if_needed()
    box = card.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=5)
    page.mouse.move(x + right, y + down, steps=5)
    return page.mouse


def hours(number):
    return number * 4 * QUARTER


def provoked(problems, status):
    """The browser writes every refusal into its console; this one was asked for."""
    assert all(str(status) in problem for problem in problems)
    problems.clear()


def is_there(lesson, text):
    lesson.refresh_from_db()
    return lesson.starts_at == at(text)


def test_a_lesson_is_dragged_to_another_time(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    drag(page, card_of(page, lesson), down=hours(2)).up()

    expect(page.locator("[data-board-toast]")).to_contain_text("11:00–12:30")
    expect(card_of(page, lesson)).to_contain_text("11:00–12:30")
    assert is_there(lesson, "2026-11-28 11:00")
    assert page.url.endswith(WEEK)


def test_a_move_is_undone_from_its_toast(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)
    drag(page, card_of(page, lesson), down=hours(2)).up()

    page.locator("[data-toast-undo]").click()

    expect(card_of(page, lesson)).to_contain_text("09:00–10:30")
    assert is_there(lesson, "2026-11-28 09:00")


def test_the_second_alternative_of_a_clash(page_as, problems, lesson, other):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    drag(page, card_of(page, lesson), down=hours(5)).up()
    refusal = page.locator("[data-test=refusal]")
    expect(refusal).to_contain_text("书法班")
    choices = refusal.locator("[data-test=alternatives] button")
    expect(choices).to_have_count(3)
    text = choices.nth(1).inner_text()
    choices.nth(1).click()

    expect(page.locator("[data-board-toast]")).to_be_visible()
    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.version) == (at("2026-11-28 12:30"), 2)
    assert "12:30–14:00" in text
    provoked(problems, 409)


def test_leaving_it_puts_the_card_back(page_as, problems, lesson, other):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    drag(page, card_of(page, lesson), down=hours(5)).up()
    page.locator("[data-test=refusal]").wait_for()
    page.keyboard.press("Escape")

    expect(card_of(page, lesson)).to_contain_text("09:00–10:30")
    assert is_there(lesson, "2026-11-28 09:00")
    provoked(problems, 409)


def test_a_clash_is_kept_with_a_reason(page_as, problems, lesson, other):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    drag(page, card_of(page, lesson), down=hours(5)).up()
    page.locator("#keep-reason").fill("合班上课")
    page.locator("[data-dialog-keep-button]").click()

    expect(card_of(page, lesson)).to_have_attribute("data-clash", "yes")
    assert KeptClash.objects.get().reason == "合班上课"
    provoked(problems, 409)


def test_while_dragging_what_is_taken_is_painted(page_as, lesson, other):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    mouse = drag(page, card_of(page, lesson), down=hours(1))
    taken = page.locator(".bd-slot.bd-taken")

    expect(taken).to_have_count(1)
    expect(taken).to_contain_text("书法班")
    drag_back = card_of(page, other).bounding_box()
    assert taken.bounding_box()["y"] == pytest.approx(drag_back["y"], abs=3)
    mouse.up()
    expect(taken).to_have_count(0)


def test_a_lesson_of_a_weekly_rule_asks_and_enter_moves_only_this_one(page_as, lesson):
    lesson.rule = ScheduleRuleFactory(class_group=lesson.class_group)
    lesson.save()
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    drag(page, card_of(page, lesson), down=hours(2)).up()
    scope = page.locator("[data-test=scope]")
    expect(scope.locator("a")).to_have_attribute(
        "href",
        f"{reverse('class_times', args=[lesson.class_group_id])}?from={lesson.pk}"
        f"&weekday=5&start_time=11%3A00&teacher={lesson.teacher_id}&room={lesson.room_id}",
    )
    page.keyboard.press("Enter")

    expect(page.locator("[data-board-toast]")).to_be_visible()
    assert is_there(lesson, "2026-11-28 11:00")


def test_a_lesson_is_dragged_to_another_room(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(f"{WEEK}&by=room&span=day")
    width = card_of(page, lesson).bounding_box()["width"]

    drag(page, card_of(page, lesson), right=width).up()

    expect(page.locator("[data-board-toast]")).to_be_visible()
    lesson.refresh_from_db()
    assert lesson.room.name == "102"
    assert lesson.starts_at == at("2026-11-28 09:00")


def test_a_lesson_is_dragged_to_another_day_of_a_room_s_week(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(f"{WEEK}&by=room")
    width = card_of(page, lesson).bounding_box()["width"]

    drag(page, card_of(page, lesson), right=width).up()

    expect(page.locator("[data-board-toast]")).to_be_visible()
    lesson.refresh_from_db()
    assert lesson.starts_at == at("2026-11-29 09:00")
    assert lesson.room.name == "101"


def test_a_lesson_is_dragged_to_another_teacher(page_as, lesson):
    other = teacher_of(lesson.branch, name="李老师")
    page = page_as(manager_of(lesson.branch))
    page.goto(f"{WEEK}&by=teacher&span=day")
    card = card_of(page, lesson)
    to = page.locator(".bd .ec-col-head", has_text="李老师").bounding_box()
    box = card.bounding_box()

    drag(page, card, right=to["x"] + to["width"] / 2 - box["x"] - box["width"] / 2).up()

    expect(page.locator("[data-board-toast]")).to_be_visible()
    expect(card).to_contain_text("李老师")
    lesson.refresh_from_db()
    assert (lesson.teacher, lesson.starts_at) == (other, at("2026-11-28 09:00"))
    assert lesson.class_group.teacher.name == "张老师"  # of the class; the pay follows the lesson


def test_a_rule_that_warns_asks_for_a_reason_and_lets_it_pass(page_as, problems, lesson):
    """The teacher offers the morning; the drop is at two in the afternoon."""
    AvailabilityWindow.objects.create(teacher=lesson.teacher, weekday=5, start_time="08:00", end_time="12:00")
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    drag(page, card_of(page, lesson), down=hours(5)).up()
    refusal = page.locator("[data-test=refusal]")
    keep = refusal.locator("[data-dialog-keep-button]")
    expect(refusal).to_contain_text("张老师")
    expect(keep).to_be_disabled()
    refusal.locator("#keep-reason").fill("家长只有下午有空")
    keep.click()

    expect(page.locator("[data-board-toast]")).to_be_visible()
    expect(card_of(page, lesson)).to_contain_text("14:00–15:30")
    assert is_there(lesson, "2026-11-28 14:00")
    override = RuleOverride.objects.get(lesson=lesson)
    assert (override.rule, override.reason) == ("teacher_unavailable", "家长只有下午有空")
    provoked(problems, 409)


def test_a_lesson_is_made_longer(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)
    box = card_of(page, lesson).bounding_box()

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] + 2 * QUARTER, steps=6)
    page.mouse.up()

    expect(page.locator("[data-board-toast]")).to_be_visible()
    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.ends_at) == (at("2026-11-28 09:00"), at("2026-11-28 11:00"))


def test_no_network_puts_the_card_back_and_says_so(page_as, problems, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)
    page.route("**/move/", lambda route: route.abort())

    drag(page, card_of(page, lesson), down=hours(2)).up()

    expect(page.locator("[data-board-toast]")).to_have_text(
        page.locator("[data-board]").get_attribute("data-text-offline"), use_inner_text=True
    )
    expect(card_of(page, lesson)).to_contain_text("09:00–10:30")
    assert is_there(lesson, "2026-11-28 09:00")
    provoked(problems, "ERR_FAILED")


def test_a_lesson_that_somebody_else_moved_meanwhile(page_as, problems, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)
    card_of(page, lesson).wait_for()
    type(lesson).objects.filter(pk=lesson.pk).update(
        starts_at=at("2026-11-28 15:00"), ends_at=at("2026-11-28 16:30"), version=2
    )

    drag(page, card_of(page, lesson), down=hours(2)).up()

    expect(card_of(page, lesson)).to_contain_text("15:00–16:30")
    assert is_there(lesson, "2026-11-28 15:00")
    provoked(problems, 409)


def test_a_card_opens_its_lesson_and_a_drag_opens_nothing(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)

    card_of(page, lesson).click()

    page.wait_for_url(reverse("lesson", args=[lesson.pk]))


def test_by_keyboard_the_lesson_s_page_moves_it(page_as, lesson):
    page = page_as(manager_of(lesson.branch))
    page.goto(WEEK)
    card_of(page, lesson).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(reverse("lesson", args=[lesson.pk]))

    page.locator("[data-test=move] [name=time]").focus()
    page.keyboard.type("1530")
    page.keyboard.press("Enter")

    page.wait_for_url(reverse("lesson", args=[lesson.pk]))
    expect(page.locator("[data-test=history]")).to_contain_text("15:30–17:00")
    assert is_there(lesson, "2026-11-28 15:30")


def test_on_a_phone_the_second_alternative_is_one_tap(page_as, lesson, other):
    page = page_as(manager_of(lesson.branch), size="phone")
    page.goto(WEEK)
    page.locator(".tt-card", has_text="围棋甲班").tap()
    page.wait_for_url(reverse("lesson", args=[lesson.pk]))

    page.locator("[data-test=move] [name=time]").fill("14:00")
    page.locator("[data-test=move] button").tap()
    expect(page.locator("[data-test=refusal]")).to_contain_text("书法班")
    page.locator("[data-test=alternatives] button").nth(1).tap()

    page.locator("[data-test=history]").wait_for()
    assert is_there(lesson, "2026-11-28 12:30")
    assert_fits_the_width(page)


def test_on_a_phone_there_is_the_list_and_no_board(page_as, lesson):
    page = page_as(manager_of(lesson.branch), size="phone")
    page.goto(WEEK)

    expect(page.locator(".tt-card", has_text="围棋甲班")).to_be_visible()
    expect(page.locator("[data-board]")).to_be_hidden()


def test_without_scripts_the_page_is_the_list(page_as, lesson):
    page = page_as(manager_of(lesson.branch), java_script_enabled=False)
    page.goto(WEEK)

    page.locator(".tt-card", has_text="围棋甲班").click()

    page.wait_for_url(reverse("lesson", args=[lesson.pk]))
