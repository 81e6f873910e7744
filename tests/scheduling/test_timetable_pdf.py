from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from scheduling.models import Lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _saturday_noon_in_english(monkeypatch, settings):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def lesson(branch):
    """This Saturday, with two children of twelve."""
    teacher = teacher_of(branch, name="张老师")
    group = ClassGroupFactory(branch=branch, name="围棋甲班", course__name="围棋入门", teacher=teacher)
    ScheduleRuleFactory(class_group=group)
    lesson = LessonFactory(class_group=group, room=RoomFactory(branch=branch, name="1号教室"))
    AttendanceFactory.create_batch(2, lesson=lesson)
    return lesson


def address(kind, row, query=""):
    return reverse("timetable_pdf", args=[kind, row.pk]) + query


def text_of(response):
    assert response["Content-Type"] == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)


def child_in(group, name, phone="+8613800001234"):
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course, student__name=name, student__grade="三年级")
    GuardianshipFactory(student=enrolment.student, guardian__phone=phone, guardian__name="家长甲")
    return ClassMemberFactory(class_group=group, enrolment=enrolment)


def test_a_teacher_s_week(client, lesson):
    LessonFactory(class_group__name="下周班", class_group__teacher=lesson.teacher, starts_at=at("2026-11-28 09:00"))
    client.force_login(lesson.teacher)

    this, next_ = (text_of(client.get(address("teacher", lesson.teacher, q))) for q in ("", "?day=2026-11-25"))

    for words in ("张老师", "11/16 Mon – 11/22 Sun", "09:00–10:30", "围棋甲班", "1号教室", "2 of 12", "lessons: 1"):
        assert words in this
    assert "下周班" not in this
    assert "下周班" in next_


def test_a_room_s_week(client, lesson, branch):
    LessonFactory(
        class_group=ClassGroupFactory(branch=branch, name="停课班"),
        room=lesson.room,
        starts_at=at("2026-11-20 09:00"),
        status=Lesson.Status.CANCELLED,
        cancel_reason="停电",
    )
    client.force_login(desk_of(branch))

    text = text_of(client.get(address("room", lesson.room)))

    for words in ("奥体校区 · 1号教室", "围棋甲班", "张老师"):
        assert words in text
    assert "停课班" not in text


def test_a_week_without_lessons_says_so(client, lesson, branch):
    client.force_login(desk_of(branch))

    assert "No lessons" in text_of(client.get(address("room", lesson.room, "?day=2027-01-01")))


def test_a_day_that_cannot_be_read_is_today(client, lesson, branch):
    client.force_login(desk_of(branch))

    assert "11/16 Mon" in text_of(client.get(address("room", lesson.room, "?day=x")))


def test_the_list_of_a_class_has_no_phone_but_its_tail(client, lesson, branch):
    child_in(lesson.class_group, "田萍")
    left = child_in(lesson.class_group, "欧阳娜娜", phone="+8613800005678")
    left.left_date = "2026-11-20"
    left.save()
    client.force_login(desk_of(branch))

    text = text_of(client.get(address("class", lesson.class_group)))

    for words in ("围棋甲班", "围棋入门", "张老师", "田萍", "三年级", "妈妈 …1234", "11/21 Sat"):
        assert words in text
    for words in ("13800001234", "家长甲", "欧阳娜娜"):
        assert words not in text


def test_the_class_teacher_gets_the_list_without_phones(client, lesson):
    child_in(lesson.class_group, "田萍")
    client.force_login(lesson.teacher)

    text = text_of(client.get(address("class", lesson.class_group)))

    assert "田萍" in text
    assert "1234" not in text


def test_a_full_week_goes_on_to_the_next_page(client, lesson, branch):
    for hour in range(8, 21):
        LessonFactory(
            room=lesson.room,
            class_group__branch=branch,
            starts_at=at(f"2026-11-19 {hour:02d}:00"),
            ends_at=at(f"2026-11-19 {hour:02d}:50"),
        )
    client.force_login(desk_of(branch))

    pages = PdfReader(BytesIO(client.get(address("room", lesson.room)).content)).pages

    assert len(pages) == 2
    assert all("11/16 Mon" in page.extract_text() for page in pages)


def test_the_same_paper_is_the_same_file(client, lesson, branch):
    client.force_login(desk_of(branch))
    first, second = (client.get(address("room", lesson.room)).content for _time in range(2))

    assert first == second


def test_names_are_text_and_never_markup(client, lesson):
    child_in(lesson.class_group, "<b>&甲")
    client.force_login(lesson.teacher)

    assert "<b>&甲" in text_of(client.get(address("class", lesson.class_group)))


def test_a_file_name_says_nothing_about_anybody(client, lesson):
    client.force_login(lesson.teacher)

    response = client.get(address("teacher", lesson.teacher))

    assert response["Content-Disposition"] == 'inline; filename="timetable-teacher.pdf"'
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("kind", ["teacher", "room", "class"])
def test_another_branch_finds_nothing(client, lesson, other_branch, kind):
    rows = {"teacher": lesson.teacher, "room": lesson.room, "class": lesson.class_group}
    client.force_login(manager_of(other_branch))

    assert client.get(address(kind, rows[kind])).status_code == 404


def test_a_teacher_finds_no_colleague(client, lesson, branch):
    client.force_login(teacher_of(branch))

    answers = [
        client.get(address(kind, row)).status_code
        for kind, row in (("teacher", lesson.teacher), ("room", lesson.room), ("class", lesson.class_group))
    ]

    assert answers == [404, 404, 404]


def test_of_a_colleague_at_two_branches_one_sees_the_own_branch(client, lesson, branch, other_branch):
    LessonFactory(
        class_group=ClassGroupFactory(branch=other_branch, name="外校班", teacher=lesson.teacher),
        starts_at=at("2026-11-20 09:00"),
    )
    client.force_login(desk_of(branch))

    text = text_of(client.get(address("teacher", lesson.teacher)))

    assert "围棋甲班" in text
    assert "外校班" not in text


def test_nothing_else_is_printed(client, lesson, branch):
    client.force_login(desk_of(branch))

    assert client.get(address("student", lesson)).status_code == 404


@pytest.mark.parametrize(("kind", "queries"), [("teacher", 5), ("room", 5), ("class", 8)])
@pytest.mark.parametrize("number", [1, 3])
def test_query_count(client, lesson, branch, django_assert_num_queries, kind, queries, number):
    for hour in range(number):
        LessonFactory(class_group=lesson.class_group, room=lesson.room, starts_at=at(f"2026-11-20 1{2 * hour}:00"))
        child_in(lesson.class_group, f"学员{hour}", phone=f"+86138000012{hour:02d}")
    rows = {"teacher": lesson.teacher, "room": lesson.room, "class": lesson.class_group}
    client.force_login(desk_of(branch))

    with django_assert_num_queries(queries):
        client.get(address(kind, rows[kind]))
