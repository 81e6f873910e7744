"""What speaks against a lesson: each rule once where it speaks and once where it does not, and who may pass it."""

import datetime
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branches.models import CalendarDay
from branches.roles import Role
from courses.models import Course
from scheduling.findings import RuleRefusedError, check_rules, refuse_or_override
from scheduling.models import (
    AvailabilityWindow,
    Lesson,
    Qualification,
    RuleOverride,
    StaffCheck,
    TeacherAbsence,
    TeachingLimit,
    TravelTime,
)
from scheduling.services import Edit, cancel_lesson, change_lessons, plan_lessons, reschedule_lesson, undo_change
from tests.factories import (
    NOW,
    BranchFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    CourseFactory,
    LessonFactory,
    MembershipFactory,
    RoomFactory,
    ScheduleRuleFactory,
    SchoolBreakFactory,
    UserFactory,
    at,
    manager_of,
    owner_of_school,
    teacher_of,
)

pytestmark = pytest.mark.django_db

SATURDAY = "2026-11-28"
TUESDAY = "2026-11-24"
WORKED_SATURDAY = "2026-10-10"  # for the National Day
HOLIDAY = "2026-10-01"  # a Thursday


@pytest.fixture
def school(branch):
    branch.school_from, branch.school_until = datetime.time(8), datetime.time(16, 30)
    branch.save()
    return branch


@pytest.fixture
def lesson_at(branch):
    """lesson_at(day, "09:00", "10:30"): a lesson in memory, of a saved class."""

    def lesson_at(day=SATURDAY, start="09:00", end="10:30", group=None, **fields):
        group = group or ClassGroupFactory(branch=branch)
        made = {"branch": group.branch, "teacher": group.teacher, "room": None} | fields
        return Lesson(class_group=group, starts_at=at(f"{day} {start}"), ends_at=at(f"{day} {end}"), **made)

    return lesson_at


@pytest.fixture
def academic(branch):
    return ClassGroupFactory(branch=branch, course__subject__is_academic=True)


def codes(*lessons, now=NOW):
    return [finding.rule.code for finding in check_rules(lessons, now=now)]


def test_nothing_speaks_against_a_saturday_morning(lesson_at):
    assert codes(lesson_at()) == []


def test_no_lessons_no_findings(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert check_rules([], now=NOW) == []


def test_a_cancelled_lesson_is_not_asked(lesson_at):
    assert codes(lesson_at(start="20:00", end="21:00", status=Lesson.Status.CANCELLED)) == []


# --- the day and the hour --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [("19:00", "20:30", []), ("19:01", "20:31", ["latest_end"])],
)
def test_a_lesson_ends_by_half_past_eight(lesson_at, start, end, found):
    assert codes(lesson_at(start=start, end=end)) == found


def test_a_lesson_over_midnight_ends_too_late(lesson_at):
    lesson = lesson_at(start="20:00")
    lesson.ends_at = at("2026-11-29 00:30")

    assert codes(lesson) == ["latest_end"]


def test_the_hour_is_that_of_the_branch(lesson_at):
    group = ClassGroupFactory(branch__time_zone="Europe/London")

    assert codes(lesson_at(start="23:00", end="23:59", group=group)) == []  # 15:59 in London


def test_a_branch_with_its_own_rules_only_may_end_late():
    group = ClassGroupFactory(branch__rule_pack="general")

    assert codes(LessonFactory(class_group=group, starts_at=at(f"{SATURDAY} 20:00"))) == []


def test_a_closed_day_speaks_against_a_lesson_there(lesson_at, branch, other_branch):
    CalendarDayFactory(branch=branch, day=SATURDAY)
    elsewhere = ClassGroupFactory(branch=other_branch)

    assert codes(lesson_at(), lesson_at(group=elsewhere)) == ["closed_day"]


@pytest.mark.parametrize("kind", [CalendarDay.Kind.OPEN, CalendarDay.Kind.RUNS_WEEKDAY])
def test_a_day_that_is_not_closed_does_not(lesson_at, branch, kind):
    weekday = 5 if kind == CalendarDay.Kind.RUNS_WEEKDAY else None
    CalendarDayFactory(branch=branch, day=SATURDAY, kind=kind, runs_weekday=weekday)

    assert codes(lesson_at()) == []


@pytest.mark.parametrize(
    ("day", "start", "end", "found"),
    [
        (TUESDAY, "16:00", "17:00", ["school_hours"]),
        (TUESDAY, "16:30", "17:30", []),
        (TUESDAY, "07:00", "08:00", []),
        (SATURDAY, "10:00", "11:00", []),
        (HOLIDAY, "10:00", "11:00", []),
    ],
)
def test_children_are_at_school_on_school_days(school, lesson_at, day, start, end, found):
    assert codes(lesson_at(day, start, end)) == found


def test_children_are_not_at_school_in_their_break(school, lesson_at):
    SchoolBreakFactory(branch=school, first_date=TUESDAY, last_date=TUESDAY)

    assert codes(lesson_at(TUESDAY), lesson_at("2026-11-25")) == ["school_hours"]


def test_without_school_hours_a_weekday_morning_is_free(lesson_at):
    assert codes(lesson_at(TUESDAY)) == []


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [("09:00", "10:30", ["school_on_weekend"]), ("18:00", "19:30", [])],
)
def test_on_a_worked_saturday_children_are_at_school(lesson_at, start, end, found):
    assert codes(lesson_at(WORKED_SATURDAY, start, end)) == found


def test_a_saturday_that_runs_a_school_day_by_our_own_calendar(branch, lesson_at):
    CalendarDayFactory(branch=branch, day=SATURDAY, kind=CalendarDay.Kind.RUNS_WEEKDAY, runs_weekday=2)

    assert codes(lesson_at()) == ["school_on_weekend"]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (SATURDAY, ["academic_rest_day"]),
        (HOLIDAY, ["academic_rest_day"]),
        (TUESDAY, []),
        (WORKED_SATURDAY, []),
    ],
)
def test_academic_lessons_are_not_held_on_days_of_rest(academic, lesson_at, day, found):
    assert codes(lesson_at(day, "18:00", "19:00", group=academic)) == found


@pytest.mark.parametrize(
    ("stage", "found"),
    [
        ("preschool", []),
        ("compulsory", ["academic_rest_day"]),
        ("senior_high", ["senior_high_rest_day"]),
        ("any", []),
    ],
)
def test_the_stage_of_an_academic_course_decides_on_days_of_rest(academic, lesson_at, stage, found):
    academic.course.stage = stage
    academic.course.save()

    assert codes(lesson_at(SATURDAY, "18:00", "19:00", group=academic)) == found
    assert codes(lesson_at(TUESDAY, "18:00", "19:00", group=academic)) == []


def test_a_course_that_is_not_academic_is_held_on_any_day_at_any_stage(branch, lesson_at):
    for stage in Course.Stage:
        group = ClassGroupFactory(branch=branch, course__stage=stage)
        assert codes(lesson_at(SATURDAY, "18:00", "19:00", group=group)) == []


def test_a_manager_passes_the_local_rule_with_a_reason_and_not_the_law(branch, academic):
    manager = manager_of(branch)
    ScheduleRuleFactory(class_group=academic)
    with pytest.raises(RuleRefusedError):
        plan_lessons(class_group=academic, by=manager, now=NOW, keep_reason="家长同意")

    academic.course.stage = Course.Stage.SENIOR_HIGH
    academic.course.save()

    assert plan_lessons(class_group=academic, by=manager, now=NOW, keep_reason="家长同意")
    assert set(RuleOverride.objects.values_list("rule", flat=True)) == {"senior_high_rest_day"}


def test_academic_lessons_are_not_held_in_a_school_break(academic, lesson_at):
    SchoolBreakFactory(branch=academic.branch, first_date=TUESDAY, last_date=TUESDAY)

    assert codes(lesson_at(TUESDAY, group=academic)) == ["academic_rest_day"]


# --- the teacher -----------------------------------------------------------------------------------------


def absent(teacher, start, end, **fields):
    return TeacherAbsence.objects.create(
        teacher=teacher, starts_at=at(start), ends_at=at(end), recorded_by=teacher, recorded_at=NOW, **fields
    )


@pytest.mark.parametrize(
    ("start", "end", "withdrawn_at", "found"),
    [
        ("10:00", "12:00", None, ["teacher_absent"]),
        ("10:30", "12:00", None, []),
        ("10:00", "12:00", NOW, []),
    ],
)
def test_a_teacher_who_is_away(lesson_at, start, end, withdrawn_at, found):
    lesson = lesson_at()
    absent(lesson.teacher, f"{SATURDAY} {start}", f"{SATURDAY} {end}", withdrawn_at=withdrawn_at)

    assert codes(lesson) == found


def window(teacher, start=None, end=None, **fields):
    return AvailabilityWindow.objects.create(teacher=teacher, start_time=start, end_time=end, **fields)


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        ([("09:00", "10:30")], []),
        ([("08:00", "10:00"), ("10:00", "12:00")], []),
        ([("08:00", "10:00"), ("10:15", "12:00")], ["teacher_unavailable"]),
        ([("09:30", "12:00")], ["teacher_unavailable"]),
    ],
)
def test_a_lesson_lies_within_the_teachers_times(lesson_at, hours, found):
    lesson = lesson_at()
    for start, end in hours:
        window(lesson.teacher, start, end, weekday=5)

    assert codes(lesson) == found


def test_a_weekday_without_times_is_free_of_lessons(lesson_at):
    lesson = lesson_at()
    window(lesson.teacher, "09:00", "12:00", weekday=1)

    assert codes(lesson) == ["teacher_unavailable"]


def test_a_dated_window_replaces_its_weekday(lesson_at):
    lesson, a_week_later = lesson_at(), lesson_at("2026-12-05")
    a_week_later.teacher = lesson.teacher
    window(lesson.teacher, "09:00", "12:00", weekday=5)
    window(lesson.teacher, day=SATURDAY)

    assert [finding.lesson for finding in check_rules([lesson, a_week_later], now=NOW)] == [lesson]


def test_one_day_off_leaves_the_other_days_free(lesson_at):
    lesson = lesson_at()
    window(lesson.teacher, day=TUESDAY)

    assert codes(lesson) == []


def test_a_teacher_who_works_here_until_a_day(lesson_at, branch):
    teacher = UserFactory()
    MembershipFactory(user=teacher, branch=branch, role=Role.TEACHER, valid_until=datetime.date(2026, 11, 28))

    lessons = [lesson_at(SATURDAY, teacher=teacher), lesson_at("2026-12-05", teacher=teacher)]

    assert [finding.lesson for finding in check_rules(lessons, now=NOW)] == [lessons[1]]


@pytest.mark.parametrize(
    ("start", "found"),
    [("11:00", ["travel_time"]), ("11:29", ["travel_time"]), ("11:30", []), ("10:00", [])],
)
def test_a_teacher_travels_between_branches(lesson_at, branch, other_branch, start, found):
    here = LessonFactory(class_group__branch=branch, starts_at=at(f"{SATURDAY} 09:00"))  # until 10:30
    first, second = sorted([branch, other_branch], key=lambda place: place.pk)
    TravelTime.objects.create(branch=first, other=second, minutes=60)

    there = lesson_at(start=start, end="12:30", group=ClassGroupFactory(branch=other_branch), teacher=here.teacher)

    assert codes(there) == found  # at 10:00 they overlap, which is a clash


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"minutes_a_day": 180}, []),
        ({"minutes_a_day": 179}, ["minutes_a_day"]),
        ({"minutes_a_week": 270}, []),
        ({"minutes_a_week": 269}, ["minutes_a_week"]),
    ],
)
def test_a_teacher_teaches_so_many_minutes(lesson_at, limits, found):
    lesson = lesson_at()
    group = ClassGroupFactory(teacher=lesson.teacher)
    for start in ("2026-11-23 09:00", "2026-11-28 14:00", "2026-11-30 09:00", "2026-11-22 09:00"):
        LessonFactory(class_group=group, starts_at=at(start))
    LessonFactory(
        class_group=group,
        starts_at=at("2026-11-28 18:00"),
        status=Lesson.Status.CANCELLED,
        cancel_reason="停电",
    )
    TeachingLimit.objects.create(teacher=lesson.teacher, **limits)

    assert codes(lesson) == found


def test_the_minutes_of_a_lesson_that_moves_count_once():
    lesson = LessonFactory(starts_at=at(f"{SATURDAY} 09:00"))
    TeachingLimit.objects.create(teacher=lesson.teacher, minutes_a_day=90)
    lesson.starts_at, lesson.ends_at = at(f"{SATURDAY} 14:00"), at(f"{SATURDAY} 15:30")

    assert codes(lesson) == []


def test_a_course_that_names_nobody_is_everybodys(lesson_at, branch):
    course = CourseFactory()
    lesson = lesson_at(group=ClassGroupFactory(branch=branch, course=course))

    assert codes(lesson) == []

    Qualification.objects.create(course=course, teacher=UserFactory())
    assert codes(lesson) == ["not_qualified"]

    Qualification.objects.create(course=course, teacher=lesson.teacher)
    assert codes(lesson) == []


def test_an_academic_course_has_the_stricter_rule_alone(lesson_at, academic):
    Qualification.objects.create(course=academic.course, teacher=UserFactory())

    assert codes(lesson_at(TUESDAY, group=academic)) == ["not_qualified_academic"]


@pytest.mark.parametrize(
    ("valid_until", "day", "found"),
    [
        ("2026-11-20", SATURDAY, True),
        ("2026-11-27", SATURDAY, True),
        ("2026-11-28", SATURDAY, False),
        ("2026-12-21", "2026-12-26", True),  # a month from now
        ("2026-12-22", "2026-12-26", False),  # time enough to renew it
    ],
)
@pytest.mark.parametrize(("kind", "code"), [("certificate", "certificate_expired"), ("record", "record_check_expired")])
def test_a_paper_that_has_ended(lesson_at, kind, code, valid_until, day, found):
    lesson = lesson_at(day)
    StaffCheck.objects.create(teacher=lesson.teacher, kind=kind, valid_until=valid_until)

    assert codes(lesson) == ([code] if found else [])


def test_an_ended_certificate_blocks_academic_lessons(lesson_at, academic):
    StaffCheck.objects.create(teacher=academic.teacher, kind="certificate", valid_until="2026-11-20")

    assert codes(lesson_at(TUESDAY, group=academic)) == ["certificate_expired_academic"]


# --- the room --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "area", "found"),
    [
        (12, None, []),
        (11, None, ["room_too_small"]),
        (12, Decimal("36.00"), []),
        (12, Decimal("35.99"), ["area_per_child"]),
    ],
)
def test_a_room_is_big_enough_for_the_class(lesson_at, branch, capacity, area, found):
    room = RoomFactory(branch=branch, capacity=capacity, area_m2=area)

    assert codes(lesson_at(room=room)) == found


def test_children_beyond_the_seats_count(lesson_at, branch):
    group = ClassGroupFactory(branch=branch, capacity=1)
    ClassMemberFactory.create_batch(2, class_group=group)

    assert codes(lesson_at(group=group, room=RoomFactory(branch=branch, capacity=1))) == ["room_too_small"]


# --- all together ----------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(lesson_at, django_assert_max_num_queries):
    group = ClassGroupFactory()
    TeachingLimit.objects.create(teacher=group.teacher, minutes_a_day=90)
    TravelTime.objects.create(branch=group.branch, other=BranchFactory(), minutes=30)
    days = [f"{datetime.date(2026, 11, 28) + timedelta(days=7 * week)}" for week in range(24)]
    lessons = [lesson_at(day, group=group, room=RoomFactory(branch=group.branch)) for day in days]

    with django_assert_max_num_queries(13):
        check_rules(lessons, now=NOW)


@given(
    day=st.dates(datetime.date(2026, 1, 1), datetime.date(2028, 12, 31)),
    start=st.times(min_value=datetime.time(6), max_value=datetime.time(22)),
    minutes=st.integers(30, 119),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_latest_end_holds_on_every_day(lesson_at, day, start, minutes):
    lesson = lesson_at()
    lesson.starts_at = at(f"{day} {start:%H:%M}")
    lesson.ends_at = lesson.starts_at + timedelta(minutes=minutes)

    is_late = lesson.ends_at > at(f"{day} 20:30")

    assert ("latest_end" in codes(lesson)) == is_late


# --- who may pass ----------------------------------------------------------------------------------------


@pytest.fixture
def people(branch):
    return {"manager": manager_of(branch), "owner": owner_of_school(), "other": manager_of(BranchFactory())}


def late(branch):
    return LessonFactory(class_group__branch=branch, starts_at=at(f"{SATURDAY} 20:00"))


def away(branch):
    lesson = LessonFactory(class_group__branch=branch, starts_at=at(f"{SATURDAY} 09:00"))
    absent(lesson.teacher, f"{SATURDAY} 08:00", f"{SATURDAY} 12:00")
    return lesson


def on_a_closed_day(branch):
    CalendarDayFactory(branch=branch, day=SATURDAY)
    return LessonFactory(class_group__branch=branch, starts_at=at(f"{SATURDAY} 09:00"))


@pytest.mark.parametrize(
    ("make", "may_pass"),
    [(late, ["owner"]), (away, ["manager", "owner"]), (on_a_closed_day, ["manager", "other", "owner"])],
)
def test_who_may_pass_a_rule_with_a_reason(branch, people, make, may_pass):
    lesson = make(branch)

    for name in may_pass:
        refuse_or_override([lesson], reason="家长都同意", by=people[name], now=NOW)
    for name in people.keys() - set(may_pass):
        with pytest.raises(RuleRefusedError) as refusal:
            refuse_or_override([lesson], reason="家长都同意", by=people[name], now=NOW)
        assert not refusal.value.needs_reason


def test_a_warning_needs_a_reason(branch, people):
    lesson = on_a_closed_day(branch)

    with pytest.raises(RuleRefusedError) as refusal:
        refuse_or_override([lesson], reason="", by=people["manager"], now=NOW)

    assert refusal.value.needs_reason
    assert [finding.rule.code for finding in refusal.value.findings] == ["closed_day"]
    assert "放假" in str(refusal.value)
    assert not RuleOverride.objects.exists()


def test_who_let_it_stand_is_kept_once(branch, people):
    lesson = on_a_closed_day(branch)

    for reason in ("家长都同意", "比赛前加课"):
        refuse_or_override([lesson], reason=reason, by=people["manager"], now=NOW)

    override = lesson.overrides.get()
    assert (override.rule, override.reason, override.by) == ("closed_day", "比赛前加课", people["manager"])
    assert "放假" in override.text


def test_a_refusal_names_each_rule_once_and_counts(branch, people):
    CalendarDayFactory(branch=branch, day=SATURDAY)
    group = ClassGroupFactory(branch=branch)
    lessons = [LessonFactory(class_group=group, starts_at=at(f"{SATURDAY} {hour}:00")) for hour in ("08", "10", "14")]

    with pytest.raises(RuleRefusedError) as refusal:
        refuse_or_override(lessons, reason="", by=people["owner"], now=NOW)

    assert len(refusal.value.findings) == 3
    assert str(refusal.value).count(group.name) == 1
    assert "2" in str(refusal.value)


# --- every path ------------------------------------------------------------------------------------------


def move(lesson, start, by, **more):
    starts_at = at(start)
    return reschedule_lesson(
        lesson=lesson,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        by=by,
        now=NOW,
        **{"teacher": lesson.teacher, "room": lesson.room} | more,
    ).lesson


def test_a_move_against_a_rule_is_refused_and_changes_nothing(branch, people):
    lesson = LessonFactory(class_group__branch=branch, starts_at=at(f"{SATURDAY} 09:00"))

    with pytest.raises(RuleRefusedError):
        move(lesson, f"{SATURDAY} 20:00", people["manager"], keep_reason="家长都同意")

    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.version) == (at(f"{SATURDAY} 09:00"), 1)


def test_a_move_that_heeds_the_rule_again_forgets_who_passed_it(branch, people):
    lesson = LessonFactory(class_group__branch=branch, starts_at=at(f"{SATURDAY} 09:00"))

    lesson = move(lesson, f"{SATURDAY} 20:00", people["owner"], keep_reason="晚场演出")
    assert [row.rule for row in lesson.overrides.all()] == ["latest_end"]

    lesson = move(lesson, f"{SATURDAY} 14:00", people["manager"])
    assert not lesson.overrides.exists()


def test_a_substitute_is_not_refused_for_the_hour_that_stands(branch, people):
    lesson = late(branch)

    moved = reschedule_lesson(
        lesson=lesson,
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        teacher=teacher_of(branch),
        room=lesson.room,
        by=people["manager"],
        now=NOW,
    )

    assert moved.lesson.teacher != lesson.teacher


def test_an_undo_asks_no_rule(branch, people):
    lesson = late(branch)
    change = change_lessons(
        branch=branch,
        kind="move",
        edits=[Edit(lesson.pk, {"starts_at": at(f"{SATURDAY} 09:00"), "ends_at": at(f"{SATURDAY} 10:00")})],
        by=people["manager"],
        now=NOW,
    )

    undo_change(change=change, by=people["manager"], now=NOW)

    lesson.refresh_from_db()
    assert lesson.starts_at == at(f"{SATURDAY} 20:00")


def test_a_lesson_planned_again_is_asked_everything(branch, people):
    lesson = late(branch)
    cancel_lesson(lesson=lesson, reason="停电", by=people["manager"], now=NOW, then="drop")

    with pytest.raises(RuleRefusedError):
        change_lessons(
            branch=branch,
            kind="move",
            edits=[Edit(lesson.pk, {"status": Lesson.Status.PLANNED, "cancel_reason": ""})],
            by=people["manager"],
            now=NOW,
        )


def test_a_series_needs_one_reason_for_all(branch, people):
    group = ClassGroupFactory(branch=branch, lessons_total=4, first_date=datetime.date(2026, 9, 26))
    ScheduleRuleFactory(class_group=group)  # 10 October is a worked Saturday

    with pytest.raises(RuleRefusedError) as refusal:
        plan_lessons(class_group=group, by=people["manager"], now=NOW)
    assert [finding.rule.code for finding in refusal.value.findings] == ["school_on_weekend"]

    lessons = plan_lessons(class_group=group, by=people["manager"], now=NOW, keep_reason="家长都同意")
    assert len(lessons) == 4
    assert RuleOverride.objects.get().lesson.local_date == datetime.date(2026, 10, 10)


def test_a_lesson_at_the_end_takes_a_day_without_a_finding(branch, people):
    group = ClassGroupFactory(branch=branch, lessons_total=1, first_date=datetime.date(2026, 9, 26))
    ScheduleRuleFactory(class_group=group)
    CalendarDayFactory(branch=branch, day="2026-10-03")
    [lesson] = plan_lessons(class_group=group, by=people["manager"], now=NOW)

    [added] = cancel_lesson(lesson=lesson, reason="停电", by=people["manager"], now=NOW)

    assert added.local_date == datetime.date(2026, 10, 17)


def test_a_rule_against_every_day_of_the_class_does_not_keep_it_from_cancelling(branch, people, academic):
    academic.lessons_total = 1
    academic.save()
    ScheduleRuleFactory(class_group=academic, valid_from=datetime.date(2026, 11, 28))
    [lesson] = plan_lessons(class_group=academic, by=people["owner"], now=NOW, keep_reason="高中班")

    [added] = cancel_lesson(lesson=lesson, reason="停电", by=people["manager"], now=NOW)

    assert added.local_date == datetime.date(2026, 12, 5)
    assert added.overrides.get().reason == "停电"


def test_the_back_office_says_which_rule_keeps_the_lessons_from_being_planned(client, branch, people):
    group = ClassGroupFactory(branch=branch, lessons_total=2, teacher=teacher_of(branch))
    rule = ScheduleRuleFactory(class_group=group, start_time=datetime.time(20))
    client.force_login(people["manager"])
    url = reverse("admin:scheduling_classgroup_change", args=[group.pk])
    form = client.get(url).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"rules-TOTAL_FORMS": 1, "rules-INITIAL_FORMS": 1, "rules-0-id": rule.pk, "rules-0-class_group": group.pk}
    data |= {"rules-0-weekday": 5, "rules-0-start_time": "20:00", "rules-0-minutes": 90}
    data |= {"rules-0-teacher": rule.teacher_id, "rules-0-valid_from": rule.valid_from}

    response = client.post(url, data, follow=True)

    [message] = [str(message) for message in response.context["messages"] if "20:30" in str(message)]
    assert group.name in message
    assert not group.lessons.exists()
