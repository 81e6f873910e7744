import datetime
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from scheduling.models import Attendance
from scheduling.pdf import roll_sheet
from tests.factories import (
    NOW,
    TODAY,
    AttendanceFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    LessonFactory,
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
def group(branch):
    group = ClassGroupFactory(branch=branch, name="围棋甲班", teacher=teacher_of(branch, name="张老师"))
    ScheduleRuleFactory(class_group=group)
    return group


def weekly_lessons(group, number):
    first = at("2026-11-21 09:00")
    return [
        LessonFactory(class_group=group, number=week + 1, starts_at=first + datetime.timedelta(weeks=week))
        for week in range(number)
    ]


def child(lesson, name):
    enrolment = EnrolmentFactory(branch=lesson.branch, course=lesson.class_group.course, student__name=name)
    return AttendanceFactory(lesson=lesson, enrolment=enrolment)


def sheet(group):
    return reverse("roll_sheet", args=[group.pk])


def text_of(pdf):
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_sheet_has_the_class_its_children_and_its_next_lessons(client, group):
    lessons = weekly_lessons(group, 10)
    child(lessons[0], "田萍")
    child(lessons[1], "欧阳娜娜")
    client.force_login(group.teacher)

    response = client.get(sheet(group))
    text = text_of(response.content)

    assert response["Content-Type"] == "application/pdf"
    for words in ("围棋甲班", group.course.name, "张老师", "田萍", "欧阳娜娜", "09:00–10:30"):
        assert words in text
    assert text.count("09:00–10:30") == 8


def test_sheet_keeps_to_itself(client, group):
    child(weekly_lessons(group, 1)[0], "田萍")
    client.force_login(group.teacher)

    response = client.get(sheet(group))

    assert response["Content-Disposition"] == 'inline; filename="roll-sheet.pdf"'
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_boxes_show_what_is_known(group):
    first, second = weekly_lessons(group, 2)
    row = AttendanceFactory(lesson=first, status=Attendance.Status.LEAVE)
    AttendanceFactory(lesson=second)

    text = text_of(roll_sheet(class_group=group, lessons=[first, second], today=TODAY))

    assert str(row.get_status_display()) in text


def test_class_without_lessons_lists_its_members(group):
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course, student__name="田萍")
    ClassMemberFactory(class_group=group, enrolment=enrolment)

    assert "田萍" in text_of(roll_sheet(class_group=group, lessons=[], today=TODAY))


def test_sheet_of_nobody_is_still_a_sheet(group):
    assert "围棋甲班" in text_of(roll_sheet(class_group=group, lessons=[], today=TODAY))


def test_a_large_class_goes_on_to_the_next_page(group):
    (lesson,) = weekly_lessons(group, 1)
    AttendanceFactory.create_batch(30, lesson=lesson)

    pdf = roll_sheet(class_group=group, lessons=[lesson], today=TODAY)
    pages = PdfReader(BytesIO(pdf)).pages

    assert len(pages) == 2
    assert all("09:00–10:30" in page.extract_text() for page in pages)


def test_the_same_sheet_is_the_same_file(group):
    AttendanceFactory(lesson=weekly_lessons(group, 1)[0])
    lessons = group.lessons.all()

    first, second = (roll_sheet(class_group=group, lessons=lessons, today=TODAY) for _time in range(2))

    assert first == second


def test_names_are_text_and_never_markup(group):
    (lesson,) = weekly_lessons(group, 1)
    child(lesson, "<b>&甲")

    assert "<b>&甲" in text_of(roll_sheet(class_group=group, lessons=[lesson], today=TODAY))


def test_font_is_embedded(group):
    pdf = roll_sheet(class_group=group, lessons=[], today=TODAY)
    fonts = PdfReader(BytesIO(pdf)).pages[0]["/Resources"]["/Font"]

    embedded = [font.get_object() for font in fonts.values() if "NotoSansSC" in font.get_object()["/BaseFont"]]
    assert embedded
    assert all("/FontFile2" in font["/FontDescriptor"] for font in embedded)


def test_another_branch_s_class_is_not_found(client, group, other_branch):
    client.force_login(manager_of(other_branch))

    assert client.get(sheet(group)).status_code == 404


def test_another_teacher_s_class_is_not_found(client, group, branch):
    client.force_login(teacher_of(branch))

    assert client.get(sheet(group)).status_code == 404


def test_class_teacher_who_left_the_branch_is_forbidden(client, group, other_branch):
    group.teacher = teacher_of(other_branch)
    group.save()
    client.force_login(group.teacher)

    assert client.get(sheet(group)).status_code == 403


def test_nobody_signs_in_first(client, group):
    assert client.get(sheet(group)).url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("child_count", [1, 3])
def test_sheet_query_count(client, group, branch, django_assert_num_queries, child_count):
    lessons = weekly_lessons(group, 2)
    for lesson in lessons:
        AttendanceFactory.create_batch(child_count, lesson=lesson)
    client.force_login(desk_of(branch))

    with django_assert_num_queries(8):
        client.get(sheet(group))
