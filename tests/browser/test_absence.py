"""When things go wrong, by the manager, in Chinese: a teacher is ill for two days, a day is lost to snow."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.models import Lesson, TeacherAbsence, TimetableChange
from tests.browser.checks import assert_fits_the_width
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    GuardianshipFactory,
    LessonFactory,
    ScheduleRuleFactory,
    at,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def ill(branch):
    """张老师 has two lessons today and two tomorrow; 王老师 and 李老师 are free."""
    teacher = teacher_of(branch, name="张老师")
    for name in ("王老师", "李老师"):
        teacher_of(branch, name=name)
    for number, start in enumerate(("21 14:00", "21 16:00", "22 09:00", "22 14:00")):
        group = ClassGroupFactory(branch=branch, teacher=teacher, name=f"围棋{number + 1}班", lessons_total=1)
        ScheduleRuleFactory(class_group=group, weekday=5 + number // 2)
        lesson = LessonFactory(class_group=group, starts_at=at(f"2026-11-{start}"))
        GuardianshipFactory(student=AttendanceFactory(lesson=lesson).enrolment.student)
    return teacher


class Clicks:
    """Clicks like a person, and counts; a choice from a list is one, too."""

    def __init__(self, page):
        self.page = page
        self.count = 0

    def on(self, target):
        target.click()
        self.count += 1

    def choose(self, target, label):
        target.select_option(label=label)
        self.count += 1


def tile(page, name, value):
    return page.locator(f".qx-tile:has(input[name={name}][value={value}])")


@SIZES
def test_teacher_is_ill_for_two_days(page_as, branch, ill, size):
    page = page_as(manager_of(branch), size=size)
    page.goto(reverse("teacher_absence"))
    click = Clicks(page)

    click.choose(page.locator("select[name=teacher]"), "张老师")
    expect(page.locator(".md-lesson")).to_have_count(2)
    click.on(tile(page, "period", "both"))
    expect(page.locator(".md-lesson")).to_have_count(4)
    assert_fits_the_width(page)
    click.on(page.locator("[data-test=do-all]"))

    expect(page.locator("[data-test^=absence-]")).to_contain_text("张老师")
    assert click.count <= 4
    assert TeacherAbsence.objects.get().teacher == ill
    assert not Lesson.objects.filter(teacher=ill).exists()
    assert Lesson.objects.filter(has_own_teacher=True).count() == 4


@SIZES
def test_one_lesson_is_cancelled_and_one_left_open(page_as, branch, ill, size):
    page = page_as(manager_of(branch), size=size)
    page.goto(f"{reverse('teacher_absence')}?teacher={ill.pk}&period=both")
    cancelled, left = Lesson.objects.order_by("starts_at")[:2]

    page.locator(f".qx-tile:has([name=lesson-{cancelled.pk}][value=cancel])").click()
    page.locator(f".qx-tile:has([name=lesson-{left.pk}][value=leave])").click()
    page.locator("[data-test=do-all]").click()

    absence = page.locator("[data-test^=absence-]")
    expect(absence).to_contain_text(left.class_group.name)
    expect(absence).not_to_contain_text(cancelled.class_group.name)
    assert_fits_the_width(page)
    cancelled.refresh_from_db()
    assert cancelled.status == Lesson.Status.CANCELLED


@SIZES
def test_day_is_cancelled_and_undone(page_as, branch, ill, size):
    page = page_as(manager_of(branch), size=size)
    page.goto(reverse("cancel_day"))
    click = Clicks(page)

    expect(page.locator("[data-test=counts]")).to_contain_text("2")
    click.on(tile(page, "reason", "snow"))
    assert_fits_the_width(page)
    click.on(page.locator("[data-test=do-all]"))

    change = page.locator("[data-test^=change-]")
    expect(change).to_have_count(1)
    assert click.count <= 3
    assert Lesson.objects.filter(status=Lesson.Status.CANCELLED).count() == 2
    assert_fits_the_width(page)

    change.locator("summary").click()
    change.locator("[data-test^=undo-]").click()
    expect(page.locator("[data-test^=change-]")).to_have_count(2)
    assert not Lesson.objects.planned().filter(local_date__gt=at("2026-11-22 12:00")).exists()
    assert TimetableChange.objects.filter(kind="undo").count() == 1


@SIZES
def test_tomorrow_is_cancelled_in_three_clicks(page_as, branch, ill, size):
    page = page_as(manager_of(branch), size=size)
    page.goto(reverse("cancel_day"))
    click = Clicks(page)

    click.on(tile(page, "when", "tomorrow"))
    page.wait_for_url("**when=tomorrow**")
    click.on(tile(page, "reason", "power"))
    click.on(page.locator("[data-test=do-all]"))

    expect(page.locator("[data-test^=change-]")).to_have_count(1)
    assert click.count <= 3
    assert set(Lesson.objects.filter(status="cancelled").values_list("local_date__day", flat=True)) == {22}
