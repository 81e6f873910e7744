"""The forecast of renewals: its reckoning, who is expected when, and the page."""

import datetime
import json
from fractions import Fraction

import pytest

from enrolments.models import Order, OrderItem
from renewals.forecast.expectation import Basis, Cell, Hits, basis_of, by_week, expectations, fen, tenth, total_of
from renewals.forecast.sets import Grouping, cells, hits_of, to_come
from renewals.models import RenewalOpportunity
from renewals.rates.formulas import Period
from renewals.rates.scope import Scope
from renewals.services import lose_opportunity, open_due_opportunities
from tests.factories import NOW, TODAY, EnrolmentFactory, OrderFactory, UserFactory, desk_of, manager_of, sell
from tests.renewals.rate_world import buy, open_renewal

URL = "/renewals/forecast/"
MONDAY = datetime.date(2026, 11, 16)  # of the week of NOW
WEEK = datetime.timedelta(days=7)
MONDAYS = [MONDAY + number * WEEK for number in range(8)]
LAST_TERM = Period(datetime.date(2026, 4, 1), datetime.date(2026, 9, 30))
DAY = datetime.timedelta(days=1)


# --- the reckoning ---------------------------------------------------------------------------------------


def test_expected_is_due_times_the_share_of_last_term():
    found = expectations([Cell(1, 7, MONDAY, 12, 0, 12_000_00)], {(1, 7): Hits(71, 100)})

    [one] = found.values()
    assert (tenth(one.renewals), fen(one.minor), one.basis) == ("8.5", 8_520_00, Basis.GROUP)


@pytest.mark.parametrize(
    ("hits", "basis", "share"),
    [
        ({(1, 7): Hits(4, 5), (1, 8): Hits(0, 5)}, Basis.GROUP, Fraction(4, 5)),
        ({(1, 7): Hits(4, 4), (1, 8): Hits(0, 4)}, Basis.BRANCH, Fraction(1, 2)),
        ({(2, 7): Hits(1, 3)}, Basis.ALL, Fraction(1, 3)),
        ({}, Basis.NONE, None),
    ],
)
def test_small_group_leans_on_its_branch_then_on_all(hits, basis, share):
    found, reckoned_with = basis_of((1, 7), hits)

    assert (found, reckoned_with.share) == (basis, share)


def test_weeks_add_up_to_the_whole():
    rows = [
        Cell(1, 7, MONDAY - DAY, 3, 0, 300_00),  # before the first week: it stands there
        Cell(1, 7, MONDAY + 6 * DAY, 1, 1, 0),
        Cell(1, 8, MONDAY + 7 * DAY, 2, 0, 100_01),
        Cell(2, 9, MONDAY + 7 * DAY, 5, 0, 500_00),
    ]
    expected = expectations(rows, {(1, 7): Hits(1, 5), (1, 8): Hits(5, 5)})
    weeks = by_week(rows, expected, MONDAYS)
    total = total_of(weeks.values())

    assert [one.due for one in weeks.values()] == [4, 7, 0, 0, 0, 0, 0, 0]
    assert total.due == 11
    assert total.renewals == sum(one.renewals for one in expected.values())
    assert total.minor == sum(one.minor for one in expected.values())
    assert expected[2, 9].basis == Basis.ALL


# --- who is expected, and when ---------------------------------------------------------------------------


def expected_rows():
    """{enrolment id: (renews_on, next_minor, open_stage)}."""
    open_due_opportunities(now=NOW)
    rows = to_come(Scope().accounts(None), mondays=MONDAYS, now=NOW)
    return {row.pk: (row.renews_on, row.next_minor, row.open_stage) for row in rows}


def test_open_renewal_stands_in_the_week_of_its_run_out(learner):
    soon, used_up = learner(2), learner(0)

    assert expected_rows() == {
        soon.pk: (TODAY + 14 * DAY, 2400_00, "due"),
        used_up.pk: (MONDAY, 2400_00, "due"),
    }


def test_account_that_will_run_out_counts_before_its_renewal_opens(learner):
    later, too_late = learner(6), learner(9)

    found = expected_rows()

    assert found[later.pk] == (TODAY + 42 * DAY, 2400_00, None)
    assert too_late.pk not in found


def test_finished_child_and_lost_renewal_are_not_expected(learner):
    learner(6, in_class=False)
    lost = learner(2)
    open_due_opportunities(now=NOW)
    opportunity = RenewalOpportunity.objects.get(enrolment=lost)
    lose_opportunity(opportunity=opportunity, reason="price", note="", by=UserFactory(), now=NOW)

    assert expected_rows() == {}


def test_who_renewed_is_not_expected_again(learner):
    enrolment = learner(2)
    open_due_opportunities(now=NOW)
    sell(enrolment, 20, now=NOW + DAY)

    assert expected_rows() == {}


def test_price_is_the_prepared_order_s_then_the_last_purchase_s(learner):
    prepared, bought = learner(2), learner(2)
    order = OrderFactory(
        branch=prepared.branch, status=Order.Status.DRAFT, total_minor=1999_00, confirmed_at=None, confirmed_by=None
    )
    OrderItem.objects.create(
        order=order,
        student=prepared.student,
        course=prepared.course,
        paid_credits=20,
        list_price_minor=150_00,
        before_minor=1999_00,
        amount_minor=1999_00,
        start_date=TODAY,
    )

    found = expected_rows()

    assert (found[prepared.pk][1], found[bought.pk][1]) == (1999_00, 2400_00)


def test_class_that_ends_says_when_its_children_renew(learner):
    enrolment = learner(20)
    enrolment.lots.update(sold_at=NOW - 100 * DAY)
    enrolment.class_members.get().class_group.rules.all().delete()

    assert expected_rows() == {enrolment.pk: (datetime.date(2026, 11, 28), 2400_00, "due")}


def test_cells_count_and_add_up_the_rows(learner):
    learner(2), learner(6)
    rows = expected_rows()

    for grouping in Grouping:
        found = list(cells(to_come(Scope().accounts(None), mondays=MONDAYS, now=NOW), grouping))
        assert sum(cell.due for cell in found) == len(rows)
        assert sum(cell.money_minor for cell in found) == sum(price for _day, price, _stage in rows.values())
        assert {cell.day for cell in found} == {day for day, _price, _stage in rows.values()}


def test_last_term_is_r7_of_each_group(learner):
    enrolment = learner(2)
    owner, teacher = UserFactory(), enrolment.class_members.get().class_group.teacher
    twice = EnrolmentFactory(branch=enrolment.branch, course=enrolment.course)
    for one in (enrolment, twice):
        buy(one, LAST_TERM.first)
        RenewalOpportunity.objects.filter(pk=open_renewal(one, LAST_TERM.last).pk).update(owner=owner)
    buy(twice, LAST_TERM.last + 3 * DAY)
    branch, course = enrolment.branch_id, enrolment.course_id

    assert hits_of(Scope(), LAST_TERM, Grouping.COURSE) == {(branch, course): Hits(1, 2)}
    assert hits_of(Scope(), LAST_TERM, Grouping.OWNER) == {(branch, owner.pk): Hits(1, 2)}
    assert hits_of(Scope(), LAST_TERM, Grouping.TEACHER) == {
        (branch, teacher.pk): Hits(0, 1),
        (branch, None): Hits(1, 1),
    }


# --- the page --------------------------------------------------------------------------------------------


@pytest.fixture
def manager(client, branch, monkeypatch):
    for view in ("ForecastView", "ForecastChildrenView"):
        monkeypatch.setattr(f"renewals.forecast.views.{view}.now", NOW)
    person = manager_of(branch)
    client.force_login(person)
    return person


def test_page_shows_the_working_and_opens_to_the_children(client, manager, learner):
    enrolment = learner(2, name="田萍")
    open_due_opportunities(now=NOW)

    page = client.get(URL)

    [group] = page.context["groups"]
    assert (group["one"].due, group["one"].basis, group["renewals"]) == (1, Basis.NONE, None)
    assert [week["due"] for week in page.context["weeks"]] == [0, 0, 1, 0, 0, 0, 0, 0]
    assert json.loads(page.context["chart"])["datasets"][1]["data"] == [0, 0, 1, 0, 0, 0, 0, 0]
    for chosen in (
        {},
        {"week": "2026-11-30"},
        {"group": enrolment.course_id, "at": enrolment.branch_id},
        {"by": "owner", "group": RenewalOpportunity.objects.get().owner_id},
        {"by": "teacher", "group": enrolment.class_members.get().class_group.teacher_id},
    ):
        found = client.get(f"{URL}children/", chosen).context["children"]
        assert [row.student.name for row, _stage in found] == ["田萍"], chosen
    assert client.get(f"{URL}children/", {"week": "2026-11-23"}).context["children"] == []


def test_week_that_is_none_of_them(client, manager):
    assert client.get(f"{URL}children/", {"week": "2026-11-24"}).status_code == 404
    assert client.get(f"{URL}children/", {"group": "x"}).status_code == 404


def test_manager_sees_own_branch_only(client, manager, learner, other_branch):
    learner(2, branch=other_branch)
    open_due_opportunities(now=NOW)

    assert client.get(URL, {"branch": other_branch.pk}).context["groups"] == []
    assert client.get(f"{URL}children/", {"branch": other_branch.pk, "at": other_branch.pk}).context["children"] == []


def test_desk_sees_no_forecast(client, branch):
    client.force_login(desk_of(branch))

    assert client.get(URL).status_code == 403


def test_last_term_may_be_chosen(client, manager):
    chosen = client.get(URL, {"first": "2026-03-01", "last": "2026-06-30", "weeks": "12"}).context

    assert chosen["last_term"] == Period(datetime.date(2026, 3, 1), datetime.date(2026, 6, 30))
    assert len(chosen["weeks"] or chosen["form"].mondays) == 12
    wrong = client.get(URL, {"first": "2026-03-01"}).context
    assert wrong["form"].errors
    assert wrong["last_term"].last == TODAY - 31 * DAY  # whose windows are over


def test_same_number_of_queries_for_one_child_and_three(client, manager, learner, django_assert_num_queries):
    for more in (1, 2):
        for _child in range(more):
            learner(2)
        open_due_opportunities(now=NOW)
        with django_assert_num_queries(8):
            client.get(URL, {"by": "teacher"})
        with django_assert_num_queries(8):
            client.get(f"{URL}children/")
