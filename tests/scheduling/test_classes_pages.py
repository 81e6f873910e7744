"""The pages of classes: the list, one class, opening one, other times, waiting, moving children."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import ClassGroup, TimetableChange, WaitingListEntry
from scheduling.services import add_to_waiting_list, place_student, plan_lessons
from scheduling.services.series import state_of
from tests.factories import (
    NOW,
    TODAY,
    CalendarDayFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    CourseFactory,
    EnrolmentFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    adviser_of,
    at,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("class_list"), reverse("class_new")
SATURDAY, WEDNESDAY = "5", "2"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def desk(branch):
    return desk_of(branch)


def running(branch, manager, **fields):
    """Saturdays at nine, three lessons, two of them to come."""
    fields = {"lessons_total": 3, "teacher": teacher_of(branch)} | fields
    group = ClassGroupFactory(branch=branch, **fields)
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    return group


@pytest.fixture
def group(branch, manager):
    return running(branch, manager, name="围棋甲班", capacity=2)


def child_of(group, manager, **fields):
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course, **fields)
    return place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)


def shown(response):
    return list(response.context["page_obj"].object_list)


def numbers(response):
    return [card["number"] for card in response.context["cards"]]


# --- the list --------------------------------------------------------------------------------------------


def test_the_list_shows_running_classes_of_the_own_branch(client, desk, group, manager, other_branch):
    running(other_branch, manager)
    ClassGroupFactory(branch=group.branch)  # has no lesson to come
    client.force_login(desk)

    assert shown(client.get(LIST)) == [group]


def test_a_teacher_sees_the_own_classes(client, group, branch, manager):
    running(branch, manager)
    client.force_login(group.teacher)

    assert shown(client.get(LIST)) == [group]


@pytest.mark.parametrize("state", ["over", "free", "waiting", "finished"])
def test_the_list_by_state(client, desk, branch, manager, group, state):
    over = running(branch, manager, capacity=1)
    ClassMemberFactory.create_batch(2, class_group=over)
    ClassMemberFactory.create_batch(2, class_group=group)
    waits = EnrolmentFactory(branch=branch, course=group.course)
    add_to_waiting_list(class_group=group, enrolment=waits, by=manager, now=NOW)
    free, finished = running(branch, manager), ClassGroupFactory(branch=branch)
    client.force_login(desk)

    response = client.get(LIST, {"state": state})

    assert shown(response) == [{"over": over, "free": free, "waiting": group, "finished": finished}[state]]
    assert numbers(response) == [3, 1, 1, 1, 1]


def test_the_list_is_searched_filtered_and_sorted(client, desk, branch, manager, group):
    other = running(branch, manager, name="书法班", teacher=teacher_of(branch, name="李老师"))
    client.force_login(desk)

    assert shown(client.get(LIST, {"q": "围棋"})) == [group]
    assert shown(client.get(LIST, {"q": "李老师"})) == [other]
    assert shown(client.get(LIST, {"course": other.course_id})) == [other]
    assert shown(client.get(LIST, {"teacher": group.teacher_id})) == [group]
    assert shown(client.get(LIST, {"sort": "full"})) == [group, other]
    assert set(shown(client.get(LIST, {"branch": "999999"}))) == {group, other}


def test_the_list_is_paged(client, desk, branch, manager, monkeypatch):
    for number in range(3):
        running(branch, manager, name=f"第{number}班")
    monkeypatch.setattr("scheduling.views.classes.ClassListView.paginate_by", 2)
    client.force_login(desk)

    assert [row.name for row in shown(client.get(LIST, {"sort": "name", "page": 2}))] == ["第2班"]


def test_an_empty_list_offers_the_first_class(client, manager, desk):
    client.force_login(manager)
    assert NEW in client.get(LIST).content.decode()

    client.force_login(desk)
    assert NEW not in client.get(LIST).content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_list_query_count(client, desk, branch, manager, number, django_assert_num_queries):
    for _class in range(number):
        child_of(running(branch, manager), manager)
    client.force_login(desk)

    with django_assert_num_queries(10):
        client.get(LIST)


# --- one class -------------------------------------------------------------------------------------------


def page_of(group):
    return reverse("class_detail", args=[group.pk])


def test_the_page_shows_who_is_in_it_and_what_is_left(client, desk, group, manager):
    member = child_of(group, manager, student__name="田萍")
    sell(member.enrolment, 7)
    client.force_login(desk)

    response = client.get(page_of(group))
    (shown_member,) = response.context["members"]

    assert shown_member.account.balance == 7
    assert "田萍" in response.content.decode()
    assert reverse("student", args=[member.enrolment.student_id]) in response.content.decode()
    assert [lesson.local_date.day for lesson in response.context["lessons"]] == [28, 5]
    assert reverse("roll_sheet", args=[group.pk]) in response.content.decode()


def test_an_over_full_class_says_so(client, desk, group):
    ClassMemberFactory.create_batch(3, class_group=group)
    client.force_login(desk)

    response = client.get(page_of(group))

    assert response.context["seats"].over == 1
    assert 'data-test="over-full"' in response.content.decode()


def test_a_teacher_sees_no_balance_and_no_waiting_list(client, group, manager):
    child_of(group, manager, student__name="田萍")
    client.force_login(group.teacher)

    response = client.get(page_of(group))

    assert response.context["members"][0].account is None
    assert "田萍" in response.content.decode()
    assert 'data-test="waiting"' not in response.content.decode()


def test_a_class_of_another_branch_is_not_found(client, group, other_branch):
    client.force_login(manager_of(other_branch))

    for name in ("class_detail", "class_times", "class_transfer"):
        assert client.get(reverse(name, args=[group.pk])).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_page_query_count(client, manager, group, number, django_assert_num_queries):
    type(group).objects.update(capacity=1)
    for _child in range(number):
        child_of(group, manager)
        enrolment = EnrolmentFactory(branch=group.branch, course=group.course)
        add_to_waiting_list(class_group=group, enrolment=enrolment, by=manager, now=NOW)
    client.force_login(manager)

    with django_assert_num_queries(12):
        client.get(page_of(group))


# --- opening one -----------------------------------------------------------------------------------------


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="张老师")


@pytest.fixture
def room(branch):
    return RoomFactory(branch=branch, name="2号教室", capacity=8)


@pytest.fixture
def filled(branch, teacher, room):
    """filled(action="preview"): five Saturdays at nine from tomorrow on; name, minutes and seats are left out."""

    course = CourseFactory(name="围棋", minutes=60)

    def filled(**other):
        data = {
            "branch": branch.pk,
            "course": course.pk,
            "teacher": teacher.pk,
            "room": room.pk,
            "first_date": "2026-11-22",
            "lessons_total": "5",
            "credits_per_lesson": "1",
            "times-TOTAL_FORMS": "2",
            "times-INITIAL_FORMS": "0",
            "times-0-weekday": SATURDAY,
            "times-0-start_time": "09:00",
        }
        return data | other

    return filled


def test_a_class_is_opened_in_one_form(client, manager, filled, room):
    client.force_login(manager)

    response = client.post(NEW, filled())

    group = ClassGroup.objects.get()
    assert response.url == page_of(group)
    assert group.name.startswith("围棋")
    assert (group.capacity, group.lessons.count(), group.rules.get().minutes) == (8, 5, 60)
    assert {lesson.room for lesson in group.lessons.all()} == {room}


def test_the_preview_shows_every_date_and_writes_nothing(client, manager, filled, branch):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 5), reason="校庆")
    client.force_login(manager)

    for headers in ({}, {"X-Fragment": "preview"}):
        response = client.post(NEW, filled(action="preview"), headers=headers)
        assert response.context["draft"].last_date == datetime.date(2027, 1, 2)
        assert "校庆" in response.content.decode()

    assert "<html" not in response.content.decode()
    assert not ClassGroup.objects.exists()


def test_the_preview_says_what_is_missing(client, manager, filled):
    client.force_login(manager)

    response = client.post(NEW, filled(course="", teacher=""), headers={"X-Fragment": "preview"})

    assert response.context["draft"] is None
    assert len(response.context["missing"]) == 2


def test_a_clash_is_shown_with_its_date_and_kept_with_a_reason(client, manager, filled, teacher):
    LessonFactory(teacher=teacher, starts_at=at("2026-12-12 09:30"))
    client.force_login(manager)

    response = client.post(NEW, filled(name="围棋丙班"))
    assert response.status_code == 200
    assert "张老师" in response.context["error"]
    assert response.context["draft"].clashing_number == 1
    assert not ClassGroup.objects.filter(name="围棋丙班").exists()

    client.post(NEW, filled(name="围棋丙班", keep_reason="等新老师"))
    assert ClassGroup.objects.filter(name="围棋丙班").exists()


def test_what_cannot_be_is_refused_at_its_field(client, manager, filled, branch):
    ClassGroupFactory(branch=branch, name="围棋甲班")
    client.force_login(manager)

    form = client.post(NEW, filled(name="围棋甲班", first_date="2026-11-20", room="")).context["form"]

    assert {"name", "first_date", "capacity"} == set(form.errors)


def test_two_times_that_overlap_are_refused(client, manager, filled):
    client.force_login(manager)
    overlapping = {"times-1-weekday": SATURDAY, "times-1-start_time": "09:30", "times-0-minutes": "90"}

    response = client.post(NEW, filled(**overlapping))

    assert response.context["time_errors"]
    assert not ClassGroup.objects.exists()


@pytest.mark.parametrize("row", [{"times-0-start_time": ""}, {"times-0-weekday": ""}])
def test_half_a_time_is_refused(client, manager, filled, row):
    client.force_login(manager)

    assert client.post(NEW, filled(**row)).status_code == 200
    assert not ClassGroup.objects.exists()


def test_a_class_without_times_is_refused(client, manager, filled):
    client.force_login(manager)

    response = client.post(NEW, filled(**{"times-0-weekday": "", "times-0-start_time": ""}))

    assert response.status_code == 200
    assert response.context["error"]


def test_a_proposal_fills_the_form(client, manager, filled, teacher):
    LessonFactory(teacher=teacher, starts_at=at("2026-12-12 09:00"))
    client.force_login(manager)
    proposal = client.post(NEW, filled(action="preview")).context["proposals"][0]

    response = client.post(NEW, filled(use=proposal.key, **{"times-1-weekday": WEDNESDAY}))

    draft = response.context["draft"]
    assert (draft.clashes, {lesson.teacher_id for lesson in draft.lessons}) == ([], {proposal.teacher.pk})
    assert ClassGroup.objects.count() == 1  # the other lesson's
    assert client.post(NEW, filled(use="1; DROP")).status_code == 200


def test_the_owner_chooses_the_branch_and_gets_its_rooms(client, branch, other_branch, filled, room):
    there = RoomFactory(branch=other_branch)
    client.force_login(owner_of_school())

    response = client.post(NEW, filled(branch=other_branch.pk, action="refresh"))

    form = response.context["form"]
    assert [room.pk for room in form.fields["room"].queryset] == [there.pk]
    assert not form.errors


def test_another_branch_is_no_choice(client, manager, filled, other_branch):
    client.force_login(manager)

    assert "branch" in client.post(NEW, filled(branch=other_branch.pk)).context["form"].errors


def test_the_like_of_a_class_begins_with_its_facts(client, manager, group):
    client.force_login(manager)

    response = client.get(NEW, {"like": group.pk})

    assert response.context["form"]["course"].value() == group.course_id
    assert response.context["times"].forms[0]["weekday"].value() == 5


@pytest.mark.parametrize("role", [desk_of, adviser_of, teacher_of])
def test_who_may_not_open_a_class(client, branch, role):
    client.force_login(role(branch))

    assert client.get(NEW).status_code == 403


# --- other times -----------------------------------------------------------------------------------------


@pytest.fixture
def new_times(group):
    """Wednesdays at six from the second lesson on."""

    def new_times(**other):
        data = {
            "from_date": "2026-11-28",
            "state": str(group.lessons.count()),
            "times-TOTAL_FORMS": "1",
            "times-INITIAL_FORMS": "0",
            "times-0-weekday": WEDNESDAY,
            "times-0-start_time": "18:00",
            "times-0-minutes": "90",
            "times-0-teacher": group.teacher_id,
        }
        return data | other

    return new_times


def times_of(group):
    return reverse("class_times", args=[group.pk])


def test_the_form_begins_at_the_lesson(client, manager, group):
    client.force_login(manager)

    for named in (group.lessons.last().pk, "2026-12-05"):
        response = client.get(times_of(group), {"from": named})
        assert response.context["form"]["from_date"].value() == datetime.date(2026, 12, 5)
        assert response.context["times"].forms[0]["teacher"].value() == group.teacher_id

    assert client.get(times_of(group), {"from": "x"}).context["form"]["from_date"].value() == TODAY


def test_what_changes_is_counted_before_it_is_done(client, manager, group, new_times):
    child_of(group, manager)
    client.force_login(manager)

    for headers in ({}, {"X-Fragment": "preview"}):
        context = client.post(times_of(group), new_times(action="preview"), headers=headers).context
        assert (context["changed"], context["moved"], context["own"], context["families"]) == (2, 2, 0, 1)

    assert not TimetableChange.objects.exists()


def test_the_times_are_changed(client, manager, group, new_times):
    client.force_login(manager)

    response = client.post(times_of(group), new_times(action="change"))

    assert response.url == page_of(group)
    assert [f"{lesson.local_date:%m-%d}" for lesson in group.lessons.all()] == ["11-21", "12-02", "12-09"]


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(client, manager, group, new_times):
    client.force_login(manager)

    response = client.post(times_of(group), new_times(action="change", state="1"))

    assert group.name in response.context["error"]
    assert not TimetableChange.objects.exists()


def test_a_clash_of_the_new_times_is_shown_and_refused(client, manager, group, new_times):
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-02 18:30"))
    client.force_login(manager)

    response = client.post(times_of(group), new_times(action="change"))

    assert len(response.context["against"]) == 1
    assert response.context["error"]
    assert client.post(times_of(group), new_times(action="change", keep_reason="先这样")).status_code == 302


def test_after_the_last_lesson_there_is_a_sentence(client, manager, group, new_times):
    client.force_login(manager)

    response = client.post(times_of(group), new_times(action="preview", from_date="2027-01-01"))

    assert group.name in response.context["refusal"]


def test_more_lessons_and_fewer(client, manager, group):
    client.force_login(manager)
    url = reverse("class_length", args=[group.pk])

    def send(**data):
        client.post(url, {"action": "change", "state": state_of(group), **data})

    send(lessons_total="5")
    assert group.lessons.active().count() == 5
    send(lessons_total="2", reason="提前结课")
    assert group.lessons.active().count() == 2
    for refused in ({"lessons_total": ""}, {"lessons_total": "1", "reason": ""}):
        send(**refused)
    group.refresh_from_db()
    assert group.lessons_total == group.lessons.active().count()


def test_the_front_desk_changes_no_times(client, desk, group):
    client.force_login(desk)

    assert client.get(times_of(group)).status_code == 403
    assert client.post(reverse("class_length", args=[group.pk]), {"lessons_total": "5"}).status_code == 403


# --- the waiting list ------------------------------------------------------------------------------------


def test_a_child_waits_is_offered_a_seat_and_takes_it(client, desk, group, manager):
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course, student__name="田萍")
    client.force_login(desk)

    client.post(reverse("class_wait", args=[group.pk]), {"enrolment": enrolment.pk})
    entry = WaitingListEntry.objects.get()
    assert entry.status == "offered"
    assert 'value="accept"' in client.get(page_of(group)).content.decode()
    client.post(reverse("waiting_entry", args=[entry.pk]), {"action": "accept"})

    assert group.members.get().enrolment == enrolment


def test_a_child_is_taken_off_the_list(client, desk, group, manager):
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course)
    entry = add_to_waiting_list(class_group=group, enrolment=enrolment, by=manager, now=NOW)
    client.force_login(desk)

    client.post(reverse("waiting_entry", args=[entry.pk]), {"action": "withdraw"})
    client.post(reverse("waiting_entry", args=[entry.pk]), {"action": "accept"})

    entry.refresh_from_db()
    assert (entry.status, group.members.count()) == ("withdrawn", 0)


def test_only_children_of_the_course_are_offered_to_wait(client, desk, group, manager):
    outside = EnrolmentFactory(branch=group.branch, course=group.course)
    child_of(group, manager)
    other = EnrolmentFactory(branch=group.branch)
    client.force_login(desk)

    form = client.get(page_of(group)).context["wait_form"]
    client.post(reverse("class_wait", args=[group.pk]), {"enrolment": other.pk})

    assert list(form.fields["enrolment"].queryset) == [outside]
    assert not WaitingListEntry.objects.exists()


def test_the_list_of_another_branch_is_not_found(client, group, manager, other_branch):
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course)
    entry = add_to_waiting_list(class_group=group, enrolment=enrolment, by=manager, now=NOW)
    client.force_login(desk_of(other_branch))

    assert client.post(reverse("waiting_entry", args=[entry.pk])).status_code == 404
    assert client.post(reverse("class_wait", args=[group.pk])).status_code == 404


# --- moving children -------------------------------------------------------------------------------------


@pytest.fixture
def target(branch, manager, group):
    target = ClassGroupFactory(branch=branch, course=group.course, name="围棋乙班", lessons_total=3)
    ScheduleRuleFactory(class_group=target, start_time=datetime.time(14))
    plan_lessons(class_group=target, by=manager, now=NOW)
    return target


def transfer_of(group):
    return reverse("class_transfer", args=[group.pk])


def test_the_ticked_children_are_counted_and_moved(client, desk, group, target, manager):
    member = child_of(group, manager)
    child_of(group, manager)
    client.force_login(desk)
    chosen = {"member": [member.pk], "target": target.pk, "from_date": "2026-11-28"}

    assert client.get(transfer_of(group), {"member": [member.pk]}).context["form"]["member"].value() == [str(member.pk)]
    transfer = client.get(transfer_of(group), chosen).context["transfer"]
    assert (transfer.leaving_lessons, transfer.joining_lessons) == (2, 2)
    response = client.post(transfer_of(group), chosen)

    assert response.url == page_of(target)
    assert target.members.get().enrolment == member.enrolment
    assert group.members.filter(left_date__isnull=True).count() == 1


def test_a_full_hard_class_is_refused_with_a_sentence(client, desk, group, target, manager):
    ClassGroup.objects.filter(pk=target.pk).update(capacity=1, is_capacity_hard=True)
    members = [child_of(group, manager), child_of(group, manager)]
    client.force_login(desk)
    chosen = {"member": [member.pk for member in members], "target": target.pk, "from_date": "2026-11-28"}

    assert client.get(transfer_of(group), chosen).context["transfer"].is_refused
    assert client.post(transfer_of(group), chosen).context["form"].non_field_errors()
    assert target.members.count() == 0


def test_merging_ends_the_old_class_for_who_may_change_it(client, desk, manager, group, target):
    member = child_of(group, manager)
    chosen = {"member": [member.pk], "target": target.pk, "from_date": "2026-11-28", "ends_source": "on"}
    client.force_login(desk)
    assert "ends_source" not in client.get(transfer_of(group), chosen).context["form"].fields

    client.force_login(manager)
    client.post(transfer_of(group), chosen)

    assert group.lessons.active().count() == 1


def test_only_classes_of_the_same_course_are_offered(client, desk, group, target, branch, manager):
    running(branch, manager)
    client.force_login(desk)

    assert list(client.get(transfer_of(group)).context["form"].fields["target"].queryset) == [target]


def test_splitting_opens_the_new_class_first(client, manager, group, filled):
    member = child_of(group, manager)
    client.force_login(manager)
    data = filled(branch=group.branch_id) | {"course": group.course_id}

    response = client.post(f"{NEW}?like={group.pk}&member={member.pk}", data)

    new = ClassGroup.objects.exclude(pk=group.pk).get()
    assert response.url.startswith(transfer_of(group))
    assert f"target={new.pk}" in response.url
    transfer = client.get(response.url).context["transfer"]
    assert (transfer.target, [one.pk for one in transfer.members]) == (new, [member.pk])


def test_a_lesson_dropped_for_all_that_follow_fills_the_form(client, manager, group):
    lesson = group.lessons.planned().earliest("starts_at")
    client.force_login(manager)

    response = client.get(
        reverse("class_times", args=[group.pk]), {"from": lesson.pk, "weekday": 2, "start_time": "14:00", "room": ""}
    )

    [row] = [form.initial for form in response.context["times"] if form.initial]
    assert (row["weekday"], row["start_time"], row["teacher"]) == (2, datetime.time(14), lesson.teacher_id)
