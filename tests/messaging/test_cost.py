"""What texts cost: which of them, in whose month, and who sees it."""

from datetime import date
from io import BytesIO

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from branches.models import Branch
from messaging.models import MessageAttempt, Purpose
from messaging.registry import Rendered, renders
from messaging.spending import Spent, spent_by_kind, spent_by_month
from tests.factories import NOW, BranchFactory, at, desk_of, manager_of

pytestmark = pytest.mark.django_db
URL, XLSX = "/messages/cost/", "/messages/cost/xlsx/"
NOVEMBER = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def attempt(queue):
    """attempt(): one accepted text of one part at 6 fen, now; arguments are the fields of attempt and message."""

    def attempt(*, branch=None, kind="note", **fields):
        number = MessageAttempt.objects.count()
        of_branch = {"branch": branch} if branch else {}
        message = queue(subject=f"lesson:{number}", kind=kind, **of_branch)
        facts = {
            "number": 1, "worker": "x", "started_at": NOW, "channel": "sms", "sender": "x", "body": "x", "parts": 1,
            "part_price_fen": 6, "outcome": "accepted",
        } | fields  # fmt: skip
        sid = f"SM{number}" if facts["outcome"] == "accepted" else ""
        return MessageAttempt.objects.create(message=message, provider_sid=sid, **facts)

    return attempt


def spent(first=NOVEMBER, last=NOVEMBER):
    return spent_by_month(Branch.objects.all(), first=first, last=last)


def test_parts_cost_what_a_part_cost_when_they_were_sent(attempt, branch):
    attempt(parts=2, part_price_fen="5.50")
    attempt(parts=3, part_price_fen="6.00")

    assert spent() == {(branch.pk, NOVEMBER): Spent(2, 5, 29)}


def test_half_a_fen_is_rounded_once_in_the_sum(attempt, branch):
    for _text in range(3):
        attempt(part_price_fen="5.50")

    assert spent()[branch.pk, NOVEMBER].cost_minor == 17


@pytest.mark.parametrize(
    "fields",
    [{"outcome": "rejected"}, {"outcome": "unknown"}, {"outcome": "not_sent"}, {"parts": 0, "channel": "call"}],
)
def test_what_no_provider_took_costs_nothing(attempt, fields):
    attempt(**fields)

    assert spent() == {}


def test_a_text_that_was_sent_twice_is_paid_twice(attempt, branch):
    first = attempt()
    MessageAttempt.objects.create(
        message=first.message, number=2, worker="x", started_at=NOW, channel="sms", sender="x", body="x", parts=1,
        part_price_fen=6, outcome="accepted", provider_sid="again",
    )  # fmt: skip

    assert spent()[branch.pk, NOVEMBER] == Spent(2, 2, 12)


def test_months_are_those_of_the_branch(attempt, branch):
    berlin = BranchFactory(time_zone="Europe/Berlin")
    midnight = at("2026-12-01 02:00")  # in Berlin it is still November
    attempt(started_at=midnight)
    attempt(started_at=midnight, branch=berlin)

    assert set(spent(last=date(2026, 12, 1))) == {(branch.pk, date(2026, 12, 1)), (berlin.pk, NOVEMBER)}


@pytest.mark.parametrize(("when", "counted"), [("2026-10-31 23:59", False), ("2026-11-01 00:00", True)])
def test_months_begin_at_midnight(attempt, when, counted):
    attempt(started_at=at(when))

    assert bool(spent()) == counted


def test_kinds_are_told_apart(attempt, branch):
    @renders("offer", purpose=Purpose.MARKETING)
    def offer(message, now):
        return Rendered("x", "x")

    attempt()
    attempt(kind="offer", parts=3)

    kinds = spent_by_kind([branch], first=NOVEMBER, last=NOVEMBER)
    assert {kind: one.parts for (_branch, _month, kind), one in kinds.items()} == {"note": 1, "offer": 3}


def test_a_manager_sees_the_own_branch_and_the_owner_all(client, attempt, branch, other_branch, owner):
    attempt()
    attempt(branch=other_branch, parts=2)
    client.force_login(manager_of(branch))
    mine = client.get(URL)
    assert (mine.context["branches"], mine.context["total"].parts) == ([branch], 1)
    assert client.get(URL, {"branch": other_branch.pk, "month": "2026-11"}).context["opened"] is None

    client.force_login(owner)

    assert client.get(URL).context["total"].parts == 3


def test_the_desk_does_not(client, branch):
    client.force_login(desk_of(branch))

    assert [client.get(url).status_code for url in (URL, XLSX)] == [403, 403]


def test_a_cell_opens_to_its_kinds(client, attempt, branch):
    attempt(parts=2)
    client.force_login(manager_of(branch))
    assert f"?branch={branch.pk}&amp;month=2026-11" in client.get(URL).content.decode()

    opened = client.get(URL, {"branch": branch.pk, "month": "2026-11"}).context["opened"]

    assert [(line.kind, line.spent.parts) for line in opened["lines"]] == [("note", 2)]


@pytest.mark.parametrize("query", [{"branch": "x"}, {"month": "2026-11"}, {"branch": "1", "month": "1999-01"}])
def test_a_made_up_cell_opens_nothing(client, branch, query):
    client.force_login(manager_of(branch))

    assert client.get(URL, query).context["opened"] is None


def test_the_workbook_adds_up_to_the_page(client, attempt, branch, other_branch, owner):
    attempt(part_price_fen="5.50")
    attempt(branch=other_branch, parts=2, started_at=at("2026-10-05 10:00"))
    client.force_login(owner)

    sheet = load_workbook(BytesIO(client.get(XLSX).content)).active

    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[1] for row in rows] == [branch.name, other_branch.name]
    assert [row[4:] for row in rows] == [[1, 1, 0.06], [1, 2, 0.12]]


def test_the_table_costs_the_same_for_one_branch_and_for_three(client, attempt, owner, django_assert_max_num_queries):
    client.force_login(owner)
    counts = []
    for _number in range(3):
        attempt(branch=BranchFactory())
        with django_assert_max_num_queries(12) as queries:
            client.get(URL)
        counts.append(len(queries))

    assert counts[0] == counts[2]
