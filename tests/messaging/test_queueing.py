import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from messaging.models import MessageAttempt, OutboundMessage, Status
from messaging.registry import UnknownKindError, renders
from messaging.services import (
    NewMessage,
    NotFailedError,
    UselessMessageError,
    mark_handled,
    queue_messages,
    send_again,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def new_message(branch, **fields):
    return NewMessage(
        **{
            "branch": branch, "recipient": "guardian:93", "about": "student:17", "kind": "note",
            "subject": "lesson:812", "occurrence": "24h", "due_at": NOW, "useful_until": NOW + HOUR,
        } | fields
    )  # fmt: skip


def test_rows_are_written_in_the_order_of_their_keys(branch):
    """Planners that run at once and meet the other way round would be a deadlock in PostgreSQL."""
    plan = [new_message(branch, recipient=f"guardian:{number}") for number in (5, 2, 9, 1)]

    queue_messages(plan)

    keys = list(OutboundMessage.objects.order_by("pk").values_list("dedupe_key", flat=True))
    assert keys == sorted(keys)


@pytest.mark.django_db(transaction=True)
def test_planners_at_once_in_opposite_orders_write_each_row_once(branch, one_race_at_a_time):
    plan = [new_message(branch, recipient=f"guardian:{number}") for number in range(400)]
    barrier, errors = threading.Barrier(2), []

    def work(messages):
        try:
            barrier.wait()
            queue_messages(messages, batch_size=20)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    planners = [threading.Thread(target=work, args=[order]) for order in (plan, plan[::-1])]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()

    assert errors == []
    assert OutboundMessage.objects.count() == 400


def test_queueing_twice_writes_one_row(branch, django_assert_num_queries):
    plan = [new_message(branch, recipient=f"guardian:{number}") for number in range(3)]
    assert queue_messages(plan) == 3

    with django_assert_num_queries(3):  # savepoint, what is there, release: nothing is written
        assert queue_messages(iter(plan)) == 0

    assert OutboundMessage.objects.count() == 3


@pytest.mark.parametrize("part", ["kind", "subject", "occurrence", "recipient"])
def test_messages_that_differ_in_one_part_are_two(branch, part):
    renders("other")(None)

    queue_messages([new_message(branch), new_message(branch, **{part: "other"})])

    assert OutboundMessage.objects.count() == 2


def test_other_planner_was_faster(branch, monkeypatch):
    monkeypatch.setattr("messaging.services.OutboundMessage.objects.in_bulk", lambda *args, **kwargs: {})
    queue_messages([new_message(branch)])

    queue_messages([new_message(branch)])  # it saw no row, and the other one's was committed meanwhile

    assert OutboundMessage.objects.count() == 1


def test_waiting_message_moves_with_its_plan(branch, queue, reload):
    message = queue()

    queue(due_at=NOW + HOUR, useful_until=NOW + 3 * HOUR)

    message = reload(message)
    assert (message.due_at, message.not_before) == (NOW + HOUR, NOW + HOUR)
    assert message.useful_until == NOW + 3 * HOUR


def test_message_that_was_tried_keeps_its_times(branch, queue, reload):
    message = queue()
    OutboundMessage.objects.update(attempt_count=1, not_before=NOW + HOUR)

    queue(due_at=NOW - HOUR)

    assert reload(message).not_before == NOW + HOUR


def test_message_of_an_unknown_kind_is_refused(branch):
    with pytest.raises(UnknownKindError, match="postcard"):
        queue_messages([new_message(branch, kind="postcard")])


def test_message_that_is_never_useful_is_refused(branch):
    with pytest.raises(UselessMessageError):
        queue_messages([new_message(branch, useful_until=NOW)])


def test_queueing_shares_the_callers_transaction(branch):
    def cause_and_fail():
        queue_messages([new_message(branch)])
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        cause_and_fail()

    assert not OutboundMessage.objects.exists()


def test_attempt_id_cannot_be_guessed(queue):
    attempt = MessageAttempt(message=queue())

    assert len(attempt.pk) == 43  # 256 bits in base64
    assert attempt.pk != MessageAttempt().pk


# --- the jobs' and the pages' queries use an index --------------------------------------------------------


@pytest.fixture
def many_old_messages(branch):
    """As after some years: almost all rows are old ones that need nothing done."""
    sent = {
        "status": Status.DELIVERED,
        "provider_sid": "SM",
        "attempt_count": 1,
        "channel": "sms",
        "to_phone": "+861",
        "body": "x",
    }
    OutboundMessage.objects.bulk_create(
        OutboundMessage(
            branch=branch, dedupe_key=number, kind="note", about=f"student:{number % 500}", due_at=NOW - HOUR,
            useful_until=NOW, not_before=NOW - HOUR, **({} if number % 100 == 0 else sent),
        )
        for number in range(2000)
    )  # fmt: skip
    if connection.vendor == "postgresql":  # it does so by itself; SQLite does not
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE messaging_outboundmessage")


def test_queries_use_their_index(many_old_messages):
    messages = OutboundMessage.objects

    assert "outbox_status" in messages.due(NOW).explain()
    assert "outbox_about" in messages.about("student:17").explain()
    assert "outbox_status" in messages.unresolved().explain()
    assert "outbox_status" in messages.needing_staff().explain()
    assert "outbox_leases" in messages.filter(lease_until__lte=NOW).explain()


# --- what staff do ----------------------------------------------------------------------------------------


@pytest.fixture
def rejected(queue):
    message = queue()
    message.move_to(Status.REJECTED, now=NOW, error_code="21211")
    return message


def test_failed_message_needs_staff_until_it_is_handled(rejected):
    assert list(OutboundMessage.objects.needing_staff()) == [rejected]

    mark_handled(message=rejected, now=NOW)
    mark_handled(message=rejected, now=NOW + HOUR)

    assert not OutboundMessage.objects.needing_staff().exists()
    assert OutboundMessage.objects.get().handled_at == NOW


def test_failed_message_is_sent_again_at_somebodys_word(rejected, reload):
    send_again(message=rejected, now=NOW + HOUR)

    assert reload(rejected).status == Status.QUEUED
    with pytest.raises(NotFailedError):
        send_again(message=rejected, now=NOW + HOUR)


def test_message_that_is_too_late_is_not_sent_again(rejected):
    with pytest.raises(NotFailedError):
        send_again(message=rejected, now=rejected.useful_until)
