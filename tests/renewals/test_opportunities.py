"""Renewals open when a child is due, close when it has bought again, and open again when that is undone."""

import datetime

import pytest
from django.db import DatabaseError, transaction

from enrolments.models import Refund
from messaging.models import OutboundMessage, Status
from renewals.models import RenewalNote, RenewalOpportunity
from renewals.notifications import plan_renewal_reminders
from renewals.services import RenewalError, lose_opportunity, note_contact, open_due_opportunities
from scheduling.models import Lesson
from tests.factories import NOW, TODAY, CourseFactory, EnrolmentFactory, UserFactory, at, sell
from tests.refusals import refused_by
from tests.renewals.conftest import put_in_class, use

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def opportunity():
    return RenewalOpportunity.objects.get()


def stage():
    return opportunity().stage


def buy(enrolment, *, now=NOW + DAY, **facts):
    return sell(enrolment, 20, now=now, **facts)


def give_back(lot, *, on):
    """A paid refund, without its entries: the work on renewals looks at the refund alone."""
    person = UserFactory()
    refund = Refund.objects.create(
        enrolment=lot.enrolment,
        status="paid",
        cause="school",
        reason="停课",
        method="cash",
        amount_minor=lot.paid_minor,
        sheet={},
        needs_second_person=False,
        requested_date=on.date(),
        answer_by_date=on.date(),
        requested_at=on,
        requested_by=person,
        approved_at=on,
        approved_by=person,
        ended_at=on,
        ended_by=person,
        token=f"refund-{lot.pk}",
    )
    refund.lines.create(lot=lot, formula="contract", paid_credits=20, gift_credits=0, value_minor=100, amount_minor=100)


# --- opening ---------------------------------------------------------------------------------------------


def test_due_child_comes_on_the_list_once(learner):
    enrolment = learner(2)

    assert [open_due_opportunities(now=NOW).opened, open_due_opportunities(now=NOW).opened] == [1, 0]

    row = opportunity()
    assert (row.enrolment, row.student, row.subject) == (enrolment, enrolment.student, enrolment.course.subject)
    assert (row.stage, row.cause, row.due_date) == ("due", "low", TODAY)


def test_child_with_enough_does_not(learner):
    learner(12)

    assert open_due_opportunities(now=NOW).opened == 0


def test_credits_that_run_out_soon_are_a_cause_of_their_own(learner):
    learner(5, lessons_a_week=3)

    open_due_opportunities(now=NOW)

    assert opportunity().cause == "run_out"


def test_class_that_ends_in_the_window_is_a_cause(learner):
    enrolment = learner(8)
    old = NOW - datetime.timedelta(days=90)
    enrolment.lots.update(sold_at=old)

    open_due_opportunities(now=NOW)

    assert opportunity().cause == "class_end"


def test_class_that_goes_on_is_none(learner):
    enrolment = learner(8)
    enrolment.lots.update(sold_at=NOW - datetime.timedelta(days=90))
    Lesson.objects.update(
        local_date=datetime.date(2027, 1, 9), starts_at=at("2027-01-09 09:00"), ends_at=at("2027-01-09 10:30")
    )

    assert open_due_opportunities(now=NOW).opened == 0


def test_who_paid_lately_is_not_due_by_the_end_of_its_class(learner):
    learner(8)

    assert open_due_opportunities(now=NOW).opened == 0


def test_adviser_owns_it_else_the_last_seller(learner):
    advised, other = learner(2, name="田萍"), learner(2, name="王芳")
    advised.student.adviser = UserFactory()
    advised.student.save()

    open_due_opportunities(now=NOW)

    owners = dict(RenewalOpportunity.objects.values_list("enrolment", "owner"))
    assert owners == {advised.pk: advised.student.adviser_id, other.pk: other.lots.get().sold_by_id}


def test_two_courses_of_one_subject_are_one_opportunity(learner, branch):
    enrolment = learner(2)
    other = EnrolmentFactory(
        student=enrolment.student, branch=branch, course=CourseFactory(subject=enrolment.course.subject)
    )
    sell(other, 20)
    use(other, 19)
    put_in_class(other)

    open_due_opportunities(now=NOW)

    assert opportunity().enrolment == other  # it runs out first


def test_database_refuses_a_second_open_one(learner):
    learner(2)
    open_due_opportunities(now=NOW)
    row = opportunity()
    row.pk = None

    with refused_by("renewalopportunity_one_open"):
        row.save(force_insert=True)


# --- closing and opening again ---------------------------------------------------------------------------


def test_purchase_closes_it(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    lot = buy(enrolment)
    assert not RenewalOpportunity.objects.to_work().exists()  # at once, without the job

    moved = [open_due_opportunities(now=NOW + DAY).renewed for _run in range(2)]

    assert moved == [1, 0]
    assert (stage(), opportunity().renewal_item) == ("renewed", lot.item)
    assert RenewalNote.objects.get().by is None


def test_another_course_of_the_subject_renews_it(learner, branch):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    course = CourseFactory(subject=enrolment.course.subject)

    buy(EnrolmentFactory(student=enrolment.student, branch=branch, course=course))
    open_due_opportunities(now=NOW + DAY)

    assert stage() == "renewed"


def test_another_subject_does_not(learner, branch):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)

    buy(EnrolmentFactory(student=enrolment.student, branch=branch))
    open_due_opportunities(now=NOW + DAY)

    assert stage() == "due"


def test_order_without_a_price_is_no_renewal(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    note(opportunity())

    buy(enrolment, price_minor=0)
    open_due_opportunities(now=NOW + DAY)

    assert stage() == "talked"


def test_refund_soon_after_opens_it_again(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    lot = buy(enrolment)
    open_due_opportunities(now=NOW + DAY)

    give_back(lot, on=NOW + 10 * DAY)
    use(enrolment, 20, when="2026-11-23 10:00")
    moved = [open_due_opportunities(now=NOW + 10 * DAY).reopened for _run in range(2)]

    row = opportunity()
    assert moved == [1, 0]
    assert (row.stage, row.renewal_item, row.closed_at) == ("due", None, None)
    assert row.next_contact_date == TODAY + 10 * DAY


def test_refund_much_later_leaves_it_renewed(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    lot = buy(enrolment)
    open_due_opportunities(now=NOW + DAY)

    give_back(lot, on=NOW + 40 * DAY)

    assert open_due_opportunities(now=NOW + 40 * DAY).reopened == 0


def test_void_order_opens_it_again(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    lot = buy(enrolment)
    open_due_opportunities(now=NOW + DAY)

    order = lot.item.order
    type(order).objects.filter(pk=order.pk).update(status="void", paid_minor=0)
    open_due_opportunities(now=NOW + 2 * DAY)

    assert stage() == "due"


def test_what_is_not_due_any_more_goes_unless_somebody_worked_on_it(learner):
    enrolments = [learner(2, name="田萍"), learner(2, name="王芳")]
    open_due_opportunities(now=NOW)
    note(RenewalOpportunity.objects.get(enrolment=enrolments[1]))
    for enrolment in enrolments:
        buy(enrolment, price_minor=0)  # given, not bought

    assert open_due_opportunities(now=NOW).dropped == 1
    assert opportunity().enrolment == enrolments[1]


def test_notice_that_was_sent_is_told(learner):
    learner(2)
    open_due_opportunities(now=NOW)
    plan_renewal_reminders(now=NOW)
    sent = {
        "provider_sid": "SM1",
        "to_phone": "+8613812345678",
        "body": "【轻校】…",
        "attempt_count": 1,
        "channel": "sms",
    }
    OutboundMessage.objects.update(status=Status.SENT, **sent)

    open_due_opportunities(now=NOW)

    assert stage() == "told"


# --- people ----------------------------------------------------------------------------------------------


def note(row, stage="talked", **facts):
    facts = {"note": "妈妈说月底来", "next_date": TODAY + DAY, "by": UserFactory(), "now": NOW} | facts
    return note_contact(opportunity=row, stage=stage, **facts)


def lose(row, **facts):
    return lose_opportunity(opportunity=row, reason="price", note="太贵", by=UserFactory(), now=NOW, **facts)


@pytest.fixture
def row(learner):
    learner(2)
    open_due_opportunities(now=NOW)
    return opportunity()


def test_contact_is_noted(row):
    note(row, "promised")

    assert (stage(), opportunity().next_contact_date) == ("promised", TODAY + DAY)
    assert RenewalNote.objects.values_list("stage", "note", "next_contact_date").get() == (
        "promised",
        "妈妈说月底来",
        TODAY + DAY,
    )


def test_lost_one_stays_off_the_list_until_the_next_purchase(row):
    lose(row)
    assert open_due_opportunities(now=NOW + DAY).opened == 0
    assert (stage(), opportunity().lost_reason) == ("lost", "price")

    buy(row.enrolment, now=NOW + 100 * DAY)
    use(row.enrolment, 20, when="2027-03-01 10:00")

    assert open_due_opportunities(now=NOW + 101 * DAY).opened == 1


def test_lost_one_that_buys_soon_has_renewed(row):
    lose(row)
    buy(row.enrolment, now=NOW + 5 * DAY)

    open_due_opportunities(now=NOW + 5 * DAY)

    assert stage() == "renewed"


def test_lost_one_is_taken_up_again(row):
    lose(row)
    note(row)

    assert (stage(), opportunity().closed_at, opportunity().lost_reason) == ("talked", None, "")


def test_renewed_one_is_done(row):
    buy(row.enrolment)
    open_due_opportunities(now=NOW + DAY)

    for act in (note, lose):
        with pytest.raises(RenewalError):
            act(row)


@pytest.mark.parametrize("stage", ["renewed", "lost"])
def test_nobody_says_that_it_is_renewed(row, stage):
    with pytest.raises(RenewalError):
        note(row, stage)


@pytest.mark.parametrize(
    "change", [lambda notes: notes.update(note="别的"), lambda notes: notes.all()._raw_delete("default")]
)
def test_notes_are_never_changed(row, change):
    note(row)

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        change(RenewalNote.objects)


@pytest.mark.parametrize(
    ("constraint", "facts"),
    [
        ("renewalopportunity_closed_when", {"stage": "lost", "lost_reason": "price"}),
        ("renewalopportunity_closed_when", {"closed_at": NOW}),
        ("renewalopportunity_renewed_by", {"stage": "renewed", "closed_at": NOW}),
        ("renewalopportunity_lost_why", {"stage": "lost", "closed_at": NOW}),
        ("renewalopportunity_lost_why", {"lost_reason": "price"}),
    ],
)
def test_database_refuses_half_closed_ones(row, constraint, facts):
    with refused_by(constraint):
        RenewalOpportunity.objects.update(**facts)


@pytest.mark.parametrize("child_count", [1, 3])
def test_number_of_queries(learner, child_count, django_assert_num_queries):
    for number in range(child_count):
        learner(2, name=f"学员{number}")

    with django_assert_num_queries(13):
        open_due_opportunities(now=NOW)
