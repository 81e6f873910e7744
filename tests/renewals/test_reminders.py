"""The notice that credits run low: to whom, when, once, and what it says when it is sent."""

import datetime

import pytest
from django.utils import translation

from core.clock import day_text
from enrolments.models import Enrolment
from messaging.models import OutboundMessage, Status
from messaging.registry import Cancelled, kind_named
from renewals.notifications import RENEWAL_REMINDER, plan_renewal_reminders
from tests.factories import NOW, BranchFactory, GuardianshipFactory, at, sell
from tests.renewals.conftest import use

pytestmark = pytest.mark.django_db


def rendered(message, now=NOW):
    return kind_named(RENEWAL_REMINDER).renderer(message, now)


def settle(message, status):
    OutboundMessage.objects.filter(pk=message.pk).update(status=status)


# --- planning --------------------------------------------------------------------------------------------


def test_low_credits_are_told_once(learner):
    enrolment = learner(3)

    planned = [plan_renewal_reminders(now=NOW), plan_renewal_reminders(now=NOW + datetime.timedelta(days=1))]

    message = OutboundMessage.objects.get()
    assert planned == [1, 0]
    assert message.subject == f"enrolment:{enrolment.pk}"
    assert message.about == f"student:{enrolment.student_id}"
    assert message.occurrence == f"lot:{enrolment.lots.get().pk}/1"


def test_nobody_is_told_without_need(learner):
    learner(12)

    assert plan_renewal_reminders(now=NOW) == 0


def test_each_told_guardian_is_told(learner):
    student = learner(3).student
    GuardianshipFactory(student=student, is_main=False)
    GuardianshipFactory(student=student, is_main=False, is_told=False)
    GuardianshipFactory(student=student, is_main=False, guardian__phone=None)

    assert plan_renewal_reminders(now=NOW) == 2


def test_branch_without_reminders_is_left_out(learner):
    learner(3, branch=BranchFactory(renewal_reminder_on=False))

    assert plan_renewal_reminders(now=NOW) == 0


def test_purchase_alone_reminds_nobody(branch, learner):
    """A trial package of two lessons is low from the start; its family has only just paid."""
    enrolment = learner(0)
    sell(enrolment, 2)

    assert plan_renewal_reminders(now=NOW) == 0
    use(enrolment, 1)
    assert plan_renewal_reminders(now=NOW) == 1


def test_next_purchase_opens_a_new_period(learner):
    enrolment = learner(2)
    plan_renewal_reminders(now=NOW)
    settle(OutboundMessage.objects.get(), Status.REJECTED)
    sell(enrolment, 20)
    assert plan_renewal_reminders(now=NOW) == 0

    use(enrolment, 20)

    assert plan_renewal_reminders(now=NOW) == 1


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.EXPIRED])
def test_notice_that_was_dropped_is_planned_again(learner, status):
    learner(2)
    plan_renewal_reminders(now=NOW)
    settle(OutboundMessage.objects.get(), status)

    assert [plan_renewal_reminders(now=NOW), plan_renewal_reminders(now=NOW)] == [1, 0]
    assert OutboundMessage.objects.latest("pk").occurrence.endswith("/2")


@pytest.mark.parametrize("status", [Status.QUEUED, Status.REJECTED, Status.NEEDS_REVIEW, Status.SUPPRESSED])
def test_notice_with_an_answer_is_not_repeated(learner, status):
    learner(2)
    plan_renewal_reminders(now=NOW)
    settle(OutboundMessage.objects.get(), status) if status != Status.QUEUED else None

    assert plan_renewal_reminders(now=NOW) == 0


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-21 07:00", "2026-11-21 10:00"),
        ("2026-11-21 18:00", "2026-11-21 10:00"),  # past: at once
        ("2026-11-21 21:30", "2026-11-22 10:00"),  # quiet: not at eight, but at the branch's hour
        ("2026-11-22 02:00", "2026-11-22 10:00"),
    ],
)
def test_notice_is_due_at_the_hour_of_the_branch(learner, now, due):
    learner(3)

    plan_renewal_reminders(now=at(now))

    message = OutboundMessage.objects.get()
    assert (message.due_at, message.useful_until) == (at(due), at(due) + datetime.timedelta(days=3))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-10-24 22:00+00:00", "2026-10-25 09:00+00:00"),  # midnight of the 25-hour day in Berlin
        ("2026-10-24 21:00+00:00", "2026-10-25 09:00+00:00"),  # 23:00: quiet
        ("2026-10-24 12:00+00:00", "2026-10-24 08:00+00:00"),
    ],
)
def test_hour_is_the_wall_clock_of_the_branch(learner, now, due):
    learner(3, branch=BranchFactory(time_zone="Europe/Berlin"))

    plan_renewal_reminders(now=datetime.datetime.fromisoformat(now))

    assert OutboundMessage.objects.get().due_at == datetime.datetime.fromisoformat(due)


@pytest.mark.parametrize("child_count", [1, 3])
def test_planning_takes_a_handful_of_queries(learner, child_count, django_assert_num_queries):
    for number in range(child_count):
        learner(2, name=f"学员{number}")

    with django_assert_num_queries(7):  # branches, their zones, the rows, what is there, what is new, a savepoint
        assert plan_renewal_reminders(now=NOW) == child_count


# --- words -----------------------------------------------------------------------------------------------


@pytest.fixture
def notice_for(learner):
    def notice_for(left, **fields):
        enrolment = learner(left, **fields)
        enrolment.branch.phone = "024-7788 1234"
        enrolment.branch.save()
        plan_renewal_reminders(now=NOW)
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
    assert not any(word in text for word in ("¥", "元", "http", "优惠", "-1.5"))


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
    plan_renewal_reminders(now=NOW)

    assert "奥体校区" in rendered(OutboundMessage.objects.get()).text


def test_renewed_meanwhile_is_cancelled(notice_for):
    message = notice_for(3)
    sell(Enrolment.objects.get(), 20)

    with pytest.raises(Cancelled):
        rendered(message)


def test_small_renewal_meanwhile_is_cancelled_too(notice_for):
    message = notice_for(1)
    sell(Enrolment.objects.get(), 1)

    with pytest.raises(Cancelled):
        rendered(message)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("guardianship", {"is_told": False}),
        ("guardian", {"phone": None}),
        ("branch", {"renewal_reminder_on": False}),
        ("branch", {"renewal_threshold": 0, "renewal_days": 0}),
    ],
)
def test_what_changed_meanwhile_cancels(notice_for, model, change):
    message = notice_for(3)
    enrolment = Enrolment.objects.get()
    row = {
        "guardianship": enrolment.student.guardianships.get(),
        "guardian": enrolment.student.guardians.get(),
        "branch": enrolment.branch,
    }[model]
    type(row).objects.filter(pk=row.pk).update(**change)

    with pytest.raises(Cancelled) as answer:
        rendered(message)
    assert str(answer.value)
    settle(message, Status.CANCELLED)
    assert plan_renewal_reminders(now=NOW) == 0
