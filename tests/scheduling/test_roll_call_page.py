import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from scheduling.models import Attendance, Lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    at,
    desk_of,
    manager_of,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.django_db
Status = Attendance.Status


@pytest.fixture(autouse=True)
def _saturday_noon_in_english(monkeypatch, settings):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="张老师")


@pytest.fixture
def lesson(branch, teacher):
    """This morning, not called yet."""
    return LessonFactory(class_group=ClassGroupFactory(branch=branch, teacher=teacher, name="围棋甲班"))


@pytest.fixture
def children(lesson):
    rows = [child(lesson, f"学员{number}") for number in range(3)]  # the page is in the order of names
    for row in rows:
        sell(row.enrolment, 20)
    return rows


def child(lesson, name):
    enrolment = EnrolmentFactory(branch=lesson.branch, course=lesson.class_group.course, student__name=name)
    return AttendanceFactory(lesson=lesson, enrolment=enrolment)


def page(lesson):
    return reverse("roll_call", args=[lesson.pk])


def undo(lesson):
    return reverse("undo_roll_call", args=[lesson.pk])


def marks(children, **exceptions):
    """What the page sends: everybody present, but for `second="leave"`."""
    order = ["first", "second", "third"]
    return {f"child-{row.pk}": exceptions.get(name, "present") for name, row in zip(order, children, strict=False)}


def balances(children):
    return [row.enrolment.credit_entries.total() for row in children]


def statuses(lesson):
    return list(lesson.attendances.order_by("pk").values_list("status", flat=True))


# --- who may ---


def test_nobody_signs_in_first(client, lesson):
    assert client.get(page(lesson)).url.startswith(reverse("admin:login"))
    assert client.post(undo(lesson)).url.startswith(reverse("admin:login"))


def test_another_branch_s_lesson_is_not_found(client, lesson, children, other_branch):
    client.force_login(manager_of(other_branch))

    assert client.get(page(lesson)).status_code == 404
    assert client.post(page(lesson), marks(children)).status_code == 404
    assert client.post(undo(lesson)).status_code == 404
    assert statuses(lesson) == ["expected"] * 3


def test_another_teacher_s_lesson_is_not_found(client, lesson, children, branch):
    client.force_login(teacher_of(branch))

    assert client.get(page(lesson)).status_code == 404
    assert client.post(page(lesson), marks(children)).status_code == 404


def test_without_a_role_it_is_forbidden(client, lesson, django_user_model):
    client.force_login(django_user_model.objects.create_user("13900000099", name="无岗位"))

    assert client.get(page(lesson)).status_code == 403


def test_who_teaches_here_but_works_elsewhere_may_not_call(client, branch, other_branch):
    guest = teacher_of(other_branch)
    lesson = LessonFactory(class_group=ClassGroupFactory(branch=branch), teacher=guest)
    client.force_login(guest)

    assert client.get(page(lesson)).status_code == 403


@pytest.mark.parametrize("role", [desk_of, manager_of])
def test_desk_and_manager_may_call(client, lesson, children, branch, role):
    client.force_login(role(branch))

    assert client.post(page(lesson), marks(children)).status_code == 302


# --- calling ---


def test_everybody_is_present_by_default(client, lesson, children, teacher):
    client.force_login(teacher)

    response = client.get(page(lesson))

    assert response.content.decode().count('value="present"') == 3
    assert [field.value() for _row, field in response.context["form"].rows()] == ["present"] * 3
    assert "20 credits left" in response.content.decode()


def test_one_exception_and_the_button(client, lesson, children, teacher):
    client.force_login(teacher)

    response = client.post(page(lesson), marks(children, second="leave"), follow=True)
    lesson.refresh_from_db()

    assert response.redirect_chain == [(page(lesson), 302)]
    assert statuses(lesson) == [Status.PRESENT, Status.LEAVE, Status.PRESENT]
    assert balances(children) == [19, 20, 19]
    assert (lesson.status, lesson.roll_called_by) == (Lesson.Status.HELD, teacher)
    assert "The roll was called: 3 in all, 2 credits taken." in response.content.decode()
    assert undo(lesson) in response.content.decode()


def test_the_same_again_changes_nothing(client, lesson, children, teacher):
    client.force_login(teacher)

    first = client.post(page(lesson), marks(children, third="absent"), follow=True)
    second = client.post(page(lesson), marks(children, third="absent"), follow=True)

    assert balances(children) == [19, 19, 19]
    assert [row.enrolment.credit_entries.count() for row in children] == [2, 2, 2]
    for response in (first, second):
        assert "The roll was called: 3 in all, 3 credits taken." in response.content.decode()


def test_a_called_lesson_shows_what_was_marked(client, lesson, children, teacher):
    client.force_login(teacher)
    client.post(page(lesson), marks(children, second="late"))

    response = client.get(page(lesson))

    assert [field.value() for _row, field in response.context["form"].rows()] == ["present", "late", "present"]
    assert "Save changes" in response.content.decode()


def test_a_correction_gives_back_what_it_took(client, lesson, children, teacher):
    client.force_login(teacher)
    client.post(page(lesson), marks(children))

    client.post(page(lesson), marks(children, first="leave"))

    assert balances(children) == [20, 19, 19]


def test_a_child_of_another_lesson_cannot_be_marked(client, lesson, children, teacher):
    stranger = AttendanceFactory()
    client.force_login(teacher)

    client.post(page(lesson), marks(children) | {f"child-{stranger.pk}": "absent"})
    stranger.refresh_from_db()

    assert stranger.status == Status.EXPECTED
    assert balances([stranger]) == [0]


@pytest.mark.parametrize("status", ["expected", "gone", "", "present, absent"])
def test_only_the_four_statuses_are_taken(client, lesson, children, teacher, status):
    client.force_login(teacher)

    response = client.post(page(lesson), marks(children, first=status, second="late"))

    assert response.status_code == 200
    assert statuses(lesson) == ["expected"] * 3
    assert [field.value() for _row, field in response.context["form"].rows()][1:] == ["late", "present"]


def test_a_child_who_joined_meanwhile_is_asked_for(client, lesson, children, teacher):
    newcomer = AttendanceFactory(lesson=lesson)
    client.force_login(teacher)

    response = client.post(page(lesson), marks(children))

    assert f"{newcomer.enrolment.student} has joined this lesson meanwhile" in response.content.decode()
    assert statuses(lesson) == ["expected"] * 4


def test_a_child_who_left_meanwhile_is_no_matter(client, lesson, children, teacher):
    sent = marks(children)
    children[0].delete()
    client.force_login(teacher)

    client.post(page(lesson), sent)

    assert statuses(lesson) == ["present"] * 2


def test_without_credits_nothing_is_taken_and_nothing_lost(client, branch, lesson, children, teacher):
    branch.may_owe = False
    branch.save()
    poor = child(lesson, "田萍")
    sent = marks(children, second="late") | {f"child-{poor.pk}": "present"}
    client.force_login(teacher)

    response = client.post(page(lesson), sent)

    assert "田萍 has no credits left" in response.content.decode()
    assert balances(children) == [20, 20, 20]
    assert response.context["form"][f"child-{children[1].pk}"].value() == "late"


@pytest.mark.parametrize(("credits_sold", "words"), [(0, "0 credits left"), (Decimal("0.5"), "0.5 credits left")])
def test_few_credits_are_a_warning(client, lesson, teacher, credits_sold, words):
    row = AttendanceFactory(lesson=lesson)
    if credits_sold:
        sell(row.enrolment, credits_sold)
    client.force_login(teacher)

    content = client.get(page(lesson)).content.decode()

    assert f'data-state="warn"> {words}' in " ".join(content.split())


def test_owed_credits_are_shown(client, lesson, teacher):
    row = AttendanceFactory(lesson=lesson)
    client.force_login(teacher)

    content = client.post(page(lesson), {f"child-{row.pk}": "present"}, follow=True).content.decode()

    assert 'data-state="bad"> 1 credits owed' in " ".join(content.split())


def test_nobody_expected_is_said_and_can_be_closed(client, lesson, teacher):
    client.force_login(teacher)

    assert "No child is expected at this lesson." in client.get(page(lesson)).content.decode()
    client.post(page(lesson))
    lesson.refresh_from_db()

    assert lesson.is_held


# --- when it cannot be called ---


@pytest.fixture
def tomorrow(lesson):
    Lesson.objects.filter(pk=lesson.pk).update(
        starts_at=at("2026-11-22 09:00"), ends_at=at("2026-11-22 10:30"), local_date=datetime.date(2026, 11, 22)
    )
    return lesson


def test_too_early_shows_the_children_and_from_when(client, tomorrow, children, teacher):
    client.force_login(teacher)

    content = client.get(page(tomorrow)).content.decode()

    assert "08:30" in content
    assert children[0].enrolment.student.name in content
    assert "disabled" in content
    assert 'type="radio"' not in content


def test_too_early_is_refused(client, tomorrow, children, teacher):
    client.force_login(teacher)

    response = client.post(page(tomorrow), marks(children))

    assert "from half an hour before it begins" in response.content.decode()
    assert statuses(tomorrow) == ["expected"] * 3


def test_half_an_hour_before_it_opens(client, tomorrow, children, teacher, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-22 08:30"))
    client.force_login(teacher)

    assert client.post(page(tomorrow), marks(children)).status_code == 302


def test_a_cancelled_lesson_says_why(client, lesson, children, teacher):
    Lesson.objects.filter(pk=lesson.pk).update(status="cancelled", cancel_reason="老师生病")
    client.force_login(teacher)

    content = client.get(page(lesson)).content.decode()
    answer = client.post(page(lesson), marks(children))

    assert "This lesson was cancelled: 老师生病" in content
    assert "data-roll" not in content
    assert answer.context["form"].non_field_errors()
    assert balances(children) == [20, 20, 20]


# --- undo ---


@pytest.fixture
def called(client, lesson, children, teacher):
    client.force_login(teacher)
    client.post(page(lesson), marks(children, second="leave"))
    lesson.refresh_from_db()
    return lesson


def test_undo_gives_everything_back(client, called, children):
    response = client.post(undo(called), follow=True)
    called.refresh_from_db()

    assert "The roll call was undone" in response.content.decode()
    assert balances(children) == [20, 20, 20]
    assert statuses(called) == ["expected"] * 3
    assert called.status == Lesson.Status.PLANNED


def test_undo_twice_says_so_and_changes_nothing(client, called, children):
    client.post(undo(called))

    response = client.post(undo(called), follow=True)

    assert "The roll of this lesson has not been called." in response.content.decode()
    assert balances(children) == [20, 20, 20]


def test_undo_is_never_a_get(client, called, children):
    assert client.get(undo(called)).status_code == 405
    assert balances(children) == [19, 20, 19]


def test_undo_on_a_later_day_takes_a_right_of_its_own(client, called, children, branch, teacher, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-22 00:00"))
    client.force_login(teacher)

    assert undo(called) not in client.get(page(called)).content.decode()
    assert client.post(undo(called)).status_code == 403
    client.force_login(manager_of(branch))
    assert undo(called) in client.get(page(called)).content.decode()
    assert client.post(undo(called)).status_code == 302
    assert balances(children) == [20, 20, 20]


def test_correcting_on_a_later_day_takes_the_same_right(client, called, children, branch, teacher, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-22 00:00"))
    before = balances(children)
    client.force_login(teacher)

    assert client.post(page(called), marks(children, first="leave")).status_code == 403
    assert balances(children) == before


def test_the_day_of_undo_is_the_branch_s_day(client, called, branch, monkeypatch):
    """12:00 in Shanghai is 23:00 the day before in New York; an hour later there is another day."""
    branch.time_zone = "America/New_York"
    branch.save()
    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-21 13:00"))

    assert client.post(undo(called)).status_code == 403


# --- the rest of the page ---


def test_class_teacher_prints_the_sheet_and_a_substitute_cannot(client, branch, lesson, teacher):
    substitute = teacher_of(branch)
    sheet = reverse("roll_sheet", args=[lesson.class_group_id])
    client.force_login(teacher)
    assert sheet in client.get(page(lesson)).content.decode()

    Lesson.objects.filter(pk=lesson.pk).update(teacher=substitute)
    client.force_login(substitute)

    assert sheet not in client.get(page(lesson)).content.decode()
    assert client.get(sheet).status_code == 404


def test_names_are_escaped(client, lesson, teacher):
    child(lesson, "<script>")
    client.force_login(teacher)

    assert "&lt;script&gt;" in client.get(page(lesson)).content.decode()


@pytest.mark.parametrize("child_count", [1, 3])
def test_roll_call_page_query_count(client, lesson, teacher, django_assert_num_queries, child_count):
    AttendanceFactory.create_batch(child_count, lesson=lesson)
    client.force_login(teacher)

    with django_assert_num_queries(8):
        client.get(page(lesson))
