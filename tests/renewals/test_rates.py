"""The rates of renewal: their formulas, whom they count, and the page that shows them."""

import datetime
from fractions import Fraction
from io import BytesIO
from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from renewals.rates import formulas
from renewals.rates.formulas import Period, month_period
from renewals.rates.report import CODES, Report
from renewals.rates.scope import PAIR, Scope, pairs
from tests.factories import (
    NOW,
    BranchFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    CourseFactory,
    EnrolmentFactory,
    StudentFactory,
    SubjectFactory,
    UserFactory,
    desk_of,
    manager_of,
)
from tests.renewals.rate_world import Recount, buy, give_back, lessons, move, open_renewal, pair

URL = "/renewals/rates/"
OCTOBER = month_period(datetime.date(2026, 10, 1))
SEPTEMBER = OCTOBER.before
DUE = datetime.date(2026, 10, 10)
TODAY = datetime.date(2026, 11, 21)
DAY = datetime.timedelta(days=1)


# --- formulas --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "working"),
    [
        (formulas.at_start(renewed=18, start=20), "18 ÷ 20 = 90.0 %"),
        (formulas.at_end(renewed=18, end=24), "18 ÷ 24 = 75.0 %"),
        (formulas.on_average(renewed=18, start=20, end=25), "18 ÷ ((20 + 25) ÷ 2) = 80.0 %"),
        (
            formulas.of_last_period(renewed=18, start=20, joined=3, transferred_in=1, transferred_out=2),
            "18 ÷ (20 + 3 + 1 − 2) = 81.8 %",
        ),
        (formulas.with_finishers(renewed=18, finished=4), "18 ÷ (18 + 4) = 81.8 %"),
        (formulas.promoted(moved_on=1, source=3), "1 ÷ 3 = 33.3 %"),
        (formulas.of_due(renewed=2, due=3), "2 ÷ 3 = 66.7 %"),
        (formulas.of_due(renewed=1, due=16), "1 ÷ 16 = 6.3 %"),  # 6.25: half up
        (formulas.at_start(renewed=3, start=2), "3 ÷ 2 = 150.0 %"),
    ],
)
def test_formula_is_shown_with_its_figures(rate, working):
    assert rate.working == working


def test_rate_of_nobody_is_no_number():
    nothing = [
        formulas.at_start(renewed=0, start=0),
        formulas.on_average(renewed=2, start=0, end=0),
        formulas.of_last_period(renewed=0, start=2, joined=0, transferred_in=0, transferred_out=2),
        formulas.with_finishers(renewed=0, finished=0),
        formulas.of_due(renewed=0, due=0),
    ]

    assert [(rate.share, rate.percent) for rate in nothing] == [(None, "–")] * 5


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_percent_is_the_nearest_tenth(part, whole):
    shown = Fraction(formulas.percent_text(Fraction(part, whole)).removesuffix(" %").replace(",", ""))

    assert abs(shown - Fraction(part * 100, whole)) <= Fraction(1, 20)


def test_period_before_a_month_is_a_month_and_before_a_term_as_many_days():
    march = month_period(datetime.date(2027, 3, 15))
    term = Period(datetime.date(2026, 9, 7), datetime.date(2026, 9, 20))

    assert march.before == Period(datetime.date(2027, 2, 1), datetime.date(2027, 2, 28))
    assert term.before == Period(datetime.date(2026, 8, 24), datetime.date(2026, 9, 6))


@pytest.mark.parametrize(
    ("stage", "shown"),
    [(None, {75, 70, 50}), ("compulsory", {75, 70}), ("senior_high", {50}), ("preschool", set()), ("any", set())],
)
def test_benchmarks_fit_the_stage_of_the_course(stage, shown):
    assert {one.good for one in formulas.benchmarks_for(stage)} == shown


# --- R7 --------------------------------------------------------------------------------------------------


@pytest.fixture
def child(branch):
    """A child that bought long ago and was due on 10 October."""
    enrolment = EnrolmentFactory(branch=branch)
    buy(enrolment, datetime.date(2026, 3, 1))
    open_renewal(enrolment, DUE)
    return enrolment


def report(scope=None, period=OCTOBER, today=TODAY):
    return Report(scope or Scope(), period, today)


def r7():
    return report().r7.rate.working


@pytest.mark.parametrize(("days", "counts"), [(-31, 0), (-30, 1), (0, 1), (30, 1), (31, 0)])
def test_r7_counts_thirty_days_before_and_after(child, days, counts):
    buy(child, DUE + days * DAY)

    assert report().r7.rate.numerator == counts


@pytest.mark.parametrize("facts", [{"price_minor": 0}, {"paid_credits": 0}])
def test_r7_does_not_count_what_was_given(child, facts):
    buy(child, DUE, **facts)

    assert r7() == "0 ÷ 1 = 0.0 %"


@pytest.mark.parametrize(("days", "counts"), [(30, 0), (31, 1)])
def test_refund_within_thirty_days_takes_the_renewal_back(child, days, counts):
    give_back(buy(child, DUE), DUE + days * DAY)

    assert report().r7.rate.numerator == counts


def test_first_purchase_is_no_renewal(branch):
    enrolment = EnrolmentFactory(branch=branch)
    open_renewal(enrolment, DUE)
    buy(enrolment, DUE - 5 * DAY)

    assert r7() == "0 ÷ 1 = 0.0 %"


def test_r7_splits_same_subject_and_another(child):
    drawing = EnrolmentFactory(branch=child.branch, student=child.student)
    buy(drawing, DUE + DAY)

    found = report()

    assert (found.r7.rate.numerator, found.expansion.working) == (0, "1 ÷ 1 = 100.0 %")


def test_r7_is_provisional_while_a_child_may_still_renew(child):
    running, over = report(today=DUE + 30 * DAY), report(today=DUE + 31 * DAY)

    assert (running.running_number, list(running.running), running.settled.percent) == (1, [child], "–")
    assert (over.running_number, list(over.running), over.settled.percent) == (0, [], "0.0 %")


def test_lot_that_expires_with_credits_is_due(branch):
    enrolment = EnrolmentFactory(branch=branch)
    lot = buy(enrolment, datetime.date(2026, 3, 1), expires_date=DUE)
    used_up = EnrolmentFactory(branch=branch)
    buy(used_up, datetime.date(2026, 3, 1), expires_date=DUE)
    type(lot).objects.filter(pk=lot.pk).update(paid_left=3)

    assert list(report().due) == [enrolment]


# --- R4, R5, R6 ------------------------------------------------------------------------------------------


def test_r4_counts_joiners_and_transfers_of_the_class(branch):
    """One from the start, one joiner, one transferred in, one transferred out; the first pays.

    The joiner goes on in its other class for a while: it was not transferred.
    """
    course = CourseFactory()
    group, other = ClassGroupFactory.create_batch(2, branch=branch, course=course, first_date=SEPTEMBER.first)
    for one in (group, other):
        lessons(one, SEPTEMBER.first, OCTOBER.last)
    first, joiner, came, went = EnrolmentFactory.create_batch(4, branch=branch, course=course)
    middle = SEPTEMBER.first + 14 * DAY
    ClassMemberFactory(class_group=group, enrolment=first, joined_date=SEPTEMBER.first)
    ClassMemberFactory(class_group=group, enrolment=joiner, joined_date=middle)
    ClassMemberFactory(class_group=other, enrolment=joiner, joined_date=SEPTEMBER.first, left_date=middle + 5 * DAY)
    ClassMemberFactory(class_group=other, enrolment=came, joined_date=SEPTEMBER.first, left_date=middle)
    ClassMemberFactory(class_group=group, enrolment=came, joined_date=middle)
    ClassMemberFactory(class_group=group, enrolment=went, joined_date=SEPTEMBER.first, left_date=middle)
    ClassMemberFactory(class_group=other, enrolment=went, joined_date=middle)
    buy(first, datetime.date(2026, 3, 1))
    buy(first, OCTOBER.first)
    buy(joiner, middle)  # its first: a newcomer is never in the numerator

    found = report(Scope(class_group=group)).r4

    assert found.rate.working == "1 ÷ (2 + 1 + 1 − 1) = 33.3 %"
    assert set(found.missing) == {joiner, came}
    assert report().r4.rate.working == "1 ÷ (4 + 0 + 0 − 0) = 25.0 %"  # for the branch nobody was transferred


def test_r5_finisher_has_nothing_left(branch):
    renewed, finished, elsewhere = EnrolmentFactory.create_batch(3, branch=branch)
    for one in (renewed, finished, elsewhere):
        move(one, 2, SEPTEMBER.first)
        move(one, -2, OCTOBER.first)
    other_course = CourseFactory(subject=elsewhere.course.subject)
    move(EnrolmentFactory(branch=branch, student=elsewhere.student, course=other_course), 5, OCTOBER.first)
    buy(renewed, datetime.date(2026, 3, 1))
    buy(renewed, OCTOBER.first)

    found = report().r5

    assert found.rate.working == "1 ÷ (1 + 1) = 50.0 %"
    assert list(found.missing) == [finished]


def test_r6_knows_which_course_goes_on_in_which(branch):
    beginners, advanced = CourseFactory.create_batch(2)
    group = ClassGroupFactory(branch=branch, course=beginners, first_date=SEPTEMBER.first)
    lessons(group, OCTOBER.first)
    went_on, left = (ClassMemberFactory(class_group=group, joined_date=SEPTEMBER.first).enrolment for _ in range(2))
    buy(EnrolmentFactory(branch=branch, student=went_on.student, course=advanced), OCTOBER.last + 30 * DAY)
    assert report().r6.rate.percent == "–"

    beginners.continues_in.add(advanced)

    assert report().r6.rate.working == "1 ÷ 2 = 50.0 %"
    assert list(report().r6.missing) == [left]


# --- whatever the data: the sets are what a slow second count finds -----------------------------------------

# Days from the first of October: the ends of the periods and of the windows, and some between them.
offsets = st.sampled_from([-61, -60, -31, -30, -29, -20, -10, -1, 0, 5, 15, 30, 31, 45, 60, 61])
member = st.tuples(st.integers(0, 3), st.integers(0, 2), offsets, st.sampled_from([None, 1, 7, 10, 30, 45]))
purchase = st.tuples(st.integers(0, 5), offsets, st.sampled_from([0, 100_00]), st.none() | st.sampled_from([3, 40]))
movement = st.tuples(st.integers(0, 5), offsets, st.sampled_from([3, -1, -3]))


@pytest.fixture
def school(db):
    """Two branches, three courses of two subjects, four classes, three children with two accounts each."""
    here, there = BranchFactory.create_batch(2)
    go, drawing = SubjectFactory.create_batch(2)
    courses = [CourseFactory(subject=go), CourseFactory(subject=go), CourseFactory(subject=drawing)]
    courses[0].continues_in.set([courses[1]])
    courses[1].continues_in.set([courses[1]])
    places = [(here, courses[0]), (here, courses[0]), (here, courses[1]), (there, courses[0])]
    start = OCTOBER.first - 90 * DAY
    groups = [ClassGroupFactory(branch=branch, course=course, first_date=start) for branch, course in places]
    children = StudentFactory.create_batch(3)
    accounts = [
        EnrolmentFactory(student=child, branch=here, course=course) for child in children for course in courses[:3:2]
    ]
    scopes = [
        Scope(),
        Scope(branch_ids=frozenset([here.pk])),
        Scope(course=courses[0]),
        Scope(teacher=groups[0].teacher),
        Scope(branch_ids=frozenset([here.pk]), class_group=groups[1]),
    ]
    return SimpleNamespace(groups=groups, children=children, accounts=accounts, scopes=scopes)


@given(
    chosen=st.integers(0, 4),
    ends=st.lists(offsets, min_size=4, max_size=4),
    members=st.lists(member, max_size=8),
    purchases=st.lists(purchase, max_size=6, unique_by=lambda one: one[:2]),
    opened=st.lists(st.tuples(st.integers(0, 5), offsets), max_size=3, unique=True),
    movements=st.lists(movement, max_size=4),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sets_agree_with_a_second_count(school, chosen, **facts):
    scope, today = school.scopes[chosen], OCTOBER.first + 20 * DAY
    with transaction.atomic():
        _happens(school, **facts)
        _agree(report(scope, today=today), Recount(scope, OCTOBER, today))
        transaction.set_rollback(True)


def _happens(school, *, ends, members, purchases, opened, movements):
    for group, end in zip(school.groups, ends, strict=True):
        lessons(group, OCTOBER.first + end * DAY)
    for group, child, joined, stays in members:
        _join(school.groups[group], school.children[child], OCTOBER.first + joined * DAY, stays)
    for account, day, price, back in purchases:
        lot = buy(school.accounts[account], OCTOBER.first + day * DAY, price_minor=price)
        if back:
            give_back(lot, OCTOBER.first + (day + back) * DAY)
    for account, day in opened:
        open_renewal(school.accounts[account], OCTOBER.first + day * DAY)
    for account, day, credits in sorted(movements, key=lambda one: one[1]):
        move(school.accounts[account], credits, OCTOBER.first + day * DAY)


def _agree(found, recount):
    expected = recount.sets
    for code in CODES:
        line, (numerator, denominator) = getattr(found, code.lower()), expected[code]
        assert set(pairs(line.numerator).values_list(*PAIR)) == numerator, code
        assert set(pairs(line.denominator).values_list(*PAIR)) == denominator, code
        assert line.rate.numerator == len(numerator), code
        assert set(pairs(line.missing).values_list(*PAIR)) == denominator - numerator, code
    assert found.r7.rate.denominator == len(expected["R7"][1])
    assert found.r5.rate.denominator == len(expected["R5"][1])
    assert found.r4.rate.denominator == len(expected["R4"][1])
    start, joined, came, went = recount.parts
    assert found.r4.rate.terms == f"({start} + {joined} + {came} − {went})"
    assert found.running_number == len({pair(one) for one in found.running})


def _join(group, student, joined, stays):
    enrolment = student.enrolments.filter(branch=group.branch, course=group.course).first()
    enrolment = enrolment or EnrolmentFactory(student=student, branch=group.branch, course=group.course)
    if stays or not enrolment.class_members.filter(class_group=group, left_date__isnull=True).exists():
        left = joined + stays * DAY if stays else None
        ClassMemberFactory(class_group=group, enrolment=enrolment, joined_date=joined, left_date=left)


# --- the page --------------------------------------------------------------------------------------------


@pytest.fixture
def manager(client, branch, monkeypatch):
    for view in ("RateListView", "RateChildrenView", "RateExportView"):
        monkeypatch.setattr(f"renewals.rates.views.{view}.now", NOW)
    person = manager_of(branch)
    client.force_login(person)
    return person


def names(response):
    return [child.enrolment.student.name for child in response.context["children"]]


def test_manager_sees_own_branch_only(client, manager, child, other_branch):
    abroad = EnrolmentFactory(branch=other_branch, student__name="河西的孩子")
    open_renewal(abroad, DUE)
    chosen = {"month": "2026-10", "branch": other_branch.pk}

    assert client.get(URL, chosen).context["report"].r7.rate.terms == "1"
    assert names(client.get(f"{URL}R7/", chosen | {"list": "below"})) == [child.student.name]


def test_owner_sees_all_branches(client, owner, child, other_branch):
    open_renewal(EnrolmentFactory(branch=other_branch), DUE)
    client.force_login(owner)

    assert client.get(URL, {"month": "2026-10", "branch": "all"}).context["report"].r7.rate.terms == "2"


def test_desk_works_its_board_and_sees_no_rates(client, branch):
    client.force_login(desk_of(branch))

    assert client.get(URL).status_code == 403
    assert "renewal-tabs" not in client.get("/renewals/").content.decode()


def test_month_and_term_choose_the_period(client, manager):
    term = {"month": "2026-10", "first": "2026-09-07", "last": "2026-11-15"}

    assert client.get(URL).context["report"].period == month_period(TODAY)
    assert client.get(URL, {"month": "2026-10"}).context["report"].period == OCTOBER
    assert client.get(URL, term).context["report"].period == Period(
        datetime.date(2026, 9, 7), datetime.date(2026, 11, 15)
    )
    for wrong in ({"first": "2026-09-07"}, {"first": "2026-09-07", "last": "2026-09-06"}, {"first": "x", "last": "y"}):
        response = client.get(URL, {"month": "2026-10"} | wrong)
        assert response.context["report"].period == OCTOBER
        assert response.context["form"].errors


def test_choices_narrow_down(client, manager, child):
    teacher = UserFactory()
    group = ClassGroupFactory(branch=child.branch, course=child.course, teacher=teacher)
    ClassMemberFactory(class_group=group, enrolment=child, joined_date=DUE)
    other = EnrolmentFactory(branch=child.branch)
    open_renewal(other, DUE)
    chosen = {"month": "2026-10"}

    for narrowed in ({"course": child.course_id}, {"teacher": teacher.pk}, {"class_group": group.pk}):
        assert list(client.get(URL, chosen | narrowed).context["report"].due) == [child]
    assert client.get(URL, chosen).context["report"].r7.rate.terms == "2"


@pytest.mark.parametrize(
    ("bought", "why"),
    [
        ({"price_minor": 0}, "had_free"),
        ({"back": 5}, "gave_back"),
        ({"days": 35}, "bought_date"),
        (None, "lost_reason"),
    ],
)
def test_list_says_why_a_child_does_not_count(client, manager, child, bought, why):
    if bought:
        lot = buy(child, DUE + bought.get("days", 1) * DAY, price_minor=bought.get("price_minor", 100_00))
        if "back" in bought:
            give_back(lot, DUE + bought["back"] * DAY)

    [row] = client.get(f"{URL}R7/", {"month": "2026-10", "list": "out"}).context["children"]

    assert getattr(row.enrolment, why)
    assert row.why_not
    assert row.due_date == DUE


def test_list_links_only_to_children_of_the_reader(client, manager, child, other_branch):
    page = client.get(f"{URL}R7/", {"month": "2026-10", "list": "out"})
    assert f"/students/{child.student_id}/" in page.content.decode()

    child.student.branches.set([other_branch])

    page = client.get(f"{URL}R7/", {"month": "2026-10", "list": "out"})
    assert names(page) == [child.student.name]
    assert f"/students/{child.student_id}/" not in page.content.decode()


@pytest.mark.parametrize("address", ["R9/", "R1/?list=running", "R7/?list=nothing"])
def test_list_that_there_is_not(client, manager, address):
    assert client.get(URL + address).status_code == 404


def test_workbook_has_every_rate_and_no_name(client, manager, child):
    response = client.get(f"{URL}export/", {"month": "2026-10"})

    [sheet] = load_workbook(BytesIO(response.content)).worksheets
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [*CODES, "R7", "R7"]
    assert rows[0][2:6] == (0, 1, 0, "0 ÷ 1 = 0.0 %")
    assert child.student.name not in str(rows)


def test_same_number_of_queries_for_one_child_and_three(client, manager, branch, django_assert_num_queries):
    for _more in range(2):
        for enrolment in EnrolmentFactory.create_batch(1 + _more, branch=branch):
            open_renewal(enrolment, DUE)
        with django_assert_num_queries(20):
            client.get(URL, {"month": "2026-10"})
        with django_assert_num_queries(10):
            client.get(f"{URL}R7/", {"month": "2026-10", "list": "out"})
