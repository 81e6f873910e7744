"""The pages of numbers: what they show, where each number leads, the workbook, and who sees what."""

import json
from html import unescape
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from branches.roles import PERMISSIONS, Role
from reports import words
from reports.funnel import FIGURES
from reports.rows import KINDS
from sales.models import ChannelCost
from scheduling.models import MakeUp
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    ChannelFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    EnquiryFactory,
    LessonFactory,
    UserFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
)
from tests.renewals.rate_world import buy
from tests.reports.test_lessons import held

BY_ROW = {"figures", "speed", "children"}  # tables with the formula in the last column
PAGES = ["numbers", "numbers/funnel", "numbers/lessons", "numbers/money", "numbers/branches"]


@pytest.fixture(autouse=True)
def _november(monkeypatch):
    monkeypatch.setattr("reports.views.base.NumbersMixin.now", NOW)


@pytest.fixture
def manager(client, branch):
    manager = manager_of(branch)
    client.force_login(manager)
    return manager


def asked(branch, *, number=1, **fields):
    return EnquiryFactory.create_batch(number, branch=branch, registered_date="2026-11-05", **fields)


def fill(branch):
    """One of everything that the pages count."""
    moments = dict.fromkeys(["contacted_at", "booked_at", "came_at", "signed_at"], at("2026-11-06 10:00"))
    facts = {"channel": ChannelFactory(), "owner": UserFactory(), "stage": "signed"}
    asked(branch, **facts, **moments)
    group = ClassGroupFactory(branch=branch, first_date="2026-10-01")
    _lesson, [on_leave, came] = held(group, "2026-11-07", ["leave", "present"])
    MakeUp.objects.create(original=on_leave, expires_date="2026-12-31", opened_at=NOW)
    LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    ClassMemberFactory(class_group=group, enrolment=came.enrolment, joined_date="2026-11-02")
    buy(came.enrolment, at("2026-11-01 12:00").date())
    AttendanceFactory(lesson=LessonFactory(class_group=group, starts_at=at("2026-11-14 09:00")))


# --- what they show --------------------------------------------------------------------------------------


def test_funnel_counts_a_group_and_leads_to_its_rows(client, manager, branch):
    channel, other = ChannelFactory(name="抖音来的"), ChannelFactory()
    asked(branch, number=3, channel=channel)
    asked(branch, channel=other)
    asked(branch)

    page = client.get("/numbers/funnel/")
    lines = {row[0].text: row for row in page.context["tables"][0].rows}

    assert {name: row[1].text for name, row in lines.items() if name in ("抖音来的", str(other))} == {
        "抖音来的": "3",
        str(other): "1",
    }
    rows = client.get(lines["抖音来的"][1].link)
    assert rows.context["paginator"].count == 3
    without = next(row for name, row in lines.items() if name not in ("抖音来的", str(other)))
    assert client.get(without[1].link).context["paginator"].count == 1


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("basis", ["event", "cohort"])
def test_every_number_opens_to_as_many_rows(client, manager, branch, page, basis):
    """Whatever the page writes as a number with a link, behind the link are so many rows."""
    fill(branch)

    tables = client.get(f"/{page}/?basis={basis}").context["tables"]
    cells = [cell for table in tables for row in [*table.rows, *([table.total] if table.total else [])] for cell in row]
    numbers = [cell for cell in cells if "figure=" in cell.link and isinstance(cell.value, int)]

    assert numbers
    for cell in numbers:
        answer = client.get(cell.link)
        assert answer.status_code == 200
        assert answer.context["paginator"].count == cell.value, cell


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_says_its_formula(client, manager, branch, page):
    fill(branch)

    answer = client.get(f"/{page}/")
    text, tables = unescape(answer.content.decode()), answer.context["tables"]

    by_column = [one for table in tables if table.name not in BY_ROW for one in table.columns if one.is_number]
    by_row = [row[-1].text for table in tables if table.name in BY_ROW for row in table.rows]
    formulas = [*(one.formula for one in by_column), *by_row]
    assert formulas
    assert all(formula and formula in text for formula in formulas)


def test_both_bases_are_labelled_and_never_on_one_page(client, manager, branch):
    event, cohort = (client.get(f"/numbers/funnel/?basis={basis}").content.decode() for basis in ("event", "cohort"))

    assert 'data-basis="event"' in event
    assert 'data-basis="cohort"' not in event
    assert 'data-basis="cohort"' in cohort


def test_trend_is_drawn_from_the_numbers_of_its_table(client, manager, branch):
    asked(branch, number=4)

    page = client.get("/numbers/funnel/")
    context = page.context
    drawn = json.loads(context["chart"].value)
    table = next(table for table in context["tables"] if table.name == "months")

    assert drawn["datasets"][0]["data"] == [row[1].value for row in table.rows] == [0, 0, 0, 0, 0, 4]
    assert drawn["labels"][-1] == "2026-11"
    assert f'data-line="0">{words.FUNNEL["leads"].name}</span>' in page.content.decode()


def test_costs_are_divided_by_what_they_brought(client, manager, branch, other_branch):
    channel = ChannelFactory(name="抖音来的")
    moments = {"came_at": at("2026-11-06 10:00")}
    asked(branch, number=3, channel=channel)
    asked(branch, number=1, channel=channel, **moments)
    spent = {"channel": channel, "month": "2026-11-01", "noted_by": manager, "noted_at": NOW}
    ChannelCost.objects.create(branch=branch, amount_minor=1000_00, **spent)
    ChannelCost.objects.create(branch=other_branch, amount_minor=9999_00, **spent)

    tables = {table.name: table for table in client.get("/numbers/funnel/").context["tables"]}
    costs = [cell.text for cell in tables["rates"].rows[0][-4:]]

    assert costs == ["¥1,000.00", "¥250.00", "¥1,000.00", "–"]
    for days in ("first=2026-11-02&last=2026-11-30", "first=2026-11-01&last=2026-11-29"):
        part = client.get(f"/numbers/funnel/?{days}").context["tables"][1]
        assert len(part.columns) == 6  # of a part of a month nobody knows the cost


def test_workbook_has_the_tables_and_their_formulas(client, manager, branch):
    asked(branch, number=2, channel=ChannelFactory(name="=抖音"))

    answer = client.get("/numbers/funnel/?xlsx=1")
    book = load_workbook(BytesIO(answer.content))

    assert 'filename="numbers_funnel-2026-11-01.xlsx"' in answer["Content-Disposition"]
    first = book.worksheets[0]
    assert [cell.value for cell in first[2]][:3] == ["=抖音", 2, 2]
    assert first["A2"].data_type == "s"
    formulas = {row[0].value: row[1].value for row in book.worksheets[-1].iter_rows(min_row=2)}
    assert formulas[str(words.FUNNEL["leads"].name)] == str(words.FUNNEL["leads"].formula)


def test_empty_school_says_what_to_do(client, manager):
    for page in PAGES:
        assert client.get(f"/{page}/").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "figure=nothing",
        "figure=leads&by=teacher&group=1",
        "figure=leads&by=channel&group=x",
        "figure=new&by=branch&group=1",
    ],
)
def test_what_is_no_figure_has_no_rows(client, manager, query):
    assert client.get(f"/numbers/rows/?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["period=2026-99", "first=2026-11-09", "first=2026-11-09&last=2026-11-01", "branch=x"]
)
def test_a_choice_that_cannot_be_shows_this_month(client, manager, branch, query):
    answer = client.get(f"/numbers/?{query}")

    assert answer.status_code == 200
    assert str(answer.context["scope"].period.first) == "2026-11-01"
    assert answer.context["scope"].branches == (branch,)


# --- who sees what ---------------------------------------------------------------------------------------


def test_numbers_of_another_branch_are_on_no_page(client, manager, branch, other_branch):
    fill(branch)
    alone = [[cell.text for cell in row] for page in PAGES for row in _rows(client, page)]
    fill(other_branch)

    assert [[cell.text for cell in row] for page in PAGES for row in _rows(client, page)] == alone
    for kind in KINDS:
        for figure in kind.figures:
            answer = client.get(f"/numbers/rows/?figure={figure}&branch={other_branch.pk}")
            assert answer.context["scope"].branches == (branch,)
            names = [cell.text for line in answer.context["lines"] for _title, cell in line]
            assert str(other_branch) not in names


def _rows(client, page):
    return [row for table in client.get(f"/{page}/").context["tables"] for row in [*table.rows, table.total or []]]


def test_a_manager_who_works_at_the_desk_elsewhere_sees_the_numbers_of_their_own_branch_only(
    client, branch, other_branch
):
    manager = manager_of(branch)
    manager.memberships.create(branch=other_branch, role=Role.FRONT_DESK)
    asked(branch)
    asked(other_branch, number=5)
    client.force_login(manager)

    assert client.get("/numbers/rows/?figure=leads").context["paginator"].count == 1


def test_the_owner_sees_all_branches_side_by_side(client, branch, other_branch):
    asked(branch)
    asked(other_branch, number=2)
    client.force_login(owner_of_school())

    table = client.get("/numbers/branches/").context["tables"][0]

    assert [[cell.text for cell in row[:2]] for row in table.rows] == [[str(branch), "1"], [str(other_branch), "2"]]
    assert table.total[1].text == "3"


def test_the_desk_has_no_numbers(client, branch):
    client.force_login(desk_of(branch))

    assert {client.get(f"/{page}/").status_code for page in [*PAGES, "numbers/rows"]} == {403}
    assert "reports.view_reports" not in PERMISSIONS[Role.TEACHER]


@pytest.mark.parametrize("page", [*PAGES, *(f"numbers/rows/?figure={figure}" for figure in [*FIGURES, "present"])])
def test_as_many_queries_for_three_rows_as_for_one(client, owner, branch, page):
    client.force_login(owner)
    url = f"/{page}" if "?" in page else f"/{page}/"
    fill(branch)
    client.get(url)
    before = _queries(client, url)
    for _number in range(2):
        fill(BranchFactory())

    assert _queries(client, url) == before


def _queries(client, url):
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return len(captured)
