"""Who is due for renewal, and when the credits run out."""

import datetime
from decimal import Decimal

import pytest

from enrolments.models import Enrolment
from renewals.querysets import due, with_run_out
from renewals.rules import Forecast, Urgency
from scheduling.models import Lesson, ScheduleRule
from tests.factories import NOW, TODAY, BranchFactory, EnrolmentFactory, ScheduleRuleFactory, at, sell
from tests.renewals.conftest import put_in_class, use

pytestmark = pytest.mark.django_db


def forecast(enrolment, now=NOW):
    row = with_run_out(Enrolment.objects.filter(pk=enrolment.pk), now=now).get()
    return Forecast(row.pk, "", "", row.balance, row.weekly_credits, row.today, row.run_out_date)


def is_due(enrolment, now=NOW):
    return due(with_run_out(Enrolment.objects.filter(pk=enrolment.pk), now=now), now=now).exists()


@pytest.mark.parametrize(
    ("left", "lessons_a_week", "days", "urgency"),
    [
        (5, 1, 35, Urgency.LATER),
        (5, 2, 17, Urgency.LATER),  # 17.5: the last one is on the 17th day
        (0.5, 1, 3, Urgency.SOON),
        (1, 1, 7, Urgency.SOON),
        (0, 1, None, Urgency.USED_UP),
        (-2, 1, None, Urgency.USED_UP),
    ],
)
def test_run_out_is_balance_by_weekly_credits(learner, left, lessons_a_week, days, urgency):
    row = forecast(learner(left, lessons_a_week=lessons_a_week))

    assert (row.balance, row.weekly_credits) == (Decimal(str(left)), lessons_a_week)
    assert (row.days_left, row.urgency) == (days, urgency)
    assert row.run_out_date == (TODAY + datetime.timedelta(days=days) if left > 0 else None)


def test_classes_of_one_course_add_up(learner):
    enrolment = learner(6)
    put_in_class(enrolment, lessons_a_week=2, credits_per_lesson=Decimal("1.5"))

    assert forecast(enrolment).weekly_credits == 4


def test_other_courses_of_the_child_do_not_count(learner):
    enrolment = learner(6)
    put_in_class(EnrolmentFactory(student=enrolment.student, branch=enrolment.branch))

    assert forecast(enrolment).weekly_credits == 1


def test_rules_count_while_they_hold(learner):
    enrolment = learner(6)
    group = enrolment.class_members.get().class_group
    ScheduleRuleFactory(class_group=group, weekday=1, valid_until=TODAY - datetime.timedelta(days=1))
    ScheduleRuleFactory(class_group=group, weekday=2, valid_from=TODAY + datetime.timedelta(days=1))

    assert forecast(enrolment).weekly_credits == 1


def test_class_that_is_over_forecasts_nothing(learner):
    enrolment = learner(6)
    Lesson.objects.update(local_date=TODAY, starts_at=at("2026-11-20 09:00"), ends_at=at("2026-11-20 10:30"))

    row = forecast(enrolment)
    assert (row.weekly_credits, row.days_left, row.run_out_date) == (None, None, None)


def test_child_that_leaves_its_class_forecasts_nothing(learner):
    enrolment = learner(6)
    enrolment.class_members.update(left_date=TODAY)

    assert forecast(enrolment).weekly_credits is None


def test_child_that_will_leave_is_still_in_class(learner):
    enrolment = learner(6)
    enrolment.class_members.update(left_date=datetime.date(2026, 11, 29))

    assert forecast(enrolment).weekly_credits == 1


def test_today_is_the_day_of_the_branch(learner):
    berlin = BranchFactory(time_zone="Europe/Berlin")
    just_after_midnight_in_shanghai = at("2026-11-22 00:30")

    row = forecast(learner(1, branch=berlin), now=just_after_midnight_in_shanghai)

    assert row.run_out_date == datetime.date(2026, 11, 28)


@pytest.mark.parametrize(
    ("left", "lessons_a_week", "expected"),
    [(4, 1, False), (3, 1, True), (0, 1, True), (-1, 1, True), (4, 2, True), (6, 3, True), (6.5, 3, False)],
)
def test_due_by_threshold_or_by_days(learner, left, lessons_a_week, expected):
    """The branch asks for 3 credits or 14 days; 6.5 credits at 3 a week last 15 days."""
    assert is_due(learner(left, lessons_a_week=lessons_a_week)) is expected


def test_branch_decides_how_early(learner):
    early = BranchFactory(renewal_threshold=Decimal(8), renewal_days=1)

    assert is_due(learner(8, branch=early))
    assert not is_due(learner(8))


@pytest.mark.parametrize(("used_on", "expected"), [("2026-10-01 10:00", True), ("2026-09-01 10:00", False)])
def test_without_a_class_those_who_learnt_lately_are_due(learner, used_on, expected):
    enrolment = learner(20, in_class=False)
    use(enrolment, 20, when=used_on)

    assert is_due(enrolment) is expected


def test_fresh_purchase_is_not_due(learner):
    enrolment = learner(1)
    sell(enrolment, 20)

    assert not is_due(enrolment)


def test_class_without_rules_has_no_forecast(learner):
    enrolment = learner(2)
    ScheduleRule.objects.all().delete()

    row = forecast(enrolment)
    assert (row.days_left, row.urgency) == (None, Urgency.LATER)
    assert is_due(enrolment)


def test_class_that_takes_no_credits_has_no_forecast(branch):
    enrolment = EnrolmentFactory(branch=branch)
    put_in_class(enrolment, credits_per_lesson=Decimal(0))

    assert forecast(enrolment).weekly_credits is None


@pytest.mark.parametrize("child_count", [1, 3])
def test_one_query_for_all(learner, child_count, django_assert_num_queries):
    for number in range(child_count):
        learner(2, name=f"学员{number}")

    with django_assert_num_queries(2):  # the branches' zones, the rows
        assert len(due(with_run_out(Enrolment.objects.all(), now=NOW), now=NOW)) == child_count
