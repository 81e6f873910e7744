"""The demo school's books, put into the database by the command: once for all of these tests."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F, Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from branches.models import Branch, Membership, Room, User
from branches.roles import Role
from core.clock import month_of
from enrolments.models import CreditEntry, CreditLot, Enrolment, MonthClose, Order, Payment
from enrolments.month import prepaid_now
from enrolments.services.closing import close_month, next_month
from imports.classes import kept_as_in_the_books
from imports.reading import read_school
from imports.services import write_school
from imports.timetable import child_clashes
from parents.models import Guardian
from scheduling.models import Attendance, ClassGroup, ClassMember, KeptClash, Lesson
from students.models import Enquiry, Guardianship, Student
from tests.factories import NOW, TODAY, UserFactory

DEMO = Path(settings.BASE_DIR) / "demo"
pytestmark = pytest.mark.django_db
EXPECTED = json.loads((DEMO / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def books():
    return read_school(DEMO)


@pytest.fixture(scope="module")
def report(django_db_setup, django_db_blocker, tmp_path_factory):
    """What `import_school demo --report` writes. The tests look at the database; all of it is undone at the end."""
    path = tmp_path_factory.mktemp("import") / "report.json"
    with django_db_blocker.unblock(), translation.override("zh-hans"), transaction.atomic():
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
            call_command("import_school", str(DEMO), "--report", str(path), stdout=StringIO())
        connection.check_constraints()  # now, once: what still waits for the commit is checked after every test
        yield json.loads(path.read_text(encoding="utf-8"))
        transaction.set_rollback(True)


def mock_now():
    return patch("django.utils.timezone.now", lambda: NOW)


@pytest.mark.parametrize("figure", [name for name in EXPECTED if name != "_meaning"])
def test_report_has_the_expected_figure(report, figure):
    assert report[figure] == EXPECTED[figure]


def test_report_tells_sheet_row_column_value_reason_and_mend(report):
    needed = {"sheet", "row", "column", "value", "reason", "mend"}

    assert all(needed <= set(row) for row in report["rows"])
    assert Counter(row["code"] for row in report["rows"])["invalid_phone"] == EXPECTED["invalid_phone"]


def test_every_row_of_data_has_an_ending(report):
    assert report["endings"] == {
        "staff": {"created": EXPECTED["staff"]},
        "classes": {"created": EXPECTED["classes"]},
        "students": {"created": 1196, "duplicate": EXPECTED["duplicate_rows"]},
        "enquiries": {"created": EXPECTED["leads"]},
    }


def test_second_run_changes_nothing(report, books):
    tables = (Branch, Room, User, Membership, ClassGroup, Lesson, Attendance, ClassMember, Student, Guardian)
    tables += (Guardianship, Enrolment, CreditLot, CreditEntry, Payment, Enquiry, KeptClash)
    before = [table.objects.count() for table in tables]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        again = write_school(school=books, now=NOW)

    assert again.changes == 0
    assert [table.objects.count() for table in tables] == before
    assert {ending for counts in again.count_endings().values() for ending in counts} == {"matched", "duplicate"}
    assert not [problem for problem in again.run.problems if problem.code.startswith("book_")]
    assert len(queries) < 45  # of 1,200 rows


# --- credits and money -------------------------------------------------------------------------------------


def test_balances_are_what_the_book_says_is_left(report):
    balances = Enrolment.objects.values_list("balance", flat=True)

    assert sum(balances) == EXPECTED["left_total"]
    assert CreditEntry.objects.total() == EXPECTED["left_total"]


def test_entries_explain_every_lot(report, books):
    """Bought, given, used and, where the book does not add up, one adjustment that says so."""
    kinds = CreditEntry.Kind
    adjusted = CreditEntry.objects.filter(kind=kinds.ADJUSTMENT)
    by_lot = adjusted.values("reference").annotate(credits=Sum("credits")).order_by()  # paid and gift part as one
    told = {row["row"] for row in report["rows"] if row["code"] == "balance_mismatch"}
    wrong = sorted(row.left - row.expected_left for row in books.students if row.row in told)

    assert len(wrong) == EXPECTED["balance_mismatch"]
    assert sorted(row["credits"] for row in by_lot) == wrong
    for kind, value in ((kinds.PURCHASE, "bought"), (kinds.GIFT, "gift")):
        total = sum(getattr(row, value) or 0 for row in books.students)
        assert CreditEntry.objects.filter(kind=kind).total() == total
    assert CreditEntry.objects.filter(kind=kinds.CONSUMPTION).total() == -sum(row.used or 0 for row in books.students)
    assert all(adjusted.values_list("reason", flat=True))


def test_money_of_the_lots_is_what_was_paid(report, books):
    paid = sum(row.paid_minor or 0 for row in books.students)

    assert CreditLot.objects.aggregate(paid=Sum("paid_minor"))["paid"] == paid
    assert Payment.objects.aggregate(paid=Sum("amount_minor"))["paid"] == paid
    assert set(Payment.objects.values_list("method", flat=True)) == {Payment.Method.BOOK}
    assert CreditLot.objects.filter(list_price_minor=0).count() == 0


def test_lot_keeps_its_last_day_and_price(report, books):
    row = books.students[0]

    lot = CreditLot.objects.get(enrolment__student__name=row.name, enrolment__course__name=row.course)

    assert (lot.paid_credits, lot.gift_credits, lot.paid_minor) == (row.bought, row.gift, row.paid_minor)
    assert (lot.expires_date, lot.list_price_minor) == (
        row.last_day,
        books.class_book.find(row).rows[0].unit_price_minor,
    )


# --- people --------------------------------------------------------------------------------------------------


def test_children_are_counted_once(report):
    in_classes = ClassMember.objects.values("enrolment__student").annotate(classes=Count("class_group", distinct=True))

    assert Student.objects.count() == EXPECTED["students_meant"]
    assert in_classes.filter(classes__gt=1).count() == EXPECTED["two_courses"]
    assert Student.objects.filter(branches__isnull=True).count() == 0
    assert Student.objects.filter(name_initials="").count() == 0


def test_brothers_and_sisters_share_a_guardian(report):
    families = Guardian.objects.filter(phone__isnull=False).annotate(children=Count("students", distinct=True))

    assert sum(family.children - 1 for family in families) == EXPECTED["siblings"]
    assert Guardianship.objects.filter(is_main=True).count() == EXPECTED["students_meant"]


def test_child_without_a_valid_phone_has_a_guardian_who_gets_no_message(report):
    without = Guardianship.objects.filter(guardian__phone__isnull=True)

    assert without.count() == EXPECTED["invalid_phone"] + EXPECTED["missing_phone"]
    assert without.exclude(guardian__note="").count() == EXPECTED["invalid_phone"]
    assert Guardianship.objects.told().count() == EXPECTED["students_meant"] - without.count()


def test_staff_have_their_roles_at_their_branches(report):
    roles = Counter(Membership.objects.values_list("role", flat=True))

    assert User.objects.filter(is_active=True).count() == EXPECTED["staff"]
    assert roles == {Role.TEACHER: 34, Role.ADVISER: 8, Role.FRONT_DESK: 5, Role.MANAGER: 3}
    assert User.objects.annotate(places=Count("memberships")).filter(places=2).count() == 2
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert User.objects.get(name="陈凯").username == "18824591510"


def test_enquiries_have_their_state_course_and_owner(report, books):
    said = Counter(row.status for row in books.enquiries)
    states = Counter(Enquiry.objects.values_list("stage", flat=True))

    assert states == {
        Enquiry.Stage.LOST: said["暂不考虑"],
        Enquiry.Stage.TRIAL_BOOKED: said["已约试听"],
        Enquiry.Stage.SIGNED: said["已报名"],
        Enquiry.Stage.CONTACTED: said["已联系"],
        Enquiry.Stage.NEW: said["新线索"],
        Enquiry.Stage.CAME: said["已试听"],
    }
    assert Enquiry.objects.filter(course__isnull=True).count() == sum(not row.course for row in books.enquiries)
    assert Enquiry.objects.filter(owner__isnull=True).count() == sum(not row.owner for row in books.enquiries)


# --- classes -------------------------------------------------------------------------------------------------


def test_classes_have_their_times_and_rooms(report, books):
    row = books.classes[0]

    group = ClassGroup.objects.get(name=row.class_name)
    rule = group.rules.get()

    assert (group.teacher.name, group.capacity, group.first_date) == (row.teachers[0], row.capacity, row.start_date)
    assert (rule.weekday, rule.start_time, rule.minutes, rule.room.name) == (6, row.slots[0].start, 90, row.room)
    assert ClassGroup.objects.filter(rules__isnull=True).count() == 0
    largest = max(row.capacity for row in books.classes if (row.branch, row.room) == ("银州校区", "琴房2"))
    assert Room.objects.get(branch__name="银州校区", name="琴房2").capacity == largest


def test_lessons_of_the_past_are_counted_and_the_others_planned(report):
    planned = ClassGroup.objects.annotate(planned=Count("lessons"))

    assert planned.exclude(lessons_total=F("planned") + F("lessons_before")).count() == 0
    assert Lesson.objects.filter(local_date__lt=TODAY).count() == 0
    assert Lesson.objects.filter(number=F("class_group__lessons_before") + 1).count() == (
        planned.filter(planned__gt=0).count()
    )


def test_clashes_of_the_books_are_kept_with_reason_and_person(report, books):
    teachers = KeptClash.objects.filter(kind="teacher").values_list(
        "lesson__class_group__name", "other__class_group__name"
    )
    children = KeptClash.objects.filter(kind="student").values_list("resource_id", flat=True)
    names = Student.objects.filter(pk__in=children).values_list("name", flat=True)

    expected = {frozenset((pair["a"], pair["b"])) for pair in EXPECTED["planted_teacher_clashes"]}
    assert set(map(frozenset, teachers)) == expected
    assert len(set(children)) == EXPECTED["child_clashes"]
    assert sorted(names) == sorted(child.name for child, _a, _b in child_clashes(books.children, books.class_book))
    assert set(KeptClash.objects.values_list("reason", "kept_by__username")) == {(kept_as_in_the_books(), "import")}


# --- what a manager mends first ---------------------------------------------------------------------------------


def test_planted_clashes_and_over_full_classes_are_on_the_managers_home_page(report, client):
    card = {}
    for manager in User.objects.filter(memberships__role=Role.MANAGER):
        client.force_login(manager)
        with mock_now():
            page = client.get(reverse("home"))
        numbers = {one.name: one.number for one in page.context["cards"]}
        card = {name: card.get(name, 0) + numbers[name] for name in ("clashes", "over_full")}

    pairs = {
        frozenset(pair)
        for pair in KeptClash.objects.unsolved().values_list("lesson__class_group", "other__class_group")
    }
    assert card == {"clashes": len(pairs), "over_full": len(EXPECTED["over_capacity_classes"])}


@pytest.mark.parametrize("number", range(len(EXPECTED["planted_teacher_clashes"])))
def test_planted_clash_is_solved_in_one_tap(report, client, number):
    """A class with a child in both classes, too, has that left: the page stays and offers the ways out of it."""
    pair = EXPECTED["planted_teacher_clashes"][number]
    groups = [ClassGroup.objects.get(name=name) for name in (pair["a"], pair["b"])]
    client.force_login(User.objects.get(memberships__role=Role.MANAGER, memberships__branch=groups[0].branch))
    url = reverse("clash", args=[group.pk for group in groups])

    with mock_now():
        page = client.get(url)
        key = next(key for key in page.context["form"].by_key if key.startswith("teacher"))
        client.post(url, {"solution": key})

    left = (
        KeptClash.objects.unsolved().upcoming(NOW).filter(lesson__class_group__in=groups, other__class_group__in=groups)
    )
    assert left.filter(kind="teacher").count() == 0


@pytest.mark.parametrize("number", range(len(EXPECTED["over_capacity_classes"])))
def test_over_full_class_is_solved_in_one_tap(report, client, number):
    group = ClassGroup.objects.get(name=EXPECTED["over_capacity_classes"][number])
    client.force_login(User.objects.get(memberships__role=Role.MANAGER, memberships__branch=group.branch))
    url = reverse("over_full", args=[group.pk])

    with mock_now():
        before = client.get(url).context["over"]
        key = next(iter(client.get(url).context["form"].by_key))
        client.post(url, {"solution": key})
        after = client.get(url).context["over"]

    assert (before > 0, after) == (True, before - 1)


def test_the_months_of_every_branch_close_to_the_fen(report):
    """Each month begins with what the one before left, and the last leaves what the lots and orders hold."""
    owner, later = UserFactory(), NOW + timedelta(days=45)
    for branch in Branch.objects.all():
        closes = []
        while (month := next_month(branch)) <= month_of(TODAY):
            close_month(branch=branch, month=month, by=owner, now=later)
            closes.append(MonthClose.objects.with_totals().get(branch=branch, month=month))

        openings, closings = [close.opening_minor for close in closes], [close.closing_minor for close in closes]
        assert openings == [0, *closings[:-1]]
        assert closings[-1] == prepaid_now(branch) > 0
        owing = sum(order.owing_minor for order in Order.objects.owing().filter(branch=branch))
        assert closes[-1].owing_closing_minor == owing
