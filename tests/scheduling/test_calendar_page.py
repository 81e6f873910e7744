"""A branch's year on one page: write days, fill the public holidays, move the lessons that they hit."""

import datetime

import pytest
from django.urls import reverse

from branches.models import CalendarDay, SchoolBreak
from scheduling.models import Lesson, RuleOverride, TimetableChange
from scheduling.rules import occurrences
from scheduling.services import plan_lessons, undo_change
from scheduling.services.calendar import move_to_the_end, recheck_calendar
from tests.factories import (
    NOW,
    CalendarDayFactory,
    ClassGroupFactory,
    ScheduleRuleFactory,
    SchoolBreakFactory,
    desk_of,
    manager_of,
)

pytestmark = pytest.mark.django_db

SATURDAY = datetime.date(2026, 11, 28)
NEXT = datetime.date(2026, 12, 5)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def group(branch, manager):
    """Four lessons, on Saturdays from 28 November on."""
    group = ClassGroupFactory(branch=branch, lessons_total=4, first_date=SATURDAY)
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    return group


def page(branch, name="calendar_days", **more):
    query = "&".join(f"{key}={value}" for key, value in {"branch": branch.pk, **more}.items())
    return f"{reverse(name)}?{query}"


def cells(response):
    return {
        cell.day: cell
        for _first_day, weeks in response.context["months"]
        for week in weeks
        for cell in week
        if cell is not None
    }


def days_of(group):
    return [lesson.local_date for lesson in group.lessons.active().order_by("starts_at")]


# --- the year --------------------------------------------------------------------------------------------


def test_the_year_shows_what_is_special(client, branch, manager):
    CalendarDayFactory(branch=branch, day=SATURDAY, reason="停电")
    CalendarDayFactory(branch=branch, day=NEXT, kind="runs_weekday", runs_weekday=2, reason="补课")
    SchoolBreakFactory(branch=branch, first_date=datetime.date(2026, 7, 10), last_date=datetime.date(2026, 8, 31))
    client.force_login(manager)

    response = client.get(page(branch, year=2026))

    shown = cells(response)
    assert len(shown) == 365
    assert (shown[SATURDAY].state, shown[SATURDAY].text) == ("closed", "停电")
    assert (shown[NEXT].state, str(shown[NEXT].mark)) == ("runs_weekday", "周三")
    assert shown[datetime.date(2026, 10, 1)].state == "holiday"
    assert shown[datetime.date(2026, 10, 10)].state == "worked"
    assert shown[datetime.date(2026, 7, 10)].state == "break"
    assert shown[datetime.date(2026, 11, 24)].state == ""


def test_a_provisional_year_says_so(client, branch, manager):
    client.force_login(manager)

    assert client.get(page(branch, year=2027)).context["is_provisional"]
    assert not client.get(page(branch, year=2026)).context["is_provisional"]


@pytest.mark.parametrize("query", ["year=x", "year=99999", "day=2026-13-40", "branch=x"])
def test_what_cannot_be_read_is_left_out(client, branch, manager, query):
    client.force_login(manager)

    assert client.get(f"{reverse('calendar_days')}?{query}").context["year"] == 2026


def test_another_branch_does_not_exist(client, other_branch, manager):
    client.force_login(manager)

    assert client.get(page(other_branch)).status_code == 404
    assert client.post(page(other_branch, "calendar_fill")).status_code == 404


@pytest.mark.parametrize("lessons", [1, 3])
def test_query_count(client, branch, manager, lessons, django_assert_num_queries):
    group = ClassGroupFactory(branch=branch, lessons_total=lessons, first_date=SATURDAY)
    ScheduleRuleFactory(class_group=group)
    for lesson in plan_lessons(class_group=group, by=manager, now=NOW):
        CalendarDayFactory(branch=branch, day=lesson.local_date)
    client.force_login(manager)

    with django_assert_num_queries(8):
        response = client.get(page(branch, year=2026))

    assert response.context["hit_count"] == lessons


# --- writing ---------------------------------------------------------------------------------------------


def test_a_range_is_closed(client, branch, manager):
    client.force_login(manager)

    response = client.post(
        page(branch),
        {"first_date": "2026-12-24", "last_date": "2026-12-26", "kind": "closed", "reason": "校庆"},
    )

    assert response.status_code == 302
    assert [row.day.day for row in branch.calendar_days.all()] == [24, 25, 26]


def test_a_chosen_worked_day_offers_the_weekday_it_stands_for(client, branch, manager):
    client.force_login(manager)

    form = client.get(page(branch, day="2026-10-10")).context["form"]

    assert (form.initial["kind"], form.initial["runs_weekday"]) == ("runs_weekday", 2)


def test_a_chosen_day_offers_what_stands_there(client, branch, manager):
    CalendarDayFactory(branch=branch, day=SATURDAY, reason="停电")
    client.force_login(manager)

    response = client.get(page(branch, day=SATURDAY))

    assert response.context["form"].initial["reason"] == "停电"
    assert response.context["chosen_row"].day == SATURDAY


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"first_date": "2026-12-24", "last_date": "2026-12-20"}, "last_date"),
        ({"first_date": "2026-01-01", "last_date": "2027-12-31"}, "last_date"),
        ({"first_date": "2026-12-24", "kind": "runs_weekday"}, "runs_weekday"),
        ({"first_date": "2026-12-24", "reason": ""}, "reason"),
        ({"first_date": ""}, "first_date"),
    ],
)
def test_a_mistake_is_said_at_its_field(client, branch, manager, data, field):
    client.force_login(manager)

    response = client.post(page(branch), {"kind": "closed", "reason": "校庆"} | data)

    assert list(response.context["form"].errors) == [field]
    assert not CalendarDay.objects.exists()


def test_public_holidays_are_filled_once(client, branch, manager):
    client.force_login(manager)

    client.post(page(branch, "calendar_fill", year=2026))
    number = branch.calendar_days.count()
    client.post(page(branch, "calendar_fill", year=2026))

    assert number == branch.calendar_days.count() > 20
    assert client.get(page(branch, year=2026)).context["holidays_missing"] == 0


def test_a_day_is_taken_back(client, branch, other_branch, manager):
    ours, theirs = (CalendarDayFactory(branch=one, day=NEXT) for one in (branch, other_branch))
    client.force_login(manager)

    assert client.post(reverse("calendar_day_remove", args=[ours.pk])).status_code == 302
    assert client.post(reverse("calendar_day_remove", args=[theirs.pk])).status_code == 404

    assert list(CalendarDay.objects.all()) == [theirs]


def test_a_school_break_comes_and_goes(client, branch, manager):
    client.force_login(manager)
    data = {"break-name": "寒假", "break-first_date": "2027-01-16", "break-last_date": "2027-02-28"}

    wrong = client.post(page(branch, "school_break_add"), data | {"break-last_date": "2026-01-01"})
    assert wrong.context["break_form"].errors

    client.post(page(branch, "school_break_add"), data)
    pause = SchoolBreak.objects.get()
    assert (pause.branch, pause.name) == (branch, "寒假")

    client.post(reverse("school_break_remove", args=[pause.pk]))
    assert not SchoolBreak.objects.exists()


def test_the_front_desk_looks_and_writes_nothing(client, branch):
    client.force_login(desk_of(branch))

    assert client.get(page(branch)).status_code == 200
    for name in ("calendar_days", "calendar_fill", "school_break_add", "calendar_move"):
        assert client.post(page(branch, name)).status_code == 403


def test_a_manager_elsewhere_writes_nothing_where_it_only_looks(client, branch, other_branch):
    user = manager_of(other_branch)
    user.memberships.create(branch=branch, role="front_desk")
    client.force_login(user)

    assert client.get(page(branch)).status_code == 200
    assert client.post(page(branch, "calendar_fill", year=2026)).status_code == 403


# --- lessons that are hit --------------------------------------------------------------------------------


def test_lessons_on_a_day_that_is_closed_later_are_listed(branch, other_branch, group):
    CalendarDayFactory(branch=branch, day=SATURDAY)
    CalendarDayFactory(branch=other_branch, day=NEXT)

    [lesson] = recheck_calendar(now=NOW)[branch]

    assert lesson.local_date == SATURDAY


def test_a_lesson_that_somebody_let_stand_is_not_listed(branch, group, manager):
    CalendarDayFactory(branch=branch, day=SATURDAY)
    lesson = group.lessons.get(local_date=SATURDAY)
    RuleOverride.objects.create(lesson=lesson, rule="closed_day", text="停课", reason="比赛", by=manager, at=NOW)

    assert recheck_calendar(now=NOW) == {}


@pytest.mark.parametrize(("weekday", "is_hit"), [(2, True), (5, False)])
def test_a_day_that_runs_another_weekday_hits_the_lessons_of_its_own(branch, group, weekday, is_hit):
    CalendarDayFactory(branch=branch, day=SATURDAY, kind="runs_weekday", runs_weekday=weekday)

    assert bool(recheck_calendar(now=NOW)) == is_hit


def test_a_lesson_put_there_by_hand_stays(branch, group):
    CalendarDayFactory(branch=branch, day=SATURDAY, kind="runs_weekday", runs_weekday=2)
    group.lessons.update(has_own_time=True)

    assert recheck_calendar(now=NOW) == {}


def test_the_lessons_go_to_the_end_in_one_change(branch, group, manager):
    CalendarDayFactory(branch=branch, day=SATURDAY, reason="停电")
    CalendarDayFactory(branch=branch, day=NEXT, reason="校庆")
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 26))
    hits = recheck_calendar(now=NOW)[branch]

    added = move_to_the_end(branch=branch, lessons=hits, by=manager, now=NOW)

    assert [f"{day:%m-%d}" for day in days_of(group)] == ["12-12", "12-19", "01-02", "01-09"]
    assert len(added) == 2
    assert set(group.lessons.filter(status="cancelled").values_list("cancel_reason", flat=True)) == {"停电", "校庆"}
    change = TimetableChange.objects.get()
    assert (change.kind, change.lessons.count()) == ("calendar", 4)
    assert move_to_the_end(branch=branch, lessons=[], by=manager, now=NOW) == []

    undo_change(change=change, by=manager, now=NOW)
    assert [f"{day:%m-%d}" for day in days_of(group)] == ["11-28", "12-05", "12-12", "12-19"]


def test_the_page_asks_before_it_moves(client, branch, group, manager):
    CalendarDayFactory(branch=branch, day=SATURDAY)
    client.force_login(manager)

    response = client.get(page(branch, "calendar_move"))
    assert response.context["lesson_count"] == 1
    lesson_ids = response.context["form"].initial["lessons"]

    client.post(page(branch, "calendar_move"), {"lessons": lesson_ids})
    client.post(page(branch, "calendar_move"), {"lessons": lesson_ids})  # a double click

    assert SATURDAY not in days_of(group)
    assert len(days_of(group)) == 4
    assert Lesson.objects.filter(status="cancelled").count() == 1


def test_the_lessons_of_one_day_alone_can_move(client, branch, group, manager):
    for day in (SATURDAY, NEXT):
        CalendarDayFactory(branch=branch, day=day)
    client.force_login(manager)

    response = client.get(page(branch, "calendar_move", day=NEXT))
    assert response.context["lesson_count"] == 1
    client.post(page(branch, "calendar_move", day=NEXT), {"lessons": response.context["form"].initial["lessons"]})

    assert [lesson.local_date for lesson in recheck_calendar(now=NOW)[branch]] == [SATURDAY]


def test_nothing_to_move_says_so(client, branch, manager):
    client.force_login(manager)

    assert client.get(page(branch, "calendar_move")).context["lesson_count"] == 0


# --- planning by the calendar ----------------------------------------------------------------------------


def test_a_class_meets_on_the_day_that_runs_its_weekday(branch, manager):
    wednesday = ClassGroupFactory(branch=branch, lessons_total=3, first_date=datetime.date(2026, 11, 25))
    ScheduleRuleFactory(class_group=wednesday, weekday=2)
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 2))
    CalendarDayFactory(branch=branch, day=NEXT, kind="runs_weekday", runs_weekday=2)

    plan_lessons(class_group=wednesday, by=manager, now=NOW, keep_reason="调休")

    assert [f"{day:%m-%d}" for day in days_of(wednesday)] == ["11-25", "12-05", "12-09"]


def test_its_own_weekday_does_not_run_on_that_day():
    rule = ScheduleRuleFactory.build(class_group=ClassGroupFactory(), valid_from=SATURDAY)

    days = [day for day, _rule in zip(occurrences([rule], SATURDAY, set(), {SATURDAY: 2}), range(2), strict=False)]

    assert [day for day, _rule in days] == [NEXT, datetime.date(2026, 12, 12)]
