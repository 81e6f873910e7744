"""Calendar addresses as people use them, and what a calendar program of somebody else reads in our files."""

import datetime
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from playwright.sync_api import expect

from scheduling.feeds import create_feed
from scheduling.icalendar import feed_calendar
from scheduling.models import CalendarFeed
from scheduling.services import Then, cancel_lesson, reschedule_lesson
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, BranchFactory, ClassGroupFactory, LessonFactory, UserFactory, at, teacher_of

pytestmark = pytest.mark.browser
FEEDS = reverse("feed_list")
ICAL_JS = Path(__file__).parent.parent / "vendor" / "ical.js-2.2.1" / "ical.js"
READ = """async ([source, text]) => {
  const { default: ICAL } = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(source));
  const calendar = new ICAL.Component(ICAL.parse(text));
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return [
      event.uid,
      event.sequence,
      component.getFirstPropertyValue("status"),
      event.startDate.zone.tzid,
      event.startDate.toUnixTime(),
      event.endDate.toUnixTime(),
    ];
  });
}"""


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def class_across_the_clock_change():
    """Saturdays and Sundays at 9:00 and 1:30 for the half year in which London changes its clocks (28 March 2027)."""

    def make(time_zone):
        branch = BranchFactory(time_zone=time_zone)
        group = ClassGroupFactory(branch=branch, lessons_total=18)
        for number in range(18):
            day = datetime.date(2027, 2, 27) + datetime.timedelta(weeks=number // 2)
            wall_time = f"{day} 09:00" if number % 2 else f"{day + datetime.timedelta(days=1)} 01:30"
            LessonFactory(class_group=group, number=number + 1, starts_at=at(wall_time, time_zone))
        return group

    return make


def as_icalendar_reads(text):
    return [
        [
            str(event["UID"]),
            int(event["SEQUENCE"]),
            str(event["STATUS"]),
            event["DTSTART"].params["TZID"],
            event["DTSTART"].dt.timestamp(),
            event["DTEND"].dt.timestamp(),
        ]
        for event in Calendar.from_ical(text).walk("VEVENT")
    ]


@pytest.mark.parametrize("time_zone", ["Europe/London", "Asia/Shanghai"])
def test_two_programs_read_the_same_events(page_as, class_across_the_clock_change, time_zone):
    group = class_across_the_clock_change(time_zone)
    moved, cancelled, *_others = group.lessons.order_by("starts_at")
    feed, _secret = create_feed(kind=CalendarFeed.Kind.CLASS, resource=group, by=UserFactory(), now=NOW)
    page = page_as()

    def as_ical_js_reads(text):
        return page.evaluate(READ, [ICAL_JS.read_text(), text])

    before = feed_calendar(feed, now=NOW).decode()
    reschedule_lesson(
        lesson=moved,
        starts_at=moved.starts_at + datetime.timedelta(hours=2),
        ends_at=moved.ends_at + datetime.timedelta(hours=2),
        teacher=moved.teacher,
        room=moved.room,
        by=UserFactory(),
        now=NOW,
    )
    cancel_lesson(lesson=cancelled, reason="停电", by=UserFactory(), now=NOW, then=Then.DROP)
    after = feed_calendar(feed, now=NOW).decode()

    lessons = {lesson.pk: lesson for lesson in group.lessons.all()}
    ours = sorted(
        [
            pk,
            lesson.version - 1,
            "CANCELLED" if pk == cancelled.pk else "CONFIRMED",
            time_zone,
            lesson.starts_at.timestamp(),
            lesson.ends_at.timestamp(),
        ]
        for pk, lesson in lessons.items()
    )
    theirs = as_ical_js_reads(after)
    assert theirs == as_icalendar_reads(after)
    assert as_ical_js_reads(before) == as_icalendar_reads(before)
    assert sorted([int(uid.split("@")[0].removeprefix("lesson-")), *rest] for uid, *rest in theirs) == ours
    assert {event[0] for event in theirs} == {event[0] for event in as_icalendar_reads(before)}
    assert len(theirs) == 18


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_teacher_makes_copies_and_revokes_an_address(page_as, branch, live_server, settings, size):
    settings.PUBLIC_BASE_URL = live_server.url
    lesson = LessonFactory(class_group__branch=branch, class_group__teacher=teacher_of(branch, name="张老师"))
    page = page_as(lesson.teacher, size=size, permissions=["clipboard-read", "clipboard-write"])
    page.goto(FEEDS)

    page.locator(".fd-make button").click()
    address = page.locator("#feed-address").input_value()
    page.locator("[data-copy]").click()

    expect(page.locator("[data-copy]")).to_have_text(page.locator("[data-copy]").get_attribute("data-done"))
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert_fits_the_width(page)
    assert page.request.get(address).text().count("BEGIN:VEVENT") == 1

    page.goto(FEEDS)
    page.locator(".fd-revoke summary").click()
    page.locator(".fd-revoke [type=submit]").click()

    expect(page.locator(".fd-revoke")).to_have_count(0)
    assert page.request.get(address).status == 404
