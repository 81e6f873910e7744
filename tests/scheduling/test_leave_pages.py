"""The pages of leave and make-ups: what it costs is said before; two clicks, three clicks."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import Attendance, MakeUp
from scheduling.services import ask_leave, book_make_up, call_roll
from tests.factories import NOW, LessonFactory, desk_of, manager_of, teacher_of
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of, policy_of

pytestmark = pytest.mark.django_db

Status = Attendance.Status


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    return LessonFactory(
        class_group__branch=branch,
        class_group__name="围棋甲班",
        class_group__teacher=teacher_of(branch),
        starts_at=SATURDAY,
    )


@pytest.fixture
def attendance(lesson):
    return child_in(lesson, name="田萍")


@pytest.fixture
def desk(branch, client):
    desk = desk_of(branch)
    client.force_login(desk)
    return desk


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def a_week_later(monkeypatch, client, desk):
    """The morning of the lesson; a session does not last so long."""

    def come():
        monkeypatch.setattr(timezone, "now", lambda: SATURDAY)
        client.force_login(desk)

    return come


def leave(attendance):
    return reverse("attendance_leave", args=[attendance.pk])


def page(make_up):
    return reverse("make_up", args=[make_up.pk])


def right_of(attendance, by):
    ask_leave(attendance=attendance, reason="", by=by, now=NOW)
    return MakeUp.objects.get(original=attendance)


# --- leave -----------------------------------------------------------------------------------------------


def test_what_it_costs_is_said_before(client, branch, attendance, desk):
    policy_of(branch)

    terms = client.get(leave(attendance)).context["terms"]

    assert (terms.credits, terms.gives_make_up) == (0, True)
    assert terms.policy_text in client.get(leave(attendance)).content.decode()
    assert not attendance.absence_requests.exists()


def test_one_button_records_it(client, attendance, desk):
    response = client.post(leave(attendance), {"reason": "发烧"}, follow=True)

    attendance.refresh_from_db()
    assert attendance.status == Status.LEAVE
    assert response.context["leave"].reason == "发烧"
    assert page(MakeUp.objects.get()) in response.content.decode()


def test_the_student_s_page_leads_there(client, attendance, desk):
    student_page = reverse("student", args=[attendance.enrolment.student_id])

    assert leave(attendance) in client.get(student_page).content.decode()
    client.post(leave(attendance))
    assert page(MakeUp.objects.get()) in client.get(student_page).content.decode()


def test_only_a_manager_may_decide_otherwise(client, branch, attendance, desk, manager):
    policy_of(branch, tiers=[(0, "1.0", False)])
    assert "share" not in client.get(leave(attendance)).context["form"].fields
    client.force_login(manager)

    refused = client.post(leave(attendance), {"share": "0.0"})
    assert refused.context["form"].non_field_errors()
    client.post(leave(attendance), {"share": "0.5", "reason": "病假条"})

    assert attendance.absence_requests.get().share == Decimal("0.5")


def test_a_desk_s_share_is_not_read(client, branch, attendance, desk):
    policy_of(branch, tiers=[(0, "1.0", False)])

    client.post(leave(attendance), {"share": "0.0", "reason": "病假条"})

    assert attendance.absence_requests.get().share == 1


def test_it_can_be_withdrawn(client, attendance, desk):
    client.post(leave(attendance))

    response = client.post(reverse("withdraw_leave", args=[attendance.pk]))

    attendance.refresh_from_db()
    assert (response.url, attendance.status) == (leave(attendance), Status.EXPECTED)


def test_a_withdrawal_that_is_refused_says_why(client, attendance, desk):
    make_up = right_of(attendance, desk)
    book_make_up(make_up=make_up, lesson=lesson_of(attendance.enrolment.course, desk_branch(desk)), by=desk, now=NOW)

    response = client.post(reverse("withdraw_leave", args=[attendance.pk]), follow=True)

    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert response.context["leave"]


def desk_branch(user):
    return user.memberships.get().branch


def test_asking_twice_says_so(client, attendance, desk):
    client.post(leave(attendance))

    response = client.post(leave(attendance))

    assert response.context["form"].non_field_errors()


def test_after_the_roll_call_nothing_is_to_be_asked(client, lesson, attendance, desk):
    call_roll(lesson=lesson, exceptions={}, by=desk, now=SATURDAY)

    response = client.get(leave(attendance))

    assert response.context["terms"] is None
    assert not response.context["may_withdraw"]


def test_a_make_up_leads_to_its_own_page(client, attendance, desk, branch):
    make_up = right_of(attendance, desk)
    made_up = book_make_up(make_up=make_up, lesson=lesson_of(attendance.enrolment.course, branch), by=desk, now=NOW)

    assert page(make_up) in client.get(leave(made_up)).content.decode()


def test_another_branch_s_child_is_not_found(client, attendance, other_branch):
    client.force_login(desk_of(other_branch))

    assert client.get(leave(attendance)).status_code == 404
    assert client.post(leave(attendance)).status_code == 404


def test_the_roll_keeps_who_is_on_leave(client, lesson, attendance, desk, a_week_later):
    child_in(lesson, name="李明")
    client.post(leave(attendance))
    a_week_later()

    form = client.get(reverse("roll_call", args=[lesson.pk])).context["form"]
    values = {row.enrolment.student.name: field.value() for row, field in form.rows()}

    assert values == {"田萍": "leave", "李明": "present"}


# --- make-ups --------------------------------------------------------------------------------------------


def test_a_lesson_is_chosen_by_one_button(client, attendance, desk, branch):
    make_up = right_of(attendance, desk)
    other = lesson_of(attendance.enrolment.course, branch)

    offers = client.get(page(make_up)).context["offers"]
    response = client.post(page(make_up), {"lesson": other.pk}, follow=True)

    assert [offer.lesson for offer in offers] == [other]
    assert response.context["booked"].lesson == other
    assert response.context["offers"] == []


def test_a_lesson_that_has_just_filled_up_says_so(client, attendance, desk, branch):
    make_up = right_of(attendance, desk)
    full = lesson_of(attendance.enrolment.course, branch, capacity=1)
    child_in(full)

    response = client.post(page(make_up), {"lesson": full.pk}, follow=True)

    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert response.context["booked"] is None


def test_a_lesson_that_one_may_not_see_is_not_booked(client, attendance, desk, other_branch):
    make_up = right_of(attendance, desk)
    hidden = lesson_of(attendance.enrolment.course, other_branch)

    assert client.get(page(make_up)).context["offers"] == []
    client.post(page(make_up), {"lesson": hidden.pk})

    assert not hidden.attendances.exists()


def test_a_make_up_is_cancelled(client, attendance, desk, branch):
    make_up = right_of(attendance, desk)
    book_make_up(make_up=make_up, lesson=lesson_of(attendance.enrolment.course, branch), by=desk, now=NOW)

    client.post(reverse("cancel_make_up", args=[make_up.pk]))

    make_up.refresh_from_db()
    assert make_up.attendance is None


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_costs_the_same_for_one_and_for_three_lessons(
    client, attendance, desk, branch, number, django_assert_num_queries
):
    make_up = right_of(attendance, desk)
    for day in range(number):
        lesson_of(attendance.enrolment.course, branch, WEDNESDAY + timedelta(days=day))

    with django_assert_num_queries(7):
        response = client.get(page(make_up))

    assert len(response.context["offers"]) == number


# --- the list --------------------------------------------------------------------------------------------


def listed(client, **query):
    return list(client.get(reverse("make_up_list"), query).context["page_obj"])


def test_what_ends_first_stands_first(client, lesson, attendance, desk):
    first = right_of(attendance, desk)
    second = right_of(child_in(lesson), desk)
    MakeUp.objects.filter(pk=first.pk).update(expires_date=second.expires_date + timedelta(days=9))

    assert listed(client) == [second, first]


def test_each_state_has_its_list_and_number(client, lesson, desk, branch):
    still_open, booked, taken, expired = (right_of(child_in(lesson), desk) for _number in range(4))
    course = lesson.class_group.course
    book_make_up(make_up=booked, lesson=lesson_of(course, branch), by=desk, now=NOW)
    held = lesson_of(course, branch, WEDNESDAY + timedelta(days=1))
    book_make_up(make_up=taken, lesson=held, by=desk, now=NOW)
    call_roll(lesson=held, exceptions={}, by=desk, now=held.starts_at)
    MakeUp.objects.filter(pk=expired.pk).update(expires_date=NOW.date() - timedelta(days=1))

    context = client.get(reverse("make_up_list")).context

    assert [(state.value, number) for state, number, _chosen in context["tiles"]] == [
        ("open", 1),
        ("booked", 1),
        ("taken", 1),
        ("expired", 1),
    ]
    assert (context["taken"], context["given"], context["rate"]) == (1, 4, 25)
    for state, make_up in {"open": still_open, "booked": booked, "taken": taken, "expired": expired}.items():
        assert listed(client, state=state) == [make_up]


def test_it_is_narrowed_to_a_branch_and_a_course(client, lesson, attendance, owner, desk, other_branch):
    here = right_of(attendance, desk)
    elsewhere = right_of(child_in(LessonFactory(class_group__branch=other_branch, starts_at=SATURDAY)), owner)
    client.force_login(owner)

    assert listed(client, branch=other_branch.pk) == [elsewhere]
    assert listed(client, course=lesson.class_group.course_id) == [here]
    assert len(listed(client, branch="x", course="y", state="z")) == 2


def test_another_branch_s_rights_are_not_listed(client, attendance, desk, other_branch):
    right_of(attendance, desk)
    client.force_login(desk_of(other_branch))

    context = client.get(reverse("make_up_list")).context

    assert list(context["page_obj"]) == []
    assert [number for _state, number, _chosen in context["tiles"]] == [0, 0, 0, 0]


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(client, lesson, desk, number, django_assert_num_queries):
    for _number in range(number):
        right_of(child_in(lesson), desk)

    with django_assert_num_queries(9):
        assert len(listed(client)) == number


# --- the policy ------------------------------------------------------------------------------------------


def test_a_manager_keeps_the_policy_of_the_branch(client, branch, manager):
    client.force_login(manager)
    tiers = {"tiers-TOTAL_FORMS": 2, "tiers-INITIAL_FORMS": 0, "tiers-MIN_NUM_FORMS": 0, "tiers-MAX_NUM_FORMS": 9}
    for number, (hours, share) in enumerate([(24, "0.0"), (0, "1.0")]):
        tiers |= {f"tiers-{number}-notice_hours": hours, f"tiers-{number}-share": share}

    response = client.post(
        reverse("admin:scheduling_leavepolicy_add"), {"branch": branch.pk, "make_up_days": 60, **tiers}
    )

    assert response.status_code == 302
    assert list(branch.leave_policy.tiers.values_list("notice_hours", "share")) == [(24, 0), (0, 1)]
