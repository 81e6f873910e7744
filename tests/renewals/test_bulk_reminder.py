"""Reminding many at once: whom, how many parts, at which cost, and once."""

import datetime
from decimal import Decimal

import pytest

from branches.models import Branch
from enrolments.models import Enrolment
from messaging.consent import opt_out
from messaging.models import OutboundMessage, Status
from messaging.registry import kind_named
from messaging.segments import count_parts
from messaging.services import drain_outbox
from renewals.models import BulkReminder, ReminderLine, ReminderPolicy, RenewalOpportunity
from renewals.notifications import plan_renewal_reminders
from renewals.services import (
    RenewalError,
    lose_opportunity,
    note_contact,
    open_due_opportunities,
    plan_bulk_reminder,
    remind_families,
)
from scheduling.services.suspensions import suspend_enrolment
from tests.factories import NOW, TODAY, GuardianshipFactory, at, desk_of, manager_of, sell, teacher_of
from tests.refusals import refused_by

DAY = datetime.timedelta(days=1)
URL = "/renewals/remind/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("renewals.views.RenewalChoiceMixin.now", NOW)


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def board(learner):
    """Three children whose renewals are being worked on; two of them are of one mother."""
    rows = [learner(left, name=name) for left, name in [(2, "田萍"), (1, "王芳"), (0, "王强")]]
    rows[2].student.guardianships.all().delete()
    GuardianshipFactory(student=rows[2].student, guardian=rows[1].student.guardians.get())
    open_due_opportunities(now=NOW)
    return rows


def plan(now=NOW):
    return plan_bulk_reminder(enrolments=Enrolment.objects.all(), now=now)


def remind(by, *, count=2, token="once", now=NOW):  # noqa: S107  (of a form)
    return remind_families(enrolments=Enrolment.objects.all(), message_count=count, token=token, by=by, now=now)


def reasons(plan):
    return {one.account.enrolment.student.name: one.reason.value for one in plan.left_out}


# --- what it comes to ------------------------------------------------------------------------------------


def test_counts_and_cost_come_first(board):
    Branch.objects.update(sms_part_price_fen=Decimal("5.5"))
    seen = plan()

    assert (seen.family_count, seen.message_count) == (2, 2)
    assert seen.part_count >= 2
    assert seen.cost_minor == round(seen.part_count * 5.5 + 0.001)
    assert not OutboundMessage.objects.exists()


def test_parts_are_of_the_texts_that_families_get(board, desk, fake_twilio):
    seen = plan()
    remind(desk)
    drain_outbox(now=NOW)

    bodies = [message["body"] for message in fake_twilio.store.messages()]
    assert sum(count_parts(body) for body in bodies) == seen.part_count


def test_two_guardians_of_a_child_are_one_family(board):
    GuardianshipFactory(student=board[0].student, is_main=False)

    assert (plan().family_count, plan().message_count) == (2, 3)


def no_phone(enrolment):
    enrolment.student.guardians.update(phone=None)


def opted_out(enrolment):
    opt_out(phone=enrolment.student.guardians.get().phone, purposes=["service"], how="reply", now=NOW)


def told(enrolment):
    plan_renewal_reminders(now=NOW - DAY)


def renewed(enrolment):
    sell(enrolment, 1, now=NOW)


def promised(enrolment):
    note_contact(next_date=TODAY, stage="promised", **_facts(enrolment))


def lost(enrolment):
    lose_opportunity(reason="price", **_facts(enrolment))


def _facts(enrolment):
    opportunity = RenewalOpportunity.objects.get(enrolment=enrolment)
    return {"opportunity": opportunity, "note": "", "by": desk_of(enrolment.branch), "now": NOW}


def away(enrolment):
    days = {"from_date": TODAY, "expected_date": TODAY + 30 * DAY}
    suspend_enrolment(enrolment=enrolment, **days, reason="出国", by=desk_of(enrolment.branch), now=NOW)


def not_low(enrolment):
    enrolment.branch.reminder_policy.steps.all().delete()
    type(enrolment.branch).objects.update(renewal_threshold=0, renewal_days=0)


def had_all(enrolment):
    told(enrolment)
    ReminderPolicy.objects.update(most=1)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (no_phone, "no_phone"),
        (opted_out, "opted_out"),
        (told, "told"),
        (promised, "promised"),
        (lost, "lost"),
        (away, "away"),
        (not_low, "not_low"),
        (had_all, "most"),
    ],
)
def test_who_is_left_out_and_why(learner, happens, reason):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)

    happens(enrolment)

    seen = plan()
    assert (seen.message_count, reasons(seen)) == (0, {"田萍": reason})


def test_who_renewed_in_another_course_is_left_out(learner):
    enrolment = learner(2)
    other = learner(20, name="别人", course__subject=enrolment.course.subject)
    Enrolment.objects.filter(pk=other.pk).update(student=enrolment.student)
    other.refresh_from_db()
    sell(other, 20, now=NOW + DAY)

    seen = plan_bulk_reminder(enrolments=Enrolment.objects.filter(pk=enrolment.pk), now=NOW + DAY)

    assert reasons(seen) == {"田萍": "renewed"}


def test_who_was_spoken_to_may_be_reminded_by_hand(board, desk):
    note_contact(next_date=TODAY, stage="talked", **_facts(board[0]))

    remind(desk)

    assert ReminderLine.objects.filter(enrolment=board[0]).exists()


def test_guardian_whose_message_of_the_day_went_out_is_left_out(learner, board):
    """A brother was told this morning: one message a day."""
    plan_renewal_reminders(now=NOW)
    OutboundMessage.objects.update(status=Status.NEEDS_REVIEW)
    ReminderLine.objects.filter(enrolment=board[2])._raw_delete("default")

    assert reasons(plan())["王强"] == "told"


@pytest.mark.parametrize(("now", "due"), [("2026-11-21 22:00", "2026-11-22 08:00"), ("2026-11-21 09:00", None)])
def test_quiet_hours_hold_it_back(board, desk, now, due):
    remind(desk, now=at(now))

    assert {message.due_at for message in OutboundMessage.objects.all()} == {at(due or now)}


@pytest.mark.parametrize("family_count", [1, 8])
def test_number_of_queries_does_not_grow(learner, desk, family_count, django_assert_num_queries):
    for number in range(family_count):
        learner(2, name=f"学员{number}")

    with django_assert_num_queries(10):
        seen = plan()
        assert (seen.message_count, seen.part_count) == (family_count, family_count)


# --- once ------------------------------------------------------------------------------------------------


def test_one_plan_is_queued_and_kept(board, desk):
    [bulk] = remind(desk)

    assert (bulk.message_count, bulk.by, bulk.branch) == (2, desk, board[0].branch)
    assert OutboundMessage.objects.count() == 2
    assert ReminderLine.objects.filter(bulk=bulk).count() == 3


def test_double_click_and_going_back_send_once(board, desk):
    assert remind(desk) == remind(desk)

    with pytest.raises(RenewalError):
        remind(desk, token="from a page that was opened again")
    assert (OutboundMessage.objects.count(), BulkReminder.objects.count()) == (2, 1)


def test_another_number_than_was_seen_is_refused(board, desk):
    with pytest.raises(RenewalError):
        remind(desk, count=3)
    assert not OutboundMessage.objects.exists()


def test_above_the_limit_the_manager_sends(board, desk, branch):
    ReminderPolicy.objects.update(desk_limit=1)

    with pytest.raises(RenewalError, match="奥体校区"):
        remind(desk)
    assert remind(manager_of(branch))[0].message_count == 2


def test_cadence_goes_on_after_a_reminder_by_hand(board, desk):
    """It told the same steps: the cadence repeats nothing, and waits the days between."""
    remind(desk)

    assert plan_renewal_reminders(now=NOW + 9 * DAY) == 0


def test_by_hand_also_where_the_branch_tells_nobody_by_itself(board, desk, branch):
    type(branch).objects.update(renewal_reminder_on=False)
    remind(desk)
    for message in OutboundMessage.objects.all():
        assert kind_named("renewal_reminder").renderer(message, NOW).text


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("reminderpolicy_at_least_one", {"most": 0}),
        ("reminderpolicy_not_twice_a_day", {"days_between": 0}),
    ],
)
def test_database_refuses_a_senseless_policy(branch, constraint, fields):
    with refused_by(constraint):
        ReminderPolicy.objects.update(**fields)


def test_database_refuses_doubles(board, desk, branch):
    remind(desk)
    step, bulk, line = branch.reminder_policy.steps.first(), BulkReminder.objects.get(), ReminderLine.objects.first()

    for constraint, row in [("reminderstep_once", step), ("bulkreminder_once", bulk), ("reminderline_once", line)]:
        row.pk = None
        with refused_by(constraint):
            row.save()
    with refused_by("reminderstep_value"):
        branch.reminder_policy.steps.update(value=-1)


# --- the pages -------------------------------------------------------------------------------------------


def test_board_leads_there_and_back(client, desk, board):
    page = client.get("/renewals/").content.decode()
    assert f'action="{URL}"' in page

    seen = client.get(URL)
    done = client.post(URL, {"token": seen.context["token"], "number": seen.context["plan"].message_count})

    assert done.url.startswith("/renewals/")
    assert "2" in client.get(done.url).content.decode()
    assert OutboundMessage.objects.count() == 2


def test_filter_and_picks_narrow_it_down(client, desk, board):
    picked = RenewalOpportunity.objects.get(enrolment=board[0])

    by_filter = client.get(URL, {"urgency": "used_up"}).context["plan"]
    by_pick = client.get(URL, {"pick": [picked.pk, "x"]}).context["plan"]

    assert [letter.accounts[0].enrolment for letter in by_filter.letters] == [board[2]]
    assert [letter.accounts[0].enrolment for letter in by_pick.letters] == [board[0]]


def test_whole_class(client, desk, board):
    group = board[1].class_members.get().class_group

    seen = client.get(URL, {"group": group.pk})

    assert [letter.accounts[0].enrolment for letter in seen.context["plan"].letters] == [board[1]]
    assert seen.context["way_back"] == f"/classes/{group.pk}/renewals/"


def test_other_branches_are_not_to_be_chosen(client, desk, board, learner, other_branch):
    foreign = learner(1, name="河西的孩子", branch=other_branch)
    open_due_opportunities(now=NOW)
    opportunity = RenewalOpportunity.objects.get(enrolment=foreign)
    group = foreign.class_members.get().class_group

    seen = client.get(URL, {"pick": opportunity.pk})

    assert seen.context["plan"].letters == []
    assert client.get(URL, {"group": group.pk}).status_code == 404
    assert "河西" not in client.get(URL).content.decode()


def test_teacher_may_not(client, branch):
    client.force_login(teacher_of(branch))

    assert client.get(URL).status_code == 403


def test_page_without_anybody_says_so(client, desk):
    assert client.get(URL).status_code == 200


@pytest.mark.parametrize("data", [{}, {"token": "x", "number": "many"}, {"token": "x", "number": 7}])
def test_post_that_makes_no_sense_sends_nothing(client, desk, board, data):
    answer = client.post(URL + "?stage=due", data)

    assert answer.url == URL + "?stage=due"
    assert not OutboundMessage.objects.exists()


@pytest.mark.parametrize("row_count", [1, 6])
def test_page_asks_as_much_for_one_family_as_for_many(client, desk, learner, row_count, django_assert_num_queries):
    for number in range(row_count):
        learner(2, name=f"学员{number}")
    open_due_opportunities(now=NOW)
    client.get(URL)

    with django_assert_num_queries(19):
        client.get(URL)
