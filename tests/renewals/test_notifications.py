"""The notice that credits run low: to whom, when, and what it says when it is sent."""

import datetime
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import translation

from core.clock import day_text
from enrolments.models import CreditLot, Enrolment
from messaging.consent import opt_out
from messaging.inbound import receive
from messaging.models import OutboundMessage, Status
from messaging.registry import Cancelled, kind_named
from messaging.services import queue_message
from renewals.models import ReminderLine, ReminderPolicy, RenewalOpportunity
from renewals.notifications import RENEWAL_REMINDER, plan_renewal_reminders
from renewals.services import lose_opportunity, note_contact, open_due_opportunities
from scheduling.services.suspensions import suspend_enrolment
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    CourseFactory,
    GuardianshipFactory,
    UserFactory,
    at,
    desk_of,
    sell,
)
from tests.renewals.conftest import put_in_class, use

DAY = datetime.timedelta(days=1)
pytestmark = pytest.mark.django_db


def plan(day=0):
    """What the job queues on a day from today on."""
    return plan_renewal_reminders(now=NOW + day * DAY)


def rendered(message, now=NOW):
    return kind_named(RENEWAL_REMINDER).renderer(message, now)


def settle(status, messages=None):
    (messages or OutboundMessage.objects.all()).update(status=status)


def steps(branch, *, credits=(), days=(), **fields):
    """Only these steps."""
    branch.reminder_policy.steps.all().delete()
    for kind, values in (("credits", credits), ("days", days)):
        for value in values:
            branch.reminder_policy.steps.create(kind=kind, value=value)
    ReminderPolicy.objects.filter(pk=branch.pk).update(**fields)


# --- whom and when ---------------------------------------------------------------------------------------


def test_new_branch_has_steps(branch):
    policy = branch.reminder_policy

    assert [(step.kind, step.value) for step in policy.steps.all()] == [
        ("credits", 8),
        ("credits", 4),
        ("credits", 1),
        ("days", 30),
    ]
    assert (policy.most, policy.days_between, policy.desk_limit) == (4, 5, 100)


def test_low_credits_are_told_once(learner):
    enrolment = learner(3)

    assert [plan(), plan(), plan(1), plan(9)] == [1, 0, 0, 0]

    message, line = OutboundMessage.objects.get(), ReminderLine.objects.get()
    assert (message.about, message.occurrence) == (f"student:{enrolment.student_id}", f"day:{TODAY}")
    assert (line.enrolment, line.lot_number) == (enrolment, enrolment.lots.get().pk)
    assert (line.credits_step, line.days_step) == (4, 30)


def test_nobody_is_told_without_need(learner):
    learner(12)

    assert plan() == 0


def test_a_day_is_planned_once_even_if_somebody_falls_low_later(learner):
    """Who crosses a step in the afternoon is told the next morning, with a brother who does the same."""
    plan()
    learner(3)

    assert [plan(), plan(1)] == [0, 1]


def test_each_told_guardian_is_told(learner):
    student = learner(3).student
    GuardianshipFactory(student=student, is_main=False)
    GuardianshipFactory(student=student, is_main=False, is_told=False)
    GuardianshipFactory(student=student, is_main=False, guardian__phone=None)

    assert plan() == 2


def test_where_slips_are_handed_out_a_guardian_without_a_phone_is_told(learner):
    enrolment = learner(3)
    enrolment.student.guardians.update(phone=None)
    enrolment.branch.channel_routes.create(purpose="service", position=1, channel="slip")

    assert plan() == 1


def test_branch_without_reminders_is_left_out(learner):
    learner(3, branch=BranchFactory(renewal_reminder_on=False))

    assert plan() == 0


@pytest.mark.parametrize(("purpose", "planned"), [("service", 0), ("marketing", 1)])
def test_number_that_opted_out_is_left_out(learner, purpose, planned):
    opt_out(phone=learner(3).student.guardians.get().phone, purposes=[purpose], how="reply", now=NOW)

    assert plan() == planned


def test_purchase_alone_reminds_nobody(learner):
    """A trial package of two lessons is low from the start; its family has only just paid."""
    enrolment = learner(0)
    sell(enrolment, 2)

    assert plan() == 0
    use(enrolment, 1)
    assert plan(1) == 1


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-21 07:00", None),
        ("2026-11-21 18:00", "2026-11-21 10:00"),  # the jobs stood still: at once
        ("2026-11-21 21:30", None),  # quiet: not at eight in the morning, but at the branch's hour
        ("2026-11-22 10:00", "2026-11-22 10:00"),
    ],
)
def test_notice_is_due_at_the_hour_of_the_branch(learner, now, due):
    learner(3)

    plan_renewal_reminders(now=at(now))

    due_at = [at(due)] if due else []
    assert list(OutboundMessage.objects.values_list("due_at", flat=True)) == due_at
    assert all(one.useful_until == one.due_at + 3 * DAY for one in OutboundMessage.objects.all())


def test_hour_within_the_quiet_hours_is_kept_all_the_same(learner):
    """Somebody has chosen it: the message waits for the morning by itself."""
    learner(3, branch=BranchFactory(renewal_reminder_at=datetime.time(22)))

    assert plan_renewal_reminders(now=at("2026-11-21 22:00")) == 1


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-10-25 09:00+00:00", "2026-10-25 09:00+00:00"),  # the 25-hour day in Berlin
        ("2026-10-25 08:59+00:00", None),
        ("2026-10-24 12:00+00:00", "2026-10-24 08:00+00:00"),
    ],
)
def test_hour_is_the_wall_clock_of_the_branch(learner, now, due):
    learner(3, branch=BranchFactory(time_zone="Europe/Berlin"))

    plan_renewal_reminders(now=datetime.datetime.fromisoformat(now))

    found = [one.due_at for one in OutboundMessage.objects.all()]
    assert found == ([datetime.datetime.fromisoformat(due)] if due else [])


@pytest.mark.parametrize("child_count", [1, 3])
def test_planning_takes_a_handful_of_queries(learner, child_count, django_assert_num_queries):
    for number in range(child_count):
        learner(2, name=f"学员{number}")

    with django_assert_num_queries(31):
        assert plan() == child_count


def test_minute_without_anything_to_plan_asks_one_question(learner, django_assert_num_queries):
    learner(2)
    plan()

    with django_assert_num_queries(1):
        assert plan() == 0


# --- the cadence -----------------------------------------------------------------------------------------


def test_each_step_is_told_when_it_is_reached(learner, branch):
    steps(branch, credits=[8, 4, 1])
    enrolment = learner(8)
    told = [plan()]
    for day, credits in [(7, 1), (14, 3), (21, 2), (28, 1)]:  # 7, 4, 2 and 1 left
        use(enrolment, credits)
        told.append(plan(day))

    assert told == [1, 0, 1, 0, 1]


def test_of_several_steps_the_most_urgent_is_told(learner, branch):
    steps(branch, credits=[8, 4, 1])
    learner(4)

    assert [plan(), plan(30)] == [1, 0]


def test_run_out_and_credits_count_each_for_itself(learner, branch):
    """Ten credits last for ten weeks, and for five when a second class begins."""
    steps(branch, credits=[12], days=[40])
    enrolment = learner(10)
    assert [plan(), plan(5)] == [1, 0]

    put_in_class(enrolment)

    assert plan(6) == 1


def test_end_of_validity_is_told(learner, branch):
    """Twenty credits for a lesson a week, of which four weeks remain."""
    steps(branch, days=[30])
    enrolment = learner(19)
    CreditLot.objects.filter(enrolment=enrolment).update(expires_date=TODAY + 28 * DAY)

    assert plan() == 1
    text = rendered(OutboundMessage.objects.get()).text
    assert day_text(TODAY + 28 * DAY) in text


def test_validity_that_suffices_is_not_told(learner, branch):
    steps(branch, days=[10])
    enrolment = learner(4)
    CreditLot.objects.filter(enrolment=enrolment).update(expires_date=TODAY + 9 * DAY)
    sell(enrolment, 20)
    use(enrolment, 3)

    assert plan() == 0


def test_never_more_than_the_branch_allows(learner, branch):
    steps(branch, credits=[8, 4, 1], most=2)
    enrolment = learner(8)
    told = [plan()]
    for day, credits in [(7, 4), (14, 3)]:
        use(enrolment, credits)
        told.append(plan(day))

    assert told == [1, 1, 0]


def test_step_that_is_reached_too_soon_waits(learner, branch):
    steps(branch, credits=[8, 4], days_between=5)
    enrolment = learner(8)
    plan()
    use(enrolment, 4)

    assert [plan(4), plan(5)] == [0, 1]


def test_next_purchase_opens_a_new_period(learner):
    enrolment = learner(2)
    plan()
    settle(Status.REJECTED)
    sell(enrolment, 20)
    assert plan(1) == 0

    use(enrolment, 20)

    assert plan(2) == 1


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.EXPIRED])
def test_notice_that_was_dropped_is_planned_again_on_the_next_day(learner, status):
    learner(2)
    plan()
    settle(status)

    assert [plan(), plan(1), plan(2)] == [0, 1, 0]


@pytest.mark.parametrize("status", [Status.QUEUED, Status.REJECTED, Status.NEEDS_REVIEW, Status.SUPPRESSED])
def test_notice_with_an_answer_is_not_repeated(learner, status):
    learner(2)
    plan()
    settle(status)

    assert plan(9) == 0


# --- what stops it ---------------------------------------------------------------------------------------


def worked_on(stage):
    """Somebody has spoken to the family, and noted it."""
    facts = {"opportunity": RenewalOpportunity.objects.get(), "note": "", "by": UserFactory(), "now": NOW}
    if stage == "lost":
        return lose_opportunity(reason="price", **facts)
    return note_contact(stage=stage, next_date=TODAY + DAY, **facts)


@pytest.mark.parametrize("stage", ["due", "talked", "promised", "lost"])
def test_person_who_spoke_to_the_family_takes_over(learner, stage):
    learner(2)
    open_due_opportunities(now=NOW)
    worked_on(stage)

    assert plan() == 0


@pytest.mark.parametrize("stage", ["talked", "promised", "lost"])
def test_word_between_planning_and_sending_stops_it(learner, stage):
    learner(2)
    open_due_opportunities(now=NOW)
    plan()
    worked_on(stage)

    with pytest.raises(Cancelled) as answer:
        rendered(OutboundMessage.objects.get())
    assert str(answer.value)


@pytest.mark.parametrize(("writes_back", "queued"), [(True, 0), (False, 1)])
def test_family_that_writes_back_is_left_to_people(learner, writes_back, queued):
    enrolment = learner(7)
    plan()
    sent = {
        "attempt_count": 1,
        "channel": "sms",
        "to_phone": "+8613812345678",
        "body": "x",
        "provider_sid": "SM1",
        "status_at": NOW,
    }
    OutboundMessage.objects.update(status=Status.DELIVERED, **sent)
    if writes_back:
        receive(provider_sid="SM2", from_phone="+8613812345678", body="周末来交费", now=NOW)
    use(enrolment, 4)  # the next step

    assert plan(9) == queued


def test_note_of_an_earlier_period_stops_nothing(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    worked_on("talked")
    sell(enrolment, 20, now=NOW + DAY)
    use(enrolment, 20)

    assert plan(2) == 1


def test_suspended_child_is_left_alone(learner, branch):
    enrolment = learner(2)
    suspend_enrolment(
        enrolment=enrolment,
        from_date=TODAY,
        expected_date=TODAY + 30 * DAY,
        reason="出国",
        by=desk_of(branch),
        now=NOW,
    )

    assert plan() == 0


def test_another_course_of_the_subject_is_a_renewal(learner):
    enrolment = learner(2)
    plan()
    other = Enrolment.objects.create(student=enrolment.student, branch=enrolment.branch, course=same_subject(enrolment))
    sell(other, 20, now=NOW + DAY)

    with pytest.raises(Cancelled):
        rendered(OutboundMessage.objects.get(), NOW + DAY)


def same_subject(enrolment):
    return CourseFactory(subject=enrolment.course.subject)


# --- brothers and sisters --------------------------------------------------------------------------------


@pytest.fixture
def siblings(learner):
    """田萍 and 田野 of one mother, both low."""
    first, second = learner(2), learner(1, name="田野")
    second.student.guardianships.all().delete()
    GuardianshipFactory(student=second.student, guardian=first.student.guardians.get())
    return first, second


def test_two_children_of_a_guardian_are_in_one_message(siblings):
    assert plan() == 1

    message = OutboundMessage.objects.get()
    text = rendered(message).text
    assert "田萍" in text
    assert "田野" in text
    assert text.count("奥体校区") == 1  # where to ask stands there once
    for child in siblings:
        assert list(OutboundMessage.objects.all().about(f"student:{child.student_id}")) == [message]


def test_two_subjects_of_a_child_are_in_one_message(learner, siblings):
    child = siblings[0]
    other = Enrolment.objects.create(student=child.student, branch=child.branch, course=same_subject(child))
    sell(other, 20)
    use(other, 18)

    assert plan() == 1
    assert ReminderLine.objects.count() == 3


def test_only_what_is_still_low_is_said(siblings):
    plan()
    sell(siblings[0], 20)
    message = OutboundMessage.objects.get()

    text = rendered(message).text

    assert "田萍" not in text
    assert "田野" in text
    assert [line.was_dropped for line in message.reminder_lines.order_by("enrolment_id")] == [True, False]


def test_what_was_left_out_of_the_words_is_told_another_day(siblings):
    """The roll call of one was undone in time, and called again."""
    first = siblings[0]
    plan()
    message = OutboundMessage.objects.get()
    message.reminder_lines.filter(enrolment=first).update(was_dropped=True)
    settle(Status.NEEDS_REVIEW)

    assert plan(1) == 1
    assert ReminderLine.objects.latest("pk").enrolment == first


def test_a_branch_speaks_of_its_own_children(learner, siblings, other_branch):
    third = learner(2, name="田地", branch=other_branch)
    GuardianshipFactory(student=third.student, guardian=siblings[0].student.guardians.get(), is_main=False)

    plan()

    mine = OutboundMessage.objects.filter(recipient=f"guardian:{siblings[0].student.guardians.get().pk}")
    assert sorted(mine.values_list("branch", flat=True)) == sorted([siblings[0].branch_id, other_branch.pk])


# --- words -----------------------------------------------------------------------------------------------


@pytest.fixture
def notice_for(learner):
    def notice_for(left, **fields):
        enrolment = learner(left, **fields)
        enrolment.branch.phone = "024-7788 1234"
        enrolment.branch.save()
        plan()
        return OutboundMessage.objects.get()

    return notice_for


def test_words_say_what_is_left_until_when_and_where_to_ask(notice_for):
    message = notice_for(2)

    words = rendered(message)

    enrolment = Enrolment.objects.get()
    assert words.to == enrolment.student.guardians.get().phone
    for part in ("田萍", enrolment.course.name, "2", day_text(datetime.date(2026, 12, 5)), "奥体校区", "024-7788 1234"):
        assert part in words.text


@pytest.mark.parametrize("left", [-1.5, 0, 0.5, 3])
@pytest.mark.parametrize("in_class", [True, False])
def test_notice_offers_nothing(notice_for, left, in_class):
    text = rendered(notice_for(left, in_class=in_class)).text

    assert "田萍" in text
    assert not any(word in text for word in ("¥", "元", "http", "优惠", "续费", "renew", "-1.5"))


def test_words_are_of_the_moment_of_sending(notice_for):
    message = notice_for(3)
    assert day_text(datetime.date(2026, 12, 12)) in rendered(message).text

    use(Enrolment.objects.get(), 1)

    assert day_text(datetime.date(2026, 12, 5)) in rendered(message).text


def test_words_are_in_the_language_of_the_school(notice_for):
    message = notice_for(3)

    with translation.override("en"):
        in_english_page = rendered(message).text

    assert in_english_page == rendered(message).text


def test_branch_without_phone_has_words(learner):
    learner(3)
    plan()

    assert "奥体校区" in rendered(OutboundMessage.objects.get()).text


@pytest.mark.parametrize(("left", "bought"), [(3, 20), (1, 1)])
def test_renewed_meanwhile_is_cancelled(notice_for, left, bought):
    message = notice_for(left)
    sell(Enrolment.objects.get(), bought)

    with pytest.raises(Cancelled):
        rendered(message)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("guardianship", {"is_told": False}),
        ("branch", {"renewal_reminder_on": False}),
    ],
)
def test_what_changed_meanwhile_cancels(notice_for, model, change):
    message = notice_for(3)
    enrolment = Enrolment.objects.get()
    row = {
        "guardianship": enrolment.student.guardianships.get(),
        "branch": enrolment.branch,
    }[model]
    type(row).objects.filter(pk=row.pk).update(**change)

    with pytest.raises(Cancelled) as answer:
        rendered(message)
    assert str(answer.value)
    settle(Status.CANCELLED)
    assert plan(1) == 0


def test_steps_that_were_taken_away_meanwhile_cancel(notice_for, branch):
    message = notice_for(3)
    steps(branch)
    type(branch).objects.update(renewal_threshold=0, renewal_days=0)

    with pytest.raises(Cancelled):
        rendered(message)


# --- a school that reminded before there were steps --------------------------------------------------------


def migrate():
    migration = import_module("renewals.migrations.0002_reminder_cadence")
    for step in (migration.keep_the_own_thresholds, migration.keep_what_was_told):
        step(apps, None)


def test_branch_that_was_there_keeps_its_own_threshold_and_tells_once(learner, branch):
    learner(4)
    ReminderPolicy.objects.all().delete()
    type(branch).objects.update(renewal_threshold="3.5", renewal_days=20)

    migrate()

    branch.refresh_from_db()
    assert [(step.kind, step.value) for step in branch.reminder_policy.steps.all()] == [
        ("credits", Decimal("3.5")),
        ("days", 20),
    ]
    assert branch.reminder_policy.most == 1
    assert plan() == 0


def test_who_was_told_before_is_not_told_again(learner):
    enrolment = learner(2)
    lot, guardian = enrolment.lots.get(), enrolment.student.guardians.get()
    ReminderPolicy.objects.all().delete()
    queue_message(
        branch=enrolment.branch,
        recipient=f"guardian:{guardian.pk}",
        about=f"student:{enrolment.student_id}",
        kind=RENEWAL_REMINDER,
        subject=f"enrolment:{enrolment.pk}",
        occurrence=f"lot:{lot.pk}/1",
        due_at=NOW - 9 * DAY,
        useful_until=NOW + DAY,
    )

    migrate()

    assert plan() == 0
    assert "田萍" in rendered(OutboundMessage.objects.get()).text
