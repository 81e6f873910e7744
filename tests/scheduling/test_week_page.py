import datetime

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from scheduling.models import KeptClash, Lesson
from scheduling.services import plan_lessons
from scheduling.timetable import cards_of, hour_lines, side_by_side
from tests.factories import (
    NOW,
    AttendanceFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    CourseFactory,
    LessonFactory,
    MembershipFactory,
    RoomFactory,
    ScheduleRuleFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db
WEEK = reverse("week")


@pytest.fixture(autouse=True)
def _saturday_noon_in_english(monkeypatch, settings):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


def lesson_at(branch, text, **fields):
    group = fields.pop("class_group", None) or ClassGroupFactory(branch=branch)
    return LessonFactory(class_group=group, starts_at=at(text), **fields)


def shown(response):
    """The lessons on the page, by day or by resource."""
    return [card.lesson for column in response.context["columns"] for card in column.cards]


def two_classes_of_one_teacher(branch, manager):
    """Both on Saturday mornings; the second is knowingly kept."""
    teacher = teacher_of(branch, name="张老师")
    for name in ("围棋甲班", "围棋乙班"):
        group = ClassGroupFactory(branch=branch, name=name, teacher=teacher, lessons_total=3)
        ScheduleRuleFactory(class_group=group)
        plan_lessons(class_group=group, by=manager, now=NOW, keep_reason="等新老师到岗")


# --- who sees what ---


def test_week_shows_the_lessons_of_the_own_branch(client, branch, other_branch):
    lesson = lesson_at(branch, "2026-11-21 09:00")
    lesson_at(other_branch, "2026-11-21 09:00")
    client.force_login(desk_of(branch))

    response = client.get(WEEK)

    assert shown(response) == [lesson]
    assert reverse("roll_call", args=[lesson.pk]) in response.content.decode()


def test_week_of_another_branch_is_not_found(client, branch, other_branch):
    client.force_login(manager_of(branch))

    assert client.get(WEEK, {"branch": other_branch.pk}).status_code == 404


def test_week_without_a_role_is_forbidden(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("13900000099", name="无岗位"))

    assert client.get(WEEK).status_code == 403


def test_week_asks_for_a_sign_in(client):
    assert client.get(WEEK).url == f"{reverse('admin:login')}?next={WEEK}"


def test_teacher_sees_the_own_lessons_of_all_branches(client, branch, other_branch):
    teacher = teacher_of(branch)
    MembershipFactory(user=teacher, branch=other_branch, role="teacher")
    here = lesson_at(branch, "2026-11-21 09:00", teacher=teacher)
    there = lesson_at(other_branch, "2026-11-21 14:00", teacher=teacher)
    lesson_at(branch, "2026-11-21 09:00")
    client.force_login(teacher)

    response = client.get(WEEK)

    assert shown(response) == [here, there]


def test_teacher_narrows_to_one_branch(client, branch, other_branch):
    teacher = teacher_of(branch)
    MembershipFactory(user=teacher, branch=other_branch, role="teacher")
    lesson_at(branch, "2026-11-21 09:00", teacher=teacher)
    there = lesson_at(other_branch, "2026-11-21 14:00", teacher=teacher)
    client.force_login(teacher)

    assert shown(client.get(WEEK, {"branch": other_branch.pk})) == [there]


def test_manager_who_also_teaches_elsewhere_begins_at_the_own_branch(client, branch, other_branch):
    manager = manager_of(other_branch)
    MembershipFactory(user=manager, branch=branch, role="teacher")
    client.force_login(manager)

    assert client.get(WEEK).context["branch"] == other_branch


def test_owner_sees_the_numbers_of_all_branches(client, owner, branch, other_branch):
    lesson_at(branch, "2026-11-21 09:00")
    lesson_at(branch, "2026-11-22 09:00")
    lesson_at(other_branch, "2026-11-22 09:00", status=Lesson.Status.CANCELLED, cancel_reason="停电")
    CalendarDayFactory(branch=other_branch, day=datetime.date(2026, 11, 22), reason="停电")
    client.force_login(owner)

    rows = dict(client.get(WEEK).context["rows"])

    assert [(cell.get("lessons"), cell.get("uncalled")) for cell in rows[branch][5:]] == [(1, 1), (1, 0)]
    assert rows[other_branch][6] == {"day": datetime.date(2026, 11, 22), "closed_reason": "停电"}


def test_owner_opens_one_branch(client, owner, branch, other_branch):
    lesson = lesson_at(branch, "2026-11-21 09:00")
    lesson_at(other_branch, "2026-11-21 09:00")
    client.force_login(owner)

    assert shown(client.get(WEEK, {"branch": branch.pk})) == [lesson]


def test_owner_of_a_school_without_branches(client, owner):
    client.force_login(owner)

    assert client.get(WEEK).status_code == 200


# --- which week, which columns ---


def test_week_is_chosen_by_any_of_its_days(client, branch):
    lesson_at(branch, "2026-11-21 09:00")
    sunday = lesson_at(branch, "2026-11-29 23:30")
    client.force_login(desk_of(branch))

    response = client.get(WEEK, {"day": "2026-11-23"})

    assert shown(response) == [sunday]
    assert response.context["previous"] == datetime.date(2026, 11, 16)
    assert response.context["next"] == datetime.date(2026, 11, 30)


@pytest.mark.parametrize(
    "query", [{"day": "yesterday"}, {"by": "parent"}, {"teacher": "x"}, {"room": "999999"}, {"span": "year"}]
)
def test_what_cannot_be_read_is_left_out(client, branch, query):
    lesson = lesson_at(branch, "2026-11-21 09:00")
    client.force_login(desk_of(branch))

    assert shown(client.get(WEEK, query)) == [lesson]


def test_a_branch_that_cannot_be_read_is_not_found(client, branch):
    client.force_login(desk_of(branch))

    assert client.get(WEEK, {"branch": "1 or 1"}).status_code == 404


def test_one_day_by_room_shows_free_rooms_too(client, branch):
    busy, free = RoomFactory(branch=branch, name="101"), RoomFactory(branch=branch, name="102")
    lesson_at(branch, "2026-11-21 09:00", room=busy)
    lesson_at(branch, "2026-11-21 09:00", room=None)
    lesson_at(branch, "2026-11-20 09:00", room=busy)
    client.force_login(desk_of(branch))

    columns = client.get(WEEK, {"by": "room", "span": "day"}).context["columns"]

    assert [(column.title, len(column.cards)) for column in columns] == [
        (busy.name, 1),
        (free.name, 0),
        ("No room", 1),
    ]


def test_week_by_class_has_a_row_per_class(client, branch):
    group = ClassGroupFactory(branch=branch, name="围棋甲班")
    lesson_at(branch, "2026-11-16 09:00", class_group=group)
    lesson_at(branch, "2026-11-21 09:00", class_group=group, number=2)
    client.force_login(desk_of(branch))

    (row,) = client.get(WEEK, {"by": "class"}).context["rows"]

    assert row.title == "围棋甲班"
    assert [len(cards) for _column, cards in row.cells] == [1, 0, 0, 0, 0, 1, 0]


def test_week_by_teacher_keeps_namesakes_apart(client, branch):
    for _namesake in range(2):
        lesson_at(branch, "2026-11-21 09:00", teacher=teacher_of(branch, name="张伟"))
    client.force_login(desk_of(branch))

    assert [row.title for row in client.get(WEEK, {"by": "teacher"}).context["rows"]] == ["张伟", "张伟"]


@pytest.mark.parametrize("name", ["teacher", "room", "course"])
def test_week_is_narrowed(client, branch, name):
    wanted = lesson_at(branch, "2026-11-21 09:00")
    lesson_at(branch, "2026-11-21 09:00")
    client.force_login(desk_of(branch))
    pk = {"teacher": wanted.teacher_id, "room": wanted.room_id, "course": wanted.class_group.course_id}[name]

    assert shown(client.get(WEEK, {name: pk})) == [wanted]


def test_filter_stays_in_a_week_where_it_fits_nothing(client, branch):
    lesson = lesson_at(branch, "2026-11-21 09:00")
    lesson_at(branch, "2026-11-28 09:00")
    client.force_login(desk_of(branch))

    response = client.get(WEEK, {"teacher": lesson.teacher_id, "day": "2026-11-28"})

    assert "Nothing here fits the filter." in response.content.decode()
    assert lesson.teacher in response.context["filters"][0]["choices"]


# --- what a card says ---


def test_states_of_lessons(client, branch):
    user = desk_of(branch)
    called = {"roll_called_at": NOW, "roll_called_by": user}
    lesson_at(branch, "2026-11-21 08:00", status=Lesson.Status.HELD, **called)
    lesson_at(branch, "2026-11-21 12:00")
    lesson_at(branch, "2026-11-21 12:01")
    lesson_at(branch, "2026-11-21 13:00", status=Lesson.Status.CANCELLED, cancel_reason="停电")
    client.force_login(user)

    saturday = client.get(WEEK).context["columns"][5]

    assert [card.state for card in saturday.cards] == ["held", "uncalled", "planned", "cancelled"]
    assert saturday.number == 3


def test_over_full_class_is_marked(client, branch):
    group = ClassGroupFactory(branch=branch, capacity=1)
    lesson = lesson_at(branch, "2026-11-21 09:00", class_group=group)
    AttendanceFactory.create_batch(2, lesson=lesson)
    client.force_login(desk_of(branch))

    page = client.get(WEEK).content.decode()

    assert "2/1" in page
    assert "data-over" in page


def test_closed_day_says_why(client, branch):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, 18), reason="校庆")
    lesson_at(branch, "2026-11-21 09:00")
    client.force_login(desk_of(branch))

    assert client.get(WEEK).context["columns"][2].closed_reason == "校庆"


def test_closed_week_says_why_it_is_empty(client, branch):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, 18), reason="校庆")
    client.force_login(desk_of(branch))

    assert "校庆" in client.get(WEEK).content.decode()


def test_empty_week_leads_to_the_next_lesson(client, branch):
    lesson_at(branch, "2026-12-05 09:00")
    client.force_login(desk_of(branch))

    response = client.get(WEEK)

    assert "No lessons here." in response.content.decode()
    assert "day=2026-12-05" in response.content.decode()


def test_empty_branch_offers_the_first_class(client, branch):
    client.force_login(manager_of(branch))

    assert reverse("admin:scheduling_classgroup_add") in client.get(WEEK).content.decode()


def test_names_are_escaped(client, branch):
    lesson_at(branch, "2026-11-21 09:00", class_group=ClassGroupFactory(branch=branch, name="<b>甲</b>"))
    client.force_login(desk_of(branch))

    assert "&lt;b&gt;甲&lt;/b&gt;" in client.get(WEEK).content.decode()


# --- clashes that somebody kept ---


def test_kept_clash_is_listed_and_marked(client, branch):
    manager = manager_of(branch, name="马校长")
    two_classes_of_one_teacher(branch, manager)
    client.force_login(manager)

    response = client.get(WEEK)
    (pair,) = response.context["clashes"]

    assert pair.classes == ("围棋乙班", "围棋甲班")
    assert {name: number for (_kind, name), number in pair.wanted.items()} == {"张老师": 3}
    assert pair.reasons == {"等新老师到岗": "马校长"}
    assert response.content.decode().count('class="tt-clash"') == 2


def test_solved_clash_is_gone(client, branch):
    manager = manager_of(branch)
    two_classes_of_one_teacher(branch, manager)
    Lesson.objects.filter(class_group__name="围棋乙班").update(teacher=teacher_of(branch))
    client.force_login(manager)

    response = client.get(WEEK)

    assert response.context["clashes"] == []
    assert not any(card.is_clash for column in response.context["columns"] for card in column.cards)
    assert KeptClash.objects.exists()


def test_clash_over_a_child_names_it_for_who_may_see_it(client, branch):
    manager = manager_of(branch)
    group = ClassGroupFactory(branch=branch)
    first = AttendanceFactory(lesson=lesson_at(branch, "2026-11-28 09:00", class_group=group))
    second = lesson_at(branch, "2026-11-28 14:00", class_group=ClassGroupFactory(branch=branch))
    keep = {"kind": "student", "resource_id": first.enrolment.student_id, "lesson": second, "other": first.lesson}
    KeptClash.objects.create(**keep, clash_group=first.lesson_id, reason="家长同意", kept_by=manager, kept_at=NOW)
    AttendanceFactory(lesson=second, enrolment=first.enrolment)
    Lesson.objects.filter(pk=second.pk).update(starts_at=at("2026-11-28 09:30"), ends_at=at("2026-11-28 11:00"))
    client.force_login(manager)

    (pair,) = client.get(WEEK).context["clashes"]

    assert [str(name) for _kind, name in pair.wanted] == [first.enrolment.student.name]


def test_front_desk_does_not_see_kept_clashes(client, branch):
    two_classes_of_one_teacher(branch, manager_of(branch))
    client.force_login(desk_of(branch))

    response = client.get(WEEK)

    assert response.context["clashes"] == []
    assert "等新老师到岗" not in response.content.decode()


# --- what it costs ---


@pytest.mark.parametrize("query", [{}, {"by": "room", "span": "day"}, {"by": "teacher"}])
@pytest.mark.parametrize("lesson_count", [1, 3])
def test_week_query_count(client, branch, django_assert_num_queries, lesson_count, query):
    for _lesson in range(lesson_count):
        AttendanceFactory(lesson=lesson_at(branch, "2026-11-21 09:00"))
    client.force_login(manager_of(branch))

    with django_assert_num_queries(9 if query.get("by") == "room" else 8):
        response = client.get(WEEK, query)

    assert response.status_code == 200


@pytest.mark.parametrize("branch_count", [1, 3])
def test_overview_query_count(client, owner, branch, other_branch, django_assert_num_queries, branch_count):
    for _lesson in range(branch_count):
        lesson_at(branch, "2026-11-21 09:00")
    client.force_login(owner)

    with django_assert_num_queries(7):
        client.get(WEEK)


# --- lanes ---


def lanes(*times):
    group = ClassGroupFactory(course=CourseFactory())
    lessons = [
        LessonFactory.build(
            pk=pk,
            branch=group.branch,
            class_group=group,
            starts_at=at(f"2026-11-21 {begins}"),
            ends_at=at(f"2026-11-21 {ends}"),
            teacher=None,
            room=None,
        )
        for pk, (begins, ends) in enumerate(times)
    ]
    cards = side_by_side(cards_of(lessons, clashing_ids=set(), now=NOW))
    return [(card.lane, card.lanes) for card in cards]


def test_lessons_back_to_back_share_a_lane():
    assert lanes(("09:00", "10:00"), ("10:00", "11:00")) == [(0, 1), (0, 1)]


def test_parallel_lessons_stand_side_by_side():
    assert lanes(("09:00", "10:30"), ("09:00", "10:00"), ("12:00", "13:00")) == [(0, 2), (1, 2), (0, 1)]


def test_a_chain_of_overlaps_reuses_a_free_lane():
    assert lanes(("09:00", "10:00"), ("09:30", "11:00"), ("10:00", "12:00")) == [(0, 2), (1, 2), (0, 2)]


def test_a_lesson_over_midnight_ends_with_the_page(branch):
    lesson = lesson_at(branch, "2026-11-21 23:02", ends_at=at("2026-11-22 00:30"))

    (card,) = cards_of([lesson], clashing_ids=set(), now=NOW)

    assert (card.grid_from, card.grid_until) == ("23:00", "24:00")
    assert hour_lines([card]) == ["23:00", "24:00"]


def test_times_are_the_branch_s_own(branch):
    branch.time_zone = "Europe/Berlin"
    branch.save()

    (card,) = cards_of([lesson_at(branch, "2026-11-21 20:00")], clashing_ids=set(), now=NOW)

    assert (card.hours, card.grid_from, card.grid_until) == ("13:00–14:30", "13:00", "14:30")


def test_lessons_at_one_hour_keep_their_places():
    """Django leaves the model's order out of a query that counts: side by side they would change places."""
    assert Lesson.objects.for_timetable().ordered
