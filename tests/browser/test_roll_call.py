import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    group = ClassGroupFactory(branch=branch, name="围棋甲班", teacher=teacher_of(branch, name="张老师"))
    return LessonFactory(class_group=group)


@pytest.fixture
def children(lesson):
    """Twelve, one more than fits above the button of a phone."""
    rows = []
    for number in range(12):
        enrolment = EnrolmentFactory(
            branch=lesson.branch, course=lesson.class_group.course, student__name=f"学员{number:02d}"
        )
        sell(enrolment, 20)
        rows.append(AttendanceFactory(lesson=lesson, enrolment=enrolment))
    return rows


@pytest.fixture
def roll(page_as, lesson, children):
    """The page of the lesson, as its teacher, on a phone."""

    def open_roll(**options):
        page = page_as(lesson.teacher, size="phone", **options)
        page.goto(reverse("roll_call", args=[lesson.pk]))
        return page

    return open_roll


def choice(page, child, status):
    return page.locator(".rc-child", has_text=child).locator(f"[data-status={status}]")


def button(page):
    return page.locator(".rc-bar button")


def balances(children):
    return [row.enrolment.credit_entries.total() for row in children]


def test_two_taps_for_a_class_with_one_exception(roll, lesson, children):
    page = roll()

    choice(page, "学员03", "leave").tap()
    expect(page.locator("[data-roll-counts] [data-status=present] b")).to_have_text("11")
    expect(page.locator("[data-roll-counts] [data-status=leave] b")).to_have_text("1")
    button(page).tap()

    expect(page.locator(".rc-called")).to_contain_text("张老师")
    lesson.refresh_from_db()
    assert lesson.is_held
    assert balances(children) == [20 if number == 3 else 19 for number in range(12)]


def test_the_button_is_at_the_thumb(roll):
    page = roll()

    expect(button(page)).to_be_in_viewport(ratio=1)
    bar, pages = button(page).bounding_box(), page.locator(".qx-phone-bar").bounding_box()
    assert bar["y"] + bar["height"] <= pages["y"]


def test_targets_are_large_enough(roll):
    page = roll()

    sizes = [one.bounding_box() for one in [*page.locator(".rc-child").first.locator("label").all(), button(page)]]

    assert all(size["height"] >= 44 and size["width"] >= 44 for size in sizes)
    assert_fits_the_width(page)


def test_undo_is_one_tap(roll, children):
    page = roll()
    button(page).tap()

    page.locator(".rc-called button").tap()

    expect(page.locator(".rc-called")).to_have_count(0)
    assert balances(children) == [20] * 12


def test_it_works_without_scripts(roll, children):
    page = roll(java_script_enabled=False)

    choice(page, "学员00", "absent").tap()
    choice(page, "学员11", "late").tap()
    button(page).tap()

    expect(page.locator(".rc-called")).to_be_visible()
    marked = [row.status for row in children if row.refresh_from_db() is None]
    assert marked == ["absent", *["present"] * 10, "late"]


def test_it_works_by_keyboard(page_as, lesson, children):
    page = page_as(lesson.teacher)
    page.goto(reverse("roll_call", args=[lesson.pk]))

    page.locator(".rc-child", has_text="学员00").locator("input:checked").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.locator(".rc-called")).to_be_visible()
    children[0].refresh_from_db()
    assert children[0].status == "late"
