"""Children go to another class of their course: their lessons to come move, what was held stays."""

import datetime

import pytest

from scheduling.clashes import LessonClashError
from scheduling.models import Attendance
from scheduling.services import (
    ClassFullError,
    ScheduleError,
    add_to_waiting_list,
    place_student,
    plan_lessons,
    preview_transfer,
    transfer_members,
)
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    ScheduleRuleFactory,
    StudentFactory,
    UserFactory,
    sell,
)

pytestmark = pytest.mark.django_db
DECEMBER = datetime.date(2026, 12, 1)


@pytest.fixture
def manager():
    return UserFactory(name="校长")


def planned(manager, hour, **fields):
    group = ClassGroupFactory(lessons_total=5, **fields)
    ScheduleRuleFactory(class_group=group, start_time=datetime.time(hour))
    plan_lessons(class_group=group, by=manager, now=NOW)
    return group


@pytest.fixture
def source(branch, manager):
    """Saturdays at nine, three children."""
    group = planned(manager, 9, branch=branch, name="围棋甲班")
    for enrolment in EnrolmentFactory.create_batch(3, branch=branch, course=group.course):
        place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)
    return group


@pytest.fixture
def target(source, manager):
    """The same course, Saturdays at two."""
    return planned(manager, 14, branch=source.branch, course=source.course, name="围棋乙班")


@pytest.fixture
def move(target, manager):
    def move(*members, **more):
        facts = {"target": target, "from_date": DECEMBER, "by": manager, "now": NOW} | more
        return transfer_members(members=list(members), **facts)

    return move


def expected(member):
    rows = Attendance.objects.filter(enrolment=member.enrolment).order_by("lesson__starts_at")
    return [f"{row.lesson.local_date:%m-%d} {row.lesson.class_group}" for row in rows]


def active(group):
    return group.members.filter(left_date__isnull=True)


def test_lessons_to_come_move_and_the_past_stays(source, move):
    member = source.members.first()
    sell(member.enrolment)

    (joined,) = move(member)

    assert expected(member) == [
        "11-21 围棋甲班",
        "11-28 围棋甲班",
        "12-05 围棋乙班",
        "12-12 围棋乙班",
        "12-19 围棋乙班",
    ]
    member.refresh_from_db()
    assert (member.left_date, joined.joined_date) == (DECEMBER, DECEMBER)
    assert member.enrolment.credit_entries.count() == 1  # credits stay where they are


def test_some_move_and_the_others_stay(source, target, move):
    move(*source.members.all()[:2])

    assert (active(source).count(), active(target).count()) == (1, 2)


def test_all_move_and_the_old_class_ends(source, target, move):
    move(*source.members.all(), ends_source=True)

    source.refresh_from_db()
    assert [f"{lesson.local_date:%m-%d}" for lesson in source.lessons.active()] == ["11-21", "11-28"]
    assert source.lessons_total == 2
    assert (active(source).count(), active(target).count()) == (0, 3)


def test_a_class_with_children_left_does_not_end(source, move):
    with pytest.raises(ScheduleError, match=source.name):
        move(source.members.first(), ends_source=True)

    assert active(source).count() == 3


def test_a_class_that_never_met_does_not_end_by_this(source, move):
    with pytest.raises(ScheduleError, match=source.name):
        move(*source.members.all(), ends_source=True, from_date=TODAY, now=NOW - datetime.timedelta(days=1))


def test_twice_is_once(source, target, move):
    member = source.members.first()
    move(member)

    with pytest.raises(ScheduleError):
        move(member)

    assert active(target).count() == 1


def test_another_course_is_refused_with_a_sentence(source, move, manager, branch):
    with pytest.raises(ScheduleError, match="围棋甲班"):
        move(source.members.first(), target=planned(manager, 14, branch=branch))


def test_another_branch_is_refused(source, move, manager, other_branch):
    with pytest.raises(ScheduleError):
        move(source.members.first(), target=planned(manager, 14, branch=other_branch, course=source.course))


def test_the_own_class_is_refused(source, move):
    with pytest.raises(ScheduleError):
        move(source.members.first(), target=source)


def test_a_hard_class_without_seats_refuses_all(source, target, move):
    target.capacity, target.is_capacity_hard = 1, True
    target.save()

    with pytest.raises(ClassFullError):
        move(*source.members.all()[:2])

    assert (active(source).count(), active(target).count()) == (3, 0)
    assert Attendance.objects.filter(lesson__class_group=target).count() == 0


def test_a_child_who_is_elsewhere_then_moves_with_a_reason_only(source, move, manager):
    member = source.members.first()
    other = planned(manager, 14, branch=source.branch)
    enrolment = EnrolmentFactory(student=member.enrolment.student, branch=source.branch, course=other.course)
    place_student(class_group=other, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)

    with pytest.raises(LessonClashError, match=member.enrolment.student.name):
        move(member)
    assert active(source).count() == 3

    move(member, keep_reason="家长同意")
    assert active(source).count() == 2


def test_classes_at_the_same_hour_do_not_clash_with_one_another(source, move, manager):
    parallel = planned(manager, 9, branch=source.branch, course=source.course)

    assert move(source.members.first(), target=parallel)


def test_the_seat_left_behind_is_offered(source, move, manager):
    source.capacity = 3
    source.save()
    enrolment = EnrolmentFactory(branch=source.branch, course=source.course)
    entry = add_to_waiting_list(class_group=source, enrolment=enrolment, by=manager, now=NOW)

    move(source.members.first())

    entry.refresh_from_db()
    assert entry.status == "offered"


# --- counted first ---------------------------------------------------------------------------------------


def test_the_preview_counts(source, target):
    transfer = preview_transfer(members=source.members.all()[:2], target=target, from_date=DECEMBER)

    assert (len(transfer.members), transfer.leaving_lessons, transfer.joining_lessons) == (2, 6, 6)
    assert (transfer.over, transfer.clashes, transfer.is_refused) == (0, [], False)
    assert active(source).count() == 3


def test_the_preview_knows_seats_and_clashes(source, target, manager):
    target.capacity, target.is_capacity_hard = 1, True
    target.save()
    member = source.members.first()
    other = LessonFactory(class_group__branch=source.branch, starts_at=target.lessons.last().starts_at)
    Attendance.objects.create(
        lesson=other,
        enrolment=EnrolmentFactory(
            student=member.enrolment.student, branch=source.branch, course=other.class_group.course
        ),
    )

    transfer = preview_transfer(members=source.members.all(), target=target, from_date=DECEMBER)

    assert (transfer.over, transfer.is_refused) == (2, True)
    assert [clash.resource_id for clash in transfer.clashes] == [member.enrolment.student_id]


def test_what_is_given_up_is_no_clash(source, manager):
    parallel = planned(manager, 9, branch=source.branch, course=source.course)

    transfer = preview_transfer(members=source.members.all(), target=parallel, from_date=DECEMBER)

    assert transfer.clashes == []


def test_nobody_ticked_is_told_so(source, target):
    StudentFactory()

    with pytest.raises(ScheduleError):
        preview_transfer(members=[], target=target, from_date=DECEMBER)
