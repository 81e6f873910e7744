import datetime
import logging
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from scheduling.feeds import create_feed, facts_of_feed, find_feed, revoke_feed
from scheduling.icalendar import feed_calendar, time_zone_component
from scheduling.models import Attendance, CalendarFeed
from scheduling.services import cancel_lesson, reschedule_lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    ClassGroupFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    UserFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
    teacher_of,
)

pytestmark = pytest.mark.django_db
Kind = CalendarFeed.Kind
FEEDS = reverse("feed_list")


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch, settings):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.PUBLIC_BASE_URL = "https://school.example"


@pytest.fixture
def group(branch):
    branch.address = "奥体路1号, 东门"
    branch.save()
    teacher = teacher_of(branch, name="张老师")
    group = ClassGroupFactory(branch=branch, name="围棋甲班", course__name="围棋", teacher=teacher, lessons_total=1)
    ScheduleRuleFactory(class_group=group)
    return group


@pytest.fixture
def lesson(group):
    return LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"), room__name="1号教室")


def feed_for(kind, resource):
    """(feed, its path)."""
    feed, secret = create_feed(kind=kind, resource=resource, by=UserFactory(), now=NOW)
    return feed, reverse("feed", args=[secret])


def events_of(content):
    return Calendar.from_ical(content).walk("VEVENT")


def event_of(client, path):
    [event] = events_of(client.get(path).content)
    return event


def move(lesson, hours):
    delta = datetime.timedelta(hours=hours)
    return reschedule_lesson(
        lesson=lesson,
        starts_at=lesson.starts_at + delta,
        ends_at=lesson.ends_at + delta,
        teacher=lesson.teacher,
        room=lesson.room,
        by=UserFactory(),
        now=NOW,
    ).lesson


# --- what is in a feed -----------------------------------------------------------------------------------


def test_a_lesson_is_an_event(client, lesson):
    AttendanceFactory.create_batch(2, lesson=lesson)
    AttendanceFactory(lesson=lesson, status=Attendance.Status.LEAVE)
    _feed, path = feed_for(Kind.CLASS, lesson.class_group)

    event = event_of(client, path)

    assert event["UID"] == f"lesson-{lesson.pk}@school.example"
    assert (event["SEQUENCE"], event["STATUS"], event["TRANSP"]) == (0, "CONFIRMED", "OPAQUE")
    assert event["SUMMARY"] == "围棋甲班"
    assert event["LOCATION"] == "1号教室，奥体校区，奥体路1号, 东门"
    assert "张老师" in event["DESCRIPTION"]
    assert "2" in event["DESCRIPTION"]
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (lesson.starts_at, lesson.ends_at)
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert "RRULE" not in event


def test_the_file_says_how_often_to_ask(client, lesson):
    _feed, path = feed_for(Kind.CLASS, lesson.class_group)

    response = client.get(path)
    calendar = Calendar.from_ical(response.content)

    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H" in response.content
    assert calendar["X-WR-CALNAME"] == "围棋甲班"
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Shanghai"]


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.TEACHER, lambda lesson: lesson.teacher),
        (Kind.ROOM, lambda lesson: lesson.room),
        (Kind.CLASS, lambda lesson: lesson.class_group),
        (Kind.STUDENT, lambda lesson: lesson.attendances.get().enrolment.student),
    ],
)
def test_each_kind_has_its_own_lessons_and_no_others(client, lesson, kind, subject):
    child = AttendanceFactory(lesson=lesson, enrolment__student__name="田萍").enrolment.student
    other = LessonFactory(starts_at=at("2026-11-28 14:00"))
    AttendanceFactory(lesson=other)
    _feed, path = feed_for(kind, subject(lesson))

    response = client.get(path)

    [event] = events_of(response.content)
    assert event["UID"].startswith(f"lesson-{lesson.pk}@")
    assert (child.name in response.content.decode()) == (kind == Kind.STUDENT)


def test_a_child_s_event_names_course_and_branch(client, lesson):
    row = AttendanceFactory(lesson=lesson)
    _feed, path = feed_for(Kind.STUDENT, row.enrolment.student)

    event = event_of(client, path)

    assert event["SUMMARY"] == "围棋 · 奥体校区"
    assert "DESCRIPTION" not in event


def test_a_child_on_leave_has_no_lesson(client, lesson):
    row = AttendanceFactory(lesson=lesson, status=Attendance.Status.LEAVE)
    _feed, path = feed_for(Kind.STUDENT, row.enrolment.student)

    assert events_of(client.get(path).content) == []


def test_a_moved_lesson_is_the_same_event_further_on(client, lesson):
    _feed, path = feed_for(Kind.ROOM, lesson.room)
    before = event_of(client, path)

    moved = move(lesson, 3)
    after = event_of(client, path)

    assert after["UID"] == before["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after["DTSTART"].dt == moved.starts_at
    assert after["LAST-MODIFIED"].dt == NOW


def test_a_cancelled_lesson_stays_and_says_so(client, lesson):
    _feed, path = feed_for(Kind.CLASS, lesson.class_group)

    cancel_lesson(lesson=lesson, reason="停电", by=UserFactory(), now=NOW)
    cancelled, added = events_of(client.get(path).content)

    assert (cancelled["STATUS"], cancelled["TRANSP"], cancelled["SEQUENCE"]) == ("CANCELLED", "TRANSPARENT", 1)
    assert added["STATUS"] == "CONFIRMED"
    assert "停电" not in client.get(path).content.decode()


def test_a_feed_goes_from_a_month_back_to_half_a_year_ahead(client, lesson):
    for day in ("2026-10-21 09:00", "2026-10-23 09:00", "2027-05-19 09:00", "2027-05-21 09:00"):
        LessonFactory(class_group=lesson.class_group, starts_at=at(day))
    _feed, path = feed_for(Kind.CLASS, lesson.class_group)

    days = [f"{event['DTSTART'].dt:%Y-%m-%d}" for event in events_of(client.get(path).content)]

    assert days == ["2026-10-23", "2026-11-28", "2027-05-19"]


def test_a_teacher_at_two_branches_has_each_branch_s_clock(client, lesson):
    london = BranchFactory(time_zone="Europe/London")
    LessonFactory(
        class_group=ClassGroupFactory(branch=london, teacher=lesson.teacher),
        starts_at=at("2026-11-27 09:00", "Europe/London"),
    )
    _feed, path = feed_for(Kind.TEACHER, lesson.teacher)

    events = events_of(client.get(path).content)

    assert [event["DTSTART"].params["TZID"] for event in events] == ["Europe/London", "Asia/Shanghai"]
    assert [event["DTSTART"].dt.hour for event in events] == [9, 9]


def test_an_empty_feed_is_a_calendar(client, branch):
    _feed, path = feed_for(Kind.ROOM, RoomFactory(branch=branch))

    assert events_of(client.get(path).content) == []


def test_the_same_lessons_are_the_same_file_all_day(group, lesson):
    feed, _path = feed_for(Kind.CLASS, group)
    evening = NOW + datetime.timedelta(hours=9)

    assert feed_calendar(feed, now=NOW) == feed_calendar(feed, now=evening)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_time_zones_change_at_the_very_second(zone):
    """An onset is written in the wall-clock time before it."""
    first = datetime.datetime(2026, 9, 1, tzinfo=datetime.UTC)
    component = time_zone_component(zone, first=first, last=first + datetime.timedelta(days=250))

    _beginning, *onsets = component.subcomponents
    assert len(onsets) >= 2
    for onset in onsets:
        at_onset = (onset["DTSTART"].dt - onset["TZOFFSETFROM"].td).replace(tzinfo=datetime.UTC)
        before = at_onset - datetime.timedelta(seconds=1)
        assert before.astimezone(ZoneInfo(zone)).utcoffset() == onset["TZOFFSETFROM"].td
        assert at_onset.astimezone(ZoneInfo(zone)).utcoffset() == onset["TZOFFSETTO"].td


@pytest.mark.parametrize("number", [1, 3])
def test_feed_query_count(client, group, lesson, django_assert_num_queries, number):
    for day in range(1, number):
        LessonFactory(class_group=group, starts_at=lesson.starts_at + datetime.timedelta(days=day))
    _feed, path = feed_for(Kind.CLASS, group)

    with django_assert_num_queries(5):  # feed, class, reading, lessons, the class's name
        client.get(path)


# --- the address -----------------------------------------------------------------------------------------


def test_only_the_hash_of_a_long_secret_is_kept(group):
    feed, secret = create_feed(kind=Kind.CLASS, resource=group, by=UserFactory(), now=NOW)

    assert len(secret) >= 32  # 192 bits, 6 a letter
    row = CalendarFeed.objects.values().get(pk=feed.pk)
    assert secret not in str(row)
    assert find_feed(secret) == feed


def test_revoked_and_unknown_addresses_get_the_same_answer(client, lesson):
    feed, path = feed_for(Kind.CLASS, lesson.class_group)
    revoke_feed(feed=feed, now=NOW)
    revoke_feed(feed=feed, now=NOW + datetime.timedelta(hours=1))

    revoked, unknown = client.get(path), client.get(reverse("feed", args=["x" * 32]))

    assert (revoked.status_code, unknown.status_code) == (404, 404)
    assert revoked.content == unknown.content
    assert dict(revoked.headers) == dict(unknown.headers)
    feed.refresh_from_db()
    assert feed.revoked_at == NOW


def test_a_teacher_who_has_left_reads_nothing(client, lesson):
    _feed, path = feed_for(Kind.TEACHER, lesson.teacher)
    lesson.teacher.is_active = False
    lesson.teacher.save()

    assert client.get(path).status_code == 404


def test_a_feed_of_what_is_gone_is_gone(client, branch):
    room = RoomFactory(branch=branch)
    _feed, path = feed_for(Kind.ROOM, room)
    room.delete()

    assert client.get(path).status_code == 404


def test_addresses_are_for_their_readers_alone(client, lesson):
    _feed, path = feed_for(Kind.CLASS, lesson.class_group)

    response = client.get(path)

    assert "private" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert not response.cookies


def test_a_calendar_that_is_up_to_date_gets_no_file(client, lesson):
    _feed, path = feed_for(Kind.CLASS, lesson.class_group)
    etag = client.get(path)["ETag"]

    unchanged = client.get(path, headers={"if-none-match": f'"other", W/{etag}'})
    move(lesson, 1)
    changed = client.get(path, headers={"if-none-match": etag})

    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    assert changed.status_code == 200
    assert changed["ETag"] != etag


def test_a_reading_is_written_down_once_an_hour(client, lesson, monkeypatch):
    feed, path = feed_for(Kind.CLASS, lesson.class_group)
    readings = []
    for minutes in (0, 59, 60):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: NOW + datetime.timedelta(minutes=minutes))
        client.get(path)
        feed.refresh_from_db()
        readings.append((feed.read_at - NOW).seconds // 60)

    assert readings == [0, 0, 60]


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_log_has_the_secret(client, group, caplog, method):
    feed, path = feed_for(Kind.CLASS, group)
    revoke_feed(feed=feed, now=NOW)
    client.handler.enforce_csrf_checks = True

    with caplog.at_level(logging.DEBUG):
        getattr(client, method)(path)

    secret = path.split("/")[-1].removesuffix(".ics")
    assert "/feeds/…" in caplog.text
    assert secret not in caplog.text


def test_the_server_s_own_lines_hide_the_secret(caplog):
    logger = logging.getLogger("django.server")
    logger.addHandler(caplog.handler)

    logger.info('"%s" %s %s', "GET /feeds/" + "s" * 32 + ".ics HTTP/1.1", "200", "17")

    logger.removeHandler(caplog.handler)
    assert "sss" not in caplog.text
    assert "GET /feeds/… HTTP/1.1" in caplog.text


# --- the page --------------------------------------------------------------------------------------------


def choices(response):
    return [value for _group, rows in response.context["form"].fields["subject"].choices for value, _name in rows]


def test_a_teacher_makes_an_address_for_the_own_lessons_and_sees_it_once(client, lesson):
    client.force_login(lesson.teacher)
    assert choices(client.get(FEEDS)) == [f"teacher:{lesson.teacher.pk}"]

    made = client.post(FEEDS, {"subject": f"teacher:{lesson.teacher.pk}"})
    address = made.context["address"]

    assert address.startswith("https://school.example/feeds/")
    assert address in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    assert event_of(client, address.removeprefix("https://school.example"))["SUMMARY"] == "围棋甲班"
    assert address.split("/")[-1].removesuffix(".ics") not in client.get(FEEDS).content.decode()


def test_a_manager_is_offered_the_branch(client, lesson, other_branch):
    foreign = LessonFactory(class_group__branch=other_branch)
    client.force_login(manager_of(lesson.branch))

    offered = choices(client.get(FEEDS))

    assert offered == [
        f"class:{lesson.class_group_id}",
        f"teacher:{lesson.teacher_id}",
        f"room:{lesson.room_id}",
    ]
    refused = client.post(FEEDS, {"subject": f"room:{foreign.room_id}"})
    assert refused.context["form"].errors
    assert not CalendarFeed.objects.exists()


def test_an_owner_chooses_the_branch_first(client, lesson, other_branch):
    room = RoomFactory(branch=other_branch)
    client.force_login(owner_of_school())

    assert choices(client.get(f"{FEEDS}?branch={other_branch.pk}")) == [f"room:{room.pk}"]


def test_the_desk_makes_one_for_a_child(client, lesson):
    child = AttendanceFactory(lesson=lesson).enrolment.student
    child.branches.set([lesson.branch])
    client.force_login(desk_of(lesson.branch))
    assert choices(client.get(FEEDS)) == []

    made = client.post(f"{FEEDS}?student={child.pk}", {"subject": f"student:{child.pk}"})

    assert made.context["address"]
    [(feed, subject)] = made.context["feeds"]
    assert (feed.kind, subject) == (Kind.STUDENT, child)


def test_another_branch_s_child_is_not_found(client, lesson, other_branch):
    child = AttendanceFactory(lesson=lesson).enrolment.student
    child.branches.set([lesson.branch])
    client.force_login(desk_of(other_branch))

    assert client.get(f"{FEEDS}?student={child.pk}").status_code == 404


def test_a_teacher_has_no_child_s_address_to_give(client, lesson):
    child = AttendanceFactory(lesson=lesson).enrolment.student
    client.force_login(lesson.teacher)

    assert client.get(f"{FEEDS}?student={child.pk}").status_code == 404


def test_who_may_make_one_may_revoke_it(client, lesson, other_branch):
    feed, path = feed_for(Kind.ROOM, lesson.room)
    revoke = reverse("feed_revoke", args=[feed.pk])

    answers = []
    for person in (lesson.teacher, desk_of(lesson.branch), manager_of(other_branch)):
        client.force_login(person)
        answers.append(client.post(revoke).status_code)
    assert answers == [404, 404, 404]
    client.force_login(manager_of(lesson.branch))

    assert client.post(revoke).url == FEEDS
    assert client.get(path).status_code == 404
    assert client.get(FEEDS).context["feeds"] == []


def test_nobody_signs_in_first(client, branch):
    assert client.get(FEEDS).url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("number", [1, 3])
def test_page_query_count(client, branch, django_assert_num_queries, number):
    for _n in range(number):
        group = ClassGroupFactory(branch=branch, teacher=teacher_of(branch))
        lesson = LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
        feed_for(Kind.CLASS, group)
        feed_for(Kind.ROOM, lesson.room)
        feed_for(Kind.TEACHER, lesson.teacher)
    client.force_login(manager_of(branch))

    with django_assert_num_queries(13):
        response = client.get(FEEDS)

    assert len(response.context["feeds"]) == 3 * number


def test_facts_are_the_rows_of_one_query(group, lesson, django_assert_num_queries):
    feed, _path = feed_for(Kind.CLASS, group)

    with django_assert_num_queries(1):
        [row] = facts_of_feed(feed, now=NOW)

    assert row.class_group__name == group.name
