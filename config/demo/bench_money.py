"""What people and jobs do with the money of the large school, each as often as asked for."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from branches.models import Branch
from config.demo import DemoError
from config.demo.bench_sql import execute
from config.demo.bench_work import Task, client_of, expect, manager_of, nth_branch, owner
from core.clock import month_after, month_of
from enrolments.ledger_check import differences
from enrolments.models import Enrolment, Order, Payment
from enrolments.services import close_months, settle_credits
from renewals.models import RenewalOpportunity
from renewals.services import open_due_opportunities
from scheduling.models import Attendance, Lesson
from scheduling.services import call_roll

CLASS = 20  # children whose roll is called at once
REASON = "测量"


def _page(address):
    """A GET by the manager of a branch; `address` finds it, for the branch and the number."""

    def prepare(number):
        branch = nth_branch(number)
        client, url = client_of(manager_of(branch)), address(branch, number)
        return lambda: expect(client.get(url), 200)

    return prepare


def _owner_page(address):
    """A GET by the owner of all branches."""

    def prepare(number):
        client, url = client_of(owner()), address(None, number)
        return lambda: expect(client.get(url), 200)

    return prepare


def _account(branch, number):
    """The branch's first account is the one with hundreds of entries."""
    first = Enrolment.objects.filter(branch=branch).order_by("pk").first()
    return _nth(Enrolment.objects.filter(branch=branch).exclude(pk=first.pk), number)


def _nth(rows, number):
    """Each branch comes to its turn once in a hundred numbers."""
    return rows.order_by("pk")[(number * 7 + number // 100) % rows.count()]


def _statement(branch, number):
    return reverse("statement", args=[_account(branch, number).pk])


def _long_statement(branch, number):
    account = Enrolment.objects.filter(branch=branch).order_by("pk").first()
    return f"{reverse('statement', args=[account.pk])}?page={number % 5 + 1}"


def _student(branch, number):
    return reverse("student", args=[_account(branch, number).student_id])


def _enrol(branch, number):
    account = _account(branch, number)
    return f"{reverse('enrol', args=[account.student_id])}?course={account.course_id}"


def _refund(branch, number):
    accounts = Enrolment.objects.filter(branch=branch, balance__gt=4).exclude(refunds__status="requested")
    return reverse("refund_new", args=[_nth(accounts, number).pk])


def _board(branch, number):
    return f"{reverse('renewals')}?stage={('now', '', 'told')[number % 3]}"


def _orders(branch, number):
    return f"{reverse('order_list')}?page={number % 5 + 1}"


def _pay(number):
    """What is owing of an order, at the desk."""
    branch = nth_branch(number)
    order = _nth(Order.objects.owing().filter(branch=branch), number)
    client, address = client_of(manager_of(branch)), reverse("order", args=[order.pk])
    data = {
        "action": "pay",
        "amount": f"{order.owing_minor / 100:.2f}",
        "method": Payment.Method.CASH,
        "token": f"bench-pay-{number}",
    }
    return lambda: expect(client.post(address, data), 302)


def _lessons(branch):
    lessons = Lesson.objects.planned().filter(branch=branch, starts_at__gt=timezone.now())
    return lessons.select_related("branch").order_by("starts_at", "pk")


def _roll(number):
    lesson = _lessons(nth_branch(number))[number // 100]
    by = manager_of(lesson.branch)
    return lambda: call_roll(lesson=lesson, exceptions={}, by=by, now=lesson.starts_at)


def _settle(number):
    """What the roll of a full class takes, of so many accounts."""
    branch, now = nth_branch(number), timezone.now()
    lesson = _lessons(branch)[number // 100]
    attendances = Attendance.objects.filter(lesson__in=_lessons(branch).filter(starts_at__gte=lesson.starts_at)[:5])
    facts = {"target": 1, "occurred_at": now, "by": manager_of(branch), "reason": REASON}
    chosen = [(one.enrolment, one.reference) for one in attendances.select_related("enrolment")[:CLASS]]

    @transaction.atomic
    def settle():
        for enrolment, reference in chosen:
            settle_credits(enrolment=enrolment, reference=reference, **facts)

    return settle


def _close(branches):
    """Last month of each, as the owner closes it."""
    month, now, by = month_after(month_of(timezone.localdate()), -1), timezone.now(), owner()

    def close():
        outcomes = close_months(branches=branches, month=month, by=by, now=now)
        if refused := [outcome for outcome in outcomes if isinstance(outcome, Exception)]:
            raise DemoError(str(refused[0]))

    return close


def _open_renewals(number):
    """As the job finds them every few minutes."""
    now = timezone.now()
    return lambda: open_due_opportunities(now=now)


def _open_first_renewals(number):
    """As the job finds a school that begins to work on renewals."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for its check keeps a table from being emptied
    execute(f"TRUNCATE {RenewalOpportunity._meta.db_table} CASCADE")
    return _open_renewals(number)


def _check(number):
    def check():
        if found := next(differences(), None):
            raise DemoError(str(found))

    return check


TASKS = [
    Task("student-page", 150, 1, _page(_student)),
    Task("statement", 150, 1, _page(_statement)),
    Task("statement-500", 150, 1, _page(_long_statement)),
    Task("renewals", 300, 1, _page(_board)),
    Task("renewals-owner", 300, 1, _owner_page(_board)),
    Task("enrol-page", 300, 1, _page(_enrol)),
    Task("orders", 300, 1, _page(_orders)),
    Task("orders-owner", 1000, 1, _owner_page(_orders)),
    Task("pay", 150, 1, _pay),
    Task("roll-call", 300, 1, _roll),
    Task("settle-20", 300, 1, _settle),
    Task("refund-sheet", 300, 1, _page(_refund)),
    Task("month-close", 60_000, 10, lambda number: _close([nth_branch(number)])),
    Task("month-close-all", 60_000, 200, lambda number: _close(list(Branch.objects.all())), least=2),
    Task("renewals-job", 60_000, 200, _open_renewals, least=2),
    Task("renewals-job-first", 60_000, 200, _open_first_renewals, least=2),
    Task("check-ledger", 300_000, 200, _check, least=2),
]
