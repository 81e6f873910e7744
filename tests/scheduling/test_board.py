"""What the timetable's board hears: its lessons, what is taken during a drag, and the answer to a drop."""

import datetime
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import AvailabilityWindow, KeptClash, Lesson, LessonChange
from scheduling.services import cancel_lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    MembershipFactory,
    RoomFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db
DATA = reverse("timetable_data")
DROP_QUERIES = 31  # two savepoints are four of them


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    """Next Saturday at nine, with a child."""
    group = ClassGroupFactory(branch=branch, teacher=teacher_of(branch, name="张老师"))
    lesson = LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"), room__name="101", room__capacity=12)
    AttendanceFactory(lesson=lesson)
    return lesson


def beside(lesson, text, **fields):
    return LessonFactory(class_group=ClassGroupFactory(branch=lesson.branch), starts_at=at(text), **fields)


def data_of(client, **query):
    response = client.get(DATA, {"day": "2026-11-28", **query})
    assert response.status_code == 200
    return response.json()


def move(client, lesson, **wanted):
    """Drop it; what is not named stays as it is."""
    body = {
        "day": "2026-11-28",
        "time": "09:00",
        "minutes": 90,
        "teacher": lesson.teacher_id,
        "room": lesson.room_id,
        "version": lesson.version,
        **wanted,
    }
    return client.post(reverse("lesson_move", args=[lesson.pk]), json.dumps(body), content_type="application/json")


# --- data ---


def test_data_says_what_a_card_needs(client, lesson):
    client.force_login(manager_of(lesson.branch))

    data = data_of(client)
    (shown,) = data["lessons"]

    assert (shown["start"], shown["end"]) == ("2026-11-28T09:00:00", "2026-11-28T10:30:00")
    assert (shown["teacher"]["name"], shown["room"]["name"]) == ("张老师", "101")
    assert (shown["state"], shown["count"], shown["isClash"]) == ("planned", "1/12", False)
    assert shown["mayMove"]
    assert shown["url"] == reverse("lesson", args=[lesson.pk])
    assert shown["moveUrl"] == reverse("lesson_move", args=[lesson.pk])
    assert shown["slotsUrl"] == reverse("lesson_slots", args=[lesson.pk])
    assert data["now"] == "2026-11-21T12:00:00"
    assert data["days"][0] == "2026-11-23"


def test_data_is_in_the_branch_s_wall_clock_time(client, lesson):
    lesson.branch.time_zone = "Europe/Berlin"
    lesson.branch.save()
    client.force_login(manager_of(lesson.branch))

    assert data_of(client)["lessons"][0]["start"] == "2026-11-28T02:00:00"


def test_data_of_another_branch_is_not_found(client, lesson, other_branch):
    client.force_login(manager_of(other_branch))

    assert client.get(DATA, {"branch": lesson.branch_id}).status_code == 404


def test_data_of_all_branches_is_not_found_the_overview_has_numbers(client, owner, lesson, other_branch):
    client.force_login(owner)

    assert client.get(DATA, {"branch": "all"}).status_code == 404


def test_front_desk_sees_lessons_that_stay_where_they_are(client, lesson):
    client.force_login(desk_of(lesson.branch))

    (shown,) = data_of(client)["lessons"]

    assert not shown["mayMove"]
    assert (shown["moveUrl"], shown["slotsUrl"]) == ("", "")
    assert shown["url"] == reverse("roll_call", args=[lesson.pk])


@pytest.mark.parametrize("status", [Lesson.Status.HELD, Lesson.Status.CANCELLED])
def test_what_is_held_or_cancelled_stays_where_it_is(client, lesson, status):
    manager = manager_of(lesson.branch)
    held = {"roll_called_at": NOW, "roll_called_by": manager} if status == Lesson.Status.HELD else {}
    Lesson.objects.filter(pk=lesson.pk).update(status=status, cancel_reason="停电", **held)
    client.force_login(manager)

    (shown,) = data_of(client)["lessons"]

    assert (shown["state"], shown["mayMove"]) == (status, False)


def test_columns_are_all_rooms_and_all_teachers_to_drag_to(client, lesson):
    free_room, free_teacher = RoomFactory(branch=lesson.branch, name="102"), teacher_of(lesson.branch, name="赵老师")
    beside(lesson, "2026-11-28 14:00", room=None)
    client.force_login(manager_of(lesson.branch))

    rooms = [row["id"] for row in data_of(client, by="room", span="day")["resources"]]
    teachers = [row["id"] for row in data_of(client, by="teacher")["resources"]]

    assert rooms == [str(lesson.room_id), str(free_room.pk), "none"]
    assert str(free_teacher.pk) in teachers


def test_one_day_has_its_own_lessons_alone(client, lesson):
    beside(lesson, "2026-11-27 09:00")
    client.force_login(manager_of(lesson.branch))

    assert [row["id"] for row in data_of(client, by="room", span="day")["lessons"]] == [lesson.pk]


def test_closed_days_are_told(client, lesson):
    CalendarDayFactory(branch=lesson.branch, day=datetime.date(2026, 11, 27), reason="校庆")
    client.force_login(manager_of(lesson.branch))

    assert data_of(client)["closed"] == [{"day": "2026-11-27", "reason": "校庆"}]


def test_lessons_of_several_branches_have_the_colours_of_their_branches(client, lesson, other_branch):
    teacher = lesson.teacher
    MembershipFactory(user=teacher, branch=other_branch, role="teacher")
    client.force_login(teacher)

    (shown,) = data_of(client)["lessons"]

    assert (shown["color"], shown["place"]) == (lesson.branch.color, str(lesson.branch))


@pytest.mark.parametrize("by", ["day", "room", "teacher", "class"])
@pytest.mark.parametrize("number", [1, 3])
def test_data_query_count(client, lesson, django_assert_max_num_queries, number, by):
    for hour in range(number):
        AttendanceFactory(lesson=beside(lesson, f"2026-11-28 {14 + hour}:00"))
    client.force_login(manager_of(lesson.branch))

    with django_assert_max_num_queries(8):
        data_of(client, by=by)


# --- a child's week ---


def test_a_child_s_week_has_its_lessons_of_all_branches(client, owner, lesson, other_branch):
    student = lesson.attendances.get().enrolment.student
    there = LessonFactory(class_group=ClassGroupFactory(branch=other_branch), starts_at=at("2026-11-28 14:00"))
    AttendanceFactory(lesson=there, enrolment=EnrolmentFactory(student=student, branch=other_branch))
    beside(lesson, "2026-11-28 16:00")
    client.force_login(owner)

    data = data_of(client, student=student.pk)
    page = client.get(reverse("week"), {"day": "2026-11-28", "student": student.pk})

    assert [row["id"] for row in data["lessons"]] == [lesson.pk, there.pk]
    assert student.name in page.content.decode()
    assert page.context["student"] == student


@pytest.mark.parametrize("url", ["week", "timetable_data"])
def test_a_child_of_another_branch_is_not_found(client, lesson, other_branch, url):
    student = lesson.attendances.get().enrolment.student
    client.force_login(manager_of(other_branch))

    assert client.get(reverse(url), {"student": student.pk}).status_code == 404
    assert client.get(reverse(url), {"student": "x"}).status_code == 404


def test_a_child_keeps_the_number_of_the_others(client, lesson):
    AttendanceFactory(lesson=lesson)
    student = lesson.attendances.first().enrolment.student
    client.force_login(manager_of(lesson.branch))

    assert data_of(client, student=student.pk)["lessons"][0]["count"] == "2/12"


# --- free and taken time ---


def slots(client, lesson, **query):
    response = client.get(reverse("lesson_slots", args=[lesson.pk]), {"day": "2026-11-28", **query})
    return [
        (slot["start"][5:16], slot["end"][5:16], slot["state"], slot["resource"]) for slot in response.json()["slots"]
    ]


def test_slots_name_what_the_lesson_s_own_people_have(client, lesson):
    beside(lesson, "2026-11-26 14:00", teacher=lesson.teacher)
    beside(lesson, "2026-11-26 16:00", room=lesson.room)
    beside(lesson, "2026-11-26 18:00")
    client.force_login(manager_of(lesson.branch))

    assert sorted(slots(client, lesson)) == [
        ("11-26T14:00", "11-26T15:30", "taken", None),
        ("11-26T16:00", "11-26T17:30", "taken", None),
    ]


def test_slots_of_rooms_stand_in_their_columns_and_those_of_people_in_all(client, lesson):
    other = beside(lesson, "2026-11-28 14:00")
    student = lesson.attendances.get().enrolment.student
    elsewhere = beside(lesson, "2026-11-28 16:00")
    AttendanceFactory(lesson=elsewhere, enrolment=EnrolmentFactory(student=student, branch=lesson.branch))
    client.force_login(manager_of(lesson.branch))

    found = slots(client, lesson, by="room", span="day")

    assert ("11-28T14:00", "11-28T15:30", "taken", str(other.room_id)) in found
    assert ("11-28T16:00", "11-28T17:30", "taken", None) in found


def test_slots_of_a_week_of_rooms_ask_for_the_lesson_s_own_hours(client, lesson):
    other = beside(lesson, "2026-11-26 09:30")
    client.force_login(manager_of(lesson.branch))

    found = {(start[:5], resource): state for start, _end, state, resource in slots(client, lesson, by="room")}

    assert found["11-26", str(other.room_id)] == "taken"
    assert found["11-26", str(lesson.room_id)] == "free"
    assert found["11-27", str(other.room_id)] == "free"


def test_slots_show_closed_days_and_the_teacher_s_hours(client, lesson):
    CalendarDayFactory(branch=lesson.branch, day=datetime.date(2026, 11, 27))
    AvailabilityWindow.objects.create(
        teacher=lesson.teacher, weekday=5, start_time=datetime.time(9), end_time=datetime.time(18)
    )
    client.force_login(manager_of(lesson.branch))

    found = slots(client, lesson)

    assert ("11-27T00:00", "11-28T00:00", "taken", None) in found
    assert ("11-28T00:00", "11-28T09:00", "warn", None) in found
    assert ("11-28T18:00", "11-29T00:00", "warn", None) in found


@pytest.mark.parametrize("query", [{}, {"by": "room"}, {"by": "teacher", "span": "day"}])
@pytest.mark.parametrize("number", [1, 3])
def test_slots_query_count(client, lesson, django_assert_max_num_queries, number, query):
    for hour in range(number):
        AttendanceFactory(lesson=beside(lesson, f"2026-11-28 {14 + hour}:00", teacher=teacher_of(lesson.branch)))
    client.force_login(manager_of(lesson.branch))

    with django_assert_max_num_queries(10):
        slots(client, lesson, **query)


# --- the drop ---


def test_a_drop_moves_the_lesson_and_says_so(client, lesson):
    room, teacher = RoomFactory(branch=lesson.branch), teacher_of(lesson.branch)
    client.force_login(manager_of(lesson.branch))

    response = move(client, lesson, day="2026-11-29", time="14:30", minutes=60, room=room.pk, teacher=teacher.pk)
    lesson.refresh_from_db()

    assert response.status_code == 200
    assert (lesson.starts_at, lesson.ends_at) == (at("2026-11-29 14:30"), at("2026-11-29 15:30"))
    assert (lesson.room, lesson.teacher) == (room, teacher)
    assert (lesson.has_own_time, lesson.has_own_room, lesson.has_own_teacher) == (True, True, True)
    assert response.json()["version"] == lesson.version
    assert response.json()["start"] == "2026-11-29T14:30:00"


def test_a_drop_asks_the_database_no_more_than_it_must(client, lesson, django_assert_max_num_queries):
    """Somebody holds the lesson in the air meanwhile. All rules are asked, and a family is to be told."""
    ClassMemberFactory.create_batch(3, class_group=lesson.class_group)
    GuardianshipFactory(student=lesson.attendances.get().enrolment.student)
    room = RoomFactory(branch=lesson.branch)
    client.force_login(manager_of(lesson.branch))

    with django_assert_max_num_queries(DROP_QUERIES):
        response = move(client, lesson, day="2026-11-29", time="14:30", room=room.pk)

    assert response.status_code == 200


def test_a_drop_tells_the_place_that_is_stored(client, lesson):
    room, teacher = RoomFactory(branch=lesson.branch), teacher_of(lesson.branch)
    client.force_login(manager_of(lesson.branch))

    for wanted in ({"room": room.pk}, {"room": None}, {"teacher": teacher.pk}, {"time": "14:30"}, {"time": "14:30"}):
        lesson.refresh_from_db()
        answer = move(client, lesson, **wanted).json()
        lesson.refresh_from_db()
        change = LessonChange.objects.get(lesson=lesson, version=lesson.version).change_id

        assert answer["version"] == lesson.version
        assert (answer["teacher"], answer["room"]) == (lesson.teacher_id, lesson.room_id)
        assert at(answer["start"]) == lesson.starts_at
        assert at(answer["end"]) == lesson.ends_at
        assert answer["undoUrl"] == reverse("undo_change", args=[change])


def test_a_drop_onto_a_clash_is_refused_with_three_ways_out(client, lesson):
    other = beside(lesson, "2026-11-28 14:00", room=lesson.room)
    RoomFactory(branch=lesson.branch)
    client.force_login(manager_of(lesson.branch))

    response = move(client, lesson, time="14:00")
    answer = response.json()
    lesson.refresh_from_db()

    assert response.status_code == 409
    assert str(other.class_group) in answer["clashes"][0]
    assert len(answer["alternatives"]) == 3
    assert (answer["needs_reason"], answer["may_keep"], answer["warnings"]) == (True, True, [])
    assert lesson.starts_at == at("2026-11-28 09:00")


def test_every_alternative_is_taken_as_it_was_offered(client, lesson):
    beside(lesson, "2026-11-28 14:00", room=lesson.room)
    RoomFactory(branch=lesson.branch)
    client.force_login(manager_of(lesson.branch))

    for choice in move(client, lesson, time="14:00").json()["alternatives"]:
        lesson.refresh_from_db()
        minutes = datetime.datetime.fromisoformat(choice["end"]) - datetime.datetime.fromisoformat(choice["start"])
        response = move(
            client,
            lesson,
            day=choice["start"][:10],
            time=choice["start"][11:16],
            minutes=minutes.seconds // 60,
            teacher=choice["teacher"],
            room=choice["room"],
        )
        assert response.status_code == 200


def test_a_clash_is_kept_with_a_reason(client, lesson):
    other = beside(lesson, "2026-11-28 14:00", room=lesson.room)
    manager = manager_of(lesson.branch)
    client.force_login(manager)

    response = move(client, lesson, time="14:00", keep_reason="合班上课")

    assert response.status_code == 200
    kept = KeptClash.objects.get()
    assert (kept.lesson, kept.other, kept.reason, kept.kept_by) == (lesson, other, "合班上课", manager)


def test_a_drop_of_an_old_version_is_refused_and_changes_nothing(client, lesson):
    client.force_login(manager_of(lesson.branch))
    move(client, lesson, time="14:00")

    response = move(client, lesson, time="16:00")
    lesson.refresh_from_db()

    assert response.status_code == 409
    assert response.json()["is_stale"]
    assert lesson.starts_at == at("2026-11-28 14:00")


def test_the_same_drop_twice_counts_once(client, lesson):
    client.force_login(manager_of(lesson.branch))

    answers = [move(client, lesson, time="14:00") for _twice in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert LessonChange.objects.count() == 1


def test_a_cancelled_lesson_is_not_moved(client, lesson):
    manager = manager_of(lesson.branch)
    cancel_lesson(lesson=lesson, reason="停电", by=manager, now=NOW, then="drop")
    lesson.refresh_from_db()
    client.force_login(manager)

    response = move(client, lesson, time="14:00")

    assert response.status_code == 409
    assert response.json()["alternatives"] == []


@pytest.mark.parametrize(
    "wanted", [{"day": "2026-02-30"}, {"minutes": 0}, {"teacher": 0}, {"room": "x"}, {"version": None}]
)
def test_what_cannot_be_read_is_a_sentence(client, lesson, wanted):
    client.force_login(manager_of(lesson.branch))

    response = move(client, lesson, **wanted)

    assert response.status_code == 400
    assert response.json()["message"]


@pytest.mark.parametrize("body", ["[1]", "{"])
def test_what_is_no_json_object_is_a_sentence(client, lesson, body):
    client.force_login(manager_of(lesson.branch))

    response = client.post(reverse("lesson_move", args=[lesson.pk]), body, content_type="application/json")

    assert response.status_code == 400


def test_a_room_or_teacher_of_another_branch_is_refused(client, lesson, other_branch):
    client.force_login(manager_of(lesson.branch))

    assert move(client, lesson, room=RoomFactory(branch=other_branch).pk).status_code == 400
    assert move(client, lesson, teacher=teacher_of(other_branch).pk).status_code == 400


@pytest.mark.parametrize("by", [desk_of, lambda branch: Lesson.objects.get().teacher])
def test_only_who_may_change_lessons_drops_them(client, lesson, by):
    client.force_login(by(lesson.branch))

    assert move(client, lesson, time="14:00").status_code == 403
    assert client.get(reverse("lesson_slots", args=[lesson.pk])).status_code == 403


def test_the_right_holds_in_its_own_branch_alone(client, lesson, other_branch):
    """A manager there who teaches the lesson here."""
    manager = manager_of(other_branch)
    Lesson.objects.filter(pk=lesson.pk).update(teacher=manager)
    MembershipFactory(user=manager, branch=lesson.branch, role="teacher")
    client.force_login(manager)

    assert move(client, lesson, time="14:00").status_code == 403
    assert not data_of(client, branch=lesson.branch_id)["lessons"][0]["mayMove"]
