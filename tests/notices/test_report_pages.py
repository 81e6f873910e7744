"""The pages on which one watches a notice go out, reads what became of it, and finds it again."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from messaging.inbound import receive
from messaging.models import OutboundMessage, Status
from messaging.services import drain_outbox
from notices.models import Notice
from notices.services import ask_for_release, pause_notice, queue_batches
from tests.factories import NOW, manager_of
from tests.notices.conftest import TEXT, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_now")]


# --- while it goes out, and afterwards -------------------------------------------------------------------


def test_buttons_pause_go_on_and_stop(as_, manager, released):
    client = as_(manager)
    states = []
    for name in ("pause", "resume", "stop"):
        step(client, released, name)
        states.append(Notice.objects.get().state)

    assert states == ["paused", "sending", "stopped"]


def test_report_counts_each_state(as_, manager, released, family, fake_twilio):
    drain_outbox(now=NOW)
    queue_batches(now=NOW)
    fake_twilio.deliver()
    mother = OutboundMessage.objects.get(recipient=f"guardian:{family.mother.pk}")
    receive(provider_sid="SM9", from_phone=mother.to_phone, body="收到，谢谢", now=NOW)
    OutboundMessage.objects.exclude(pk=mother.pk).update(status=Status.UNDELIVERED, error_code="30005")

    page = as_(manager).get(f"/notices/{released.pk}/")

    numbers = {card["key"]: card["number"] for card in page.context["cards"]}
    assert numbers == {
        "to_send": 0, "sent": 0, "delivered": 1, "failed": 1, "not_sent": 0, "replied": 1
    }  # fmt: skip
    assert (page.context["through"], page.context["total"], page.context["again_count"]) == (2, 2, 1)
    assert "收到，谢谢" in page.content.decode()
    for key in ("failed", "replied", "delivered"):
        rows = as_(manager).get(f"/notices/{released.pk}/", {"state": key}).context["page_obj"].object_list
        assert len(rows) == 1

    step(as_(manager), released, "again")
    assert OutboundMessage.objects.filter(status=Status.QUEUED).count() == 1


def test_what_a_pause_took_back_is_still_to_be_sent_and_after_a_stop_is_not(as_, manager, released, fake_twilio):
    pause_notice(notice=released, by=manager, now=NOW)
    drain_outbox(now=NOW)

    def numbers():
        page = as_(manager).get(f"/notices/{released.pk}/")
        return {card["key"]: card["number"] for card in page.context["cards"] if card["number"]}

    assert numbers() == {"to_send": 2}
    assert len(as_(manager).get(f"/notices/{released.pk}/?state=to_send").context["page_obj"].object_list) == 2
    step(as_(manager), released, "stop")
    assert numbers() == {"not_sent": 2}


def test_left_out_are_named_with_the_reason(as_, manager, draft, family, child):
    left = child("没电话", is_told=False)
    notice = ask_for_release(notice=draft(), message_count=2, by=manager, now=NOW)

    page = as_(manager).get(f"/notices/{notice.pk}/")

    [(_label, rows)] = page.context["left_out"]
    assert [row.student for row in rows] == [left]


def test_workbook_lists_everybody_without_whole_numbers(as_, manager, draft, family, child, fake_twilio):
    child("没电话", is_told=False)
    notice = ask_for_release(notice=draft(), message_count=2, by=manager, now=NOW)
    drain_outbox(now=NOW)

    content = as_(manager).get(f"/notices/{notice.pk}/report.xlsx").content

    people, left_out = load_workbook(BytesIO(content)).worksheets
    rows = list(people.iter_rows(min_row=2, values_only=True))
    assert {row[2] for row in rows} == {"田萍妈妈", "王强妈妈"}
    assert not any(family.mother.phone[3:] in str(cell) for row in rows for cell in row)
    assert [row[1] for row in left_out.iter_rows(min_row=2, values_only=True)] == ["没电话"]


def test_copy_leads_to_a_new_draft(as_, manager, released):
    answer = step(as_(manager), released, "copy", token="copy")

    copy = Notice.objects.exclude(pk=released.pk).get()
    assert answer.url == f"/notices/{copy.pk}/edit/"
    assert as_(manager).get(answer.url).context["form"]["text"].value() == TEXT


def test_draft_is_thrown_away(as_, manager, draft, group):
    step(as_(manager), draft(), "drop")

    assert not Notice.objects.exists()


# --- the list --------------------------------------------------------------------------------------------


def test_list_shows_state_and_counts(as_, manager, released, draft, fake_twilio):
    draft(text="还没发")
    drain_outbox(now=NOW)

    page = as_(manager).get("/notices/")

    assert [notice.state for notice in page.context["notices"]] == ["draft", "sending"]
    assert page.context["notices"][1].sent_count == 2
    assert [n.state for n in as_(manager).get("/notices/?state=sending").context["notices"]] == ["sending"]


def test_other_branches_do_not_see_it(as_, other_branch, released):
    client = as_(manager_of(other_branch))

    assert list(client.get("/notices/").context["notices"]) == []
    assert client.get(f"/notices/{released.pk}/").status_code == 404


@pytest.mark.parametrize("row_count", [1, 3])
def test_list_asks_as_much_for_one_row_as_for_three(as_, manager, draft, family, row_count, django_assert_num_queries):
    for _ in range(row_count):
        ask_for_release(notice=draft(), message_count=2, by=manager, now=NOW)
    client = as_(manager)
    client.get("/notices/")

    with django_assert_num_queries(9):
        client.get("/notices/")


@pytest.mark.parametrize("row_count", [1, 3])
def test_report_asks_as_much_for_one_family_as_for_three(
    as_, manager, draft, child, row_count, django_assert_num_queries
):
    for number in range(row_count):
        child(f"学员{number}")
    notice = ask_for_release(notice=draft(), message_count=row_count, by=manager, now=NOW)
    client = as_(manager)
    client.get(f"/notices/{notice.pk}/")

    with django_assert_num_queries(18):
        client.get(f"/notices/{notice.pk}/")


def test_times_are_those_of_the_branch(as_, manager, branch, released):
    type(branch).objects.filter(pk=branch.pk).update(time_zone="Asia/Tokyo")

    for url in ("/notices/", f"/notices/{released.pk}/"):
        assert "2026-11-21 13:00" in as_(manager).get(url).content.decode()
