"""Who may take a lesson over, in which order; and the absence that does it for all lessons at once."""

import datetime
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.models import Membership
from branches.roles import Role
from messaging.models import OutboundMessage
from scheduling.clashes import LessonClashError
from scheduling.models import (
    Lesson,
    Qualification,
    StaffCheck,
    TeacherAbsence,
    TeachingLimit,
    TimetableChange,
    TravelTime,
)
from scheduling.notices import CHANGE_NOTICE
from scheduling.services import Cover, StaleLessonError, record_absence, undo_change, withdraw_absence
from scheduling.substitutes import Substitutes, assign_best, rank_substitutes
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    GuardianshipFactory,
    LessonFactory,
    ScheduleRuleFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

TOMORROW = datetime.date(2026, 11, 22)
PAGE = reverse("teacher_absence")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="校长")


@pytest.fixture
def ill(branch):
    return teacher_of(branch, name="张老师")


@pytest.fixture
def lesson(branch, ill):
    """Tomorrow, a Sunday, from nine to half past ten."""
    return lesson_of(branch, ill, "2026-11-22 09:00")


def lesson_of(branch, teacher, start, **fields):
    group = fields.pop("class_group", None) or ClassGroupFactory(branch=branch, teacher=teacher)
    return LessonFactory(class_group=group, teacher=teacher, starts_at=at(start), **fields)


def ranked(*lessons):
    return {pk: [one.teacher for one in found] for pk, found in rank_substitutes(lessons, now=NOW).items()}


# --- who, in which order ---


def test_free_teachers_are_offered_and_not_the_one_who_is_away(branch, lesson):
    other = teacher_of(branch)
    desk_of(branch)
    teacher_of(branch, is_active=False)

    assert ranked(lesson) == {lesson.pk: [other]}


def test_who_teaches_then_is_not_free(branch, lesson):
    busy, after = teacher_of(branch), teacher_of(branch)
    lesson_of(branch, busy, "2026-11-22 10:00")
    lesson_of(branch, after, "2026-11-22 10:30")

    assert ranked(lesson) == {lesson.pk: [after]}


def test_who_is_away_is_not_offered(branch, lesson):
    away, back = teacher_of(branch), teacher_of(branch)
    for teacher, withdrawn_at in ((away, None), (back, NOW)):
        TeacherAbsence.objects.create(
            teacher=teacher,
            starts_at=at("2026-11-22 00:00"),
            ends_at=at("2026-11-23 00:00"),
            recorded_by=teacher,
            recorded_at=NOW,
            withdrawn_at=withdrawn_at,
        )

    assert ranked(lesson) == {lesson.pk: [back]}


def test_only_the_named_teach_a_course_for_which_somebody_is_named(branch, lesson):
    named, other = teacher_of(branch), teacher_of(branch)
    free_for_all = lesson_of(branch, lesson.teacher, "2026-11-22 14:00")
    Qualification.objects.create(teacher=named, course=lesson.class_group.course)

    offered = ranked(lesson, free_for_all)

    assert offered[lesson.pk] == [named]
    assert set(offered[free_for_all.pk]) == {named, other}


def test_here_first_then_who_knows_the_class_then_who_has_least_to_do(branch, other_branch, lesson):
    elsewhere, knows, idle = teacher_of(other_branch), teacher_of(branch), teacher_of(branch)
    lesson_of(branch, knows, "2026-11-14 09:00", class_group=lesson.class_group)
    lesson_of(other_branch, elsewhere, "2026-11-07 09:00", class_group=lesson.class_group)
    loaded = teacher_of(branch)
    lesson_of(branch, loaded, "2026-11-18 09:00")

    found = rank_substitutes([lesson], now=NOW)[lesson.pk]

    assert [one.teacher for one in found] == [knows, idle, loaded, elsewhere]
    assert [one.is_here for one in found] == [True, True, True, False]
    assert [one.times_taught for one in found] == [1, 0, 0, 1]
    assert [one.week_lessons for one in found] == [0, 0, 1, 0]


def test_whom_a_rule_speaks_against_comes_last_with_the_reason(branch, other_branch, ill, lesson):
    """Better in everything else: each has taught the class, and the one without a finding has most to do."""
    far, day_full, week_full, expired, fine = people = [teacher_of(branch, name=name) for name in "甲乙丙丁戊"]
    for number, teacher in enumerate(people[:-1]):
        lesson_of(branch, teacher, f"2026-11-{14 + number} 09:00", class_group=lesson.class_group)
    lesson_of(branch, fine, "2026-11-18 09:00")
    TravelTime.objects.create(branch=branch, other=other_branch, minutes=60)
    lesson_of(other_branch, far, "2026-11-22 11:00")
    TeachingLimit.objects.create(teacher=day_full, minutes_a_day=80)
    TeachingLimit.objects.create(teacher=week_full, minutes_a_week=80)
    StaffCheck.objects.create(teacher=expired, kind=StaffCheck.Kind.RECORD, valid_until=TOMORROW - timedelta(days=9))

    found = rank_substitutes([lesson], now=NOW)[lesson.pk]
    said = {one.teacher: [finding.rule.code for finding in one.findings] for one in found}

    assert found[0].teacher == fine
    assert said == {
        fine: [],
        far: ["travel_time"],
        day_full: ["minutes_a_day"],
        week_full: ["minutes_a_week"],
        expired: ["record_check_expired"],
    }
    assert [any(finding.is_block for finding in one.findings) for one in found] == sorted(
        any(finding.is_block for finding in one.findings) for one in found
    )
    assert assign_best([lesson], {lesson.pk: found})[lesson.pk].teacher == fine
    assert all(one.teacher.name in str(finding) for one in found for finding in one.findings)


def test_whom_a_rule_speaks_against_is_nobody_s_first_choice(branch, lesson):
    TeachingLimit.objects.create(teacher=teacher_of(branch), minutes_a_day=30)
    found = Substitutes([lesson], now=NOW)

    assert len(found.ranked[lesson.pk]) == 1
    assert found.assign() == {lesson.pk: None}


def test_what_somebody_gets_counts_for_what_comes_next(branch, ill, lesson):
    """Each of three lessons would be within the limit; together they are not."""
    later = [lesson_of(branch, ill, f"2026-11-22 {hour}:00") for hour in (14, 16)]
    knows, other = teacher_of(branch, name="甲"), teacher_of(branch, name="乙")
    TeachingLimit.objects.create(teacher=knows, minutes_a_day=180)
    lesson_of(branch, other, "2026-11-18 09:00")  # has more to do, and comes second

    found = Substitutes([lesson, *later], now=NOW)

    assert all(candidates[0].teacher == knows for candidates in found.ranked.values())
    assert [one.teacher for one in found.assign().values()] == [knows, knows, other]


def test_the_page_says_why_somebody_comes_last(client, branch, manager, ill, lesson):
    teacher_of(branch, name="甲老师")
    limited = teacher_of(branch, name="乙老师")
    TeachingLimit.objects.create(teacher=limited, minutes_a_day=30)
    client.force_login(manager)

    page = client.get(PAGE, chosen(ill)).content.decode()
    [(_lesson, field, _version, options)] = client.get(PAGE, chosen(ill)).context["form"].rows()

    assert field.value() != str(limited.pk)
    assert options[1][1].teacher == limited
    assert str(options[1][1].findings[0]) in page


def test_membership_that_has_ended_does_not_count(branch, lesson):
    teacher_of(branch)
    Membership.objects.filter(role=Role.TEACHER).exclude(user=lesson.teacher).update(
        valid_until=TOMORROW - timedelta(days=1)
    )

    assert ranked(lesson) == {lesson.pk: []}


def test_nobody_gets_two_lessons_at_once(branch, ill, lesson):
    at_once = lesson_of(branch, teacher_of(branch), "2026-11-22 09:30")
    Lesson.objects.filter(pk=at_once.pk).update(is_booked=False)
    at_once.teacher = ill
    later = lesson_of(branch, ill, "2026-11-22 14:00")
    candidates = rank_substitutes([lesson, at_once, later], now=NOW)
    only = next(one for one in candidates[lesson.pk] if one.teacher != at_once.teacher)
    one_choice = {pk: [only] for pk in candidates}

    assigned = assign_best([later, at_once, lesson], one_choice)

    assert assigned == {lesson.pk: only, at_once.pk: None, later.pk: only}


@pytest.mark.parametrize("count", [1, 3])
def test_ranking_takes_the_same_queries_for_many(branch, ill, count, django_assert_num_queries):
    for _number in range(count):
        teacher_of(branch)
    lessons = [lesson_of(branch, ill, f"2026-11-22 {9 + 2 * hour:02d}:00") for hour in range(count)]

    with django_assert_num_queries(11):  # teachers, bookings, load, experience, and what the rules ask about
        assert len(rank_substitutes(lessons, now=NOW)[lessons[0].pk]) == count


# --- the absence ---


@pytest.fixture
def record(ill, manager):
    def record(*covers, **more):
        return record_absence(
            teacher=ill,
            kind=TeacherAbsence.Kind.ILL,
            starts_at=at("2026-11-22 00:00"),
            ends_at=at("2026-11-23 00:00"),
            note="",
            covers=covers,
            by=manager,
            now=NOW,
            **more,
        )

    return record


def test_absence_covers_and_cancels_in_one_change(branch, ill, lesson, record):
    other = teacher_of(branch)
    group = ClassGroupFactory(branch=branch, teacher=ill, lessons_total=1)
    ScheduleRuleFactory(class_group=group, weekday=6, start_time=datetime.time(14))
    cancelled = lesson_of(branch, ill, "2026-11-22 14:00", class_group=group)

    absence = record(Cover(lesson, other.pk), Cover(cancelled, None))

    lesson.refresh_from_db()
    change = TimetableChange.objects.get()
    assert (lesson.teacher, lesson.has_own_teacher, lesson.class_group.teacher) == (other, True, ill)
    assert group.lessons.active().get().local_date == datetime.date(2026, 11, 29)
    assert (change.kind, change.lessons.count(), change.effects) == ("substitute", 3, {"absence": absence.pk})


def test_families_are_told_of_the_substitute(branch, lesson, record):
    GuardianshipFactory(student=AttendanceFactory(lesson=lesson).enrolment.student)

    record(Cover(lesson, teacher_of(branch).pk))

    assert OutboundMessage.objects.get().kind == CHANGE_NOTICE


def test_absence_is_all_or_nothing(branch, lesson, record):
    busy = lesson_of(branch, teacher_of(branch), "2026-11-22 09:00").teacher
    later = lesson_of(branch, lesson.teacher, "2026-11-22 14:00")

    with pytest.raises(LessonClashError):
        record(Cover(later, teacher_of(branch).pk), Cover(lesson, busy.pk))

    later.refresh_from_db()
    assert later.teacher == lesson.teacher
    assert not TeacherAbsence.objects.exists()


def test_lesson_that_was_changed_meanwhile_is_refused(branch, lesson, record):
    with pytest.raises(StaleLessonError):
        record(Cover(lesson, teacher_of(branch).pk, version=lesson.version + 1))


def test_undo_gives_the_lesson_back_and_withdraws_the_absence(branch, ill, lesson, record, manager):
    absence = record(Cover(lesson, teacher_of(branch).pk))

    undo_change(change=TimetableChange.objects.get(), by=manager, now=NOW)

    lesson.refresh_from_db()
    absence.refresh_from_db()
    assert (lesson.teacher, lesson.has_own_teacher) == (ill, False)
    assert absence.withdrawn_at == NOW


def test_open_lesson_is_covered_later_under_the_same_absence(branch, lesson, record, manager):
    absence = record()

    assert record(Cover(lesson, teacher_of(branch).pk)) == absence

    undo_change(change=TimetableChange.objects.get(), by=manager, now=NOW)
    assert TeacherAbsence.objects.get().withdrawn_at is None


def test_withdrawn_absence_leaves_the_lessons(branch, lesson, record):
    other = teacher_of(branch)
    absence = record(Cover(lesson, other.pk))

    withdraw_absence(absence=absence, now=NOW)

    lesson.refresh_from_db()
    assert lesson.teacher == other
    assert TeacherAbsence.objects.get().withdrawn_at == NOW


# --- the page ---


def chosen(teacher, period="tomorrow", **more):
    return {"teacher": teacher.pk, "period": period, **more}


def test_page_preselects_the_best(client, branch, manager, ill, lesson):
    best = teacher_of(branch)
    client.force_login(manager)

    response = client.get(PAGE, chosen(ill))

    [(shown, field, _version, options)] = response.context["form"].rows()
    assert (shown, field.value()) == (lesson, str(best.pk))
    assert [value for value, _one, _chosen in options] == [str(best.pk), "cancel", "leave"]


def test_page_leaves_open_what_nobody_can_take(client, manager, ill, lesson):
    client.force_login(manager)

    [(_shown, field, _version, _options)] = client.get(PAGE, chosen(ill)).context["form"].rows()

    assert field.value() == "leave"


@pytest.mark.parametrize(("period", "count"), [("today", 1), ("tomorrow", 1), ("both", 2), ("days", 3)])
def test_page_shows_the_lessons_of_the_days(client, branch, manager, ill, lesson, period, count):
    lesson_of(branch, ill, "2026-11-21 09:00")  # has begun
    lesson_of(branch, ill, "2026-11-21 15:00")
    lesson_of(branch, ill, "2026-11-23 15:00")
    client.force_login(manager)

    response = client.get(PAGE, chosen(ill, period, first="2026-11-21", last="2026-11-23"))

    assert len(list(response.context["form"].rows())) == count


def test_page_opens_at_the_day_of_a_lesson(client, manager, ill, lesson):
    client.force_login(manager)

    response = client.get(PAGE, {"teacher": ill.pk, "day": "2026-11-22"})

    assert [row[0] for row in response.context["form"].rows()] == [lesson]


def test_post_does_all_of_it(client, branch, manager, ill, lesson):
    other = teacher_of(branch)
    client.force_login(manager)
    address = f"{PAGE}?teacher={ill.pk}&period=tomorrow"

    response = client.post(address, {"kind": "ill", f"lesson-{lesson.pk}": other.pk, f"version-{lesson.pk}": 1})

    absence = TeacherAbsence.objects.get()
    lesson.refresh_from_db()
    assert response.status_code == 302
    assert lesson.teacher == other
    assert (absence.starts_at, absence.ends_at) == (at("2026-11-22 00:00"), at("2026-11-23 00:00"))


def test_post_refuses_somebody_who_is_not_free(client, branch, manager, ill, lesson):
    busy = lesson_of(branch, teacher_of(branch), "2026-11-22 09:00").teacher
    client.force_login(manager)
    address = f"{PAGE}?teacher={ill.pk}&period=tomorrow"

    response = client.post(address, {"kind": "ill", f"lesson-{lesson.pk}": busy.pk})

    assert response.status_code == 200
    assert f"lesson-{lesson.pk}" in response.context["form"].errors


def test_open_lessons_stand_on_the_page(client, manager, ill, lesson, record):
    record()
    client.force_login(manager)

    [absence] = client.get(PAGE).context["absences"]

    assert absence.open_lessons == [lesson]


def test_teacher_of_another_branch_cannot_be_chosen(client, other_branch, ill, lesson):
    client.force_login(manager_of(other_branch))

    assert client.get(PAGE, chosen(ill)).context["teacher"] is None


def test_lessons_at_branches_of_others_are_left_to_them(client, branch, other_branch, manager, ill, lesson):
    lesson_of(other_branch, ill, "2026-11-22 14:00")
    client.force_login(manager)

    response = client.get(PAGE, chosen(ill))

    assert response.context["elsewhere"] == 1
    assert [row[0] for row in response.context["form"].rows()] == [lesson]


def test_withdraw(client, manager, record):
    absence = record()
    client.force_login(manager)

    client.post(reverse("teacher_absence_withdraw", args=[absence.pk]))

    absence.refresh_from_db()
    assert absence.withdrawn_at == NOW


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_the_same_queries_for_many(client, branch, manager, ill, count, django_assert_num_queries):
    for hour in range(count):
        lesson_of(branch, ill, f"2026-11-22 {9 + 2 * hour:02d}:00")
        teacher_of(branch)
    client.force_login(manager)
    client.get(PAGE)

    with django_assert_num_queries(19):
        client.get(PAGE, chosen(ill))
