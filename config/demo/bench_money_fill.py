"""Two years of money for the large school: 100,000 children, five million entries."""

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from config.demo import DemoError
from config.demo.bench_fill import fill, refuse_unfilled
from config.demo.bench_money_events import let_things_happen, work_on_renewals
from config.demo.bench_money_months import close_past_months
from config.demo.bench_money_rows import add_ledger, add_packages
from config.demo.bench_sql import count_on_from, execute
from core.clock import month_after, month_of
from courses.models import CoursePackage
from enrolments.models import CreditEntry, CreditLot, Order, OrderItem, Payment
from renewals.services import open_due_opportunities

NUMBERED = (CoursePackage, Order, OrderItem, CreditLot, CreditEntry)  # by us
# The one purchase of each account that the timetable needs makes way.
EMPTIED = (CreditEntry, CreditLot, OrderItem, Order)


def has_money():
    return Payment.objects.exists()


def fill_money(scale, *, now, today):
    """All of it or nothing, in the school that `fill` made, or makes now. False when it was there already."""
    fill(scale, now=now, today=today)
    if has_money():
        return False
    with transaction.atomic():
        # The triggers' sums are computed once for all rows; `check_ledger` says whether that comes to the same.
        execute("SET LOCAL session_replication_role = replica; SET LOCAL maintenance_work_mem = '1GB'")
        execute("SET LOCAL work_mem = '128MB'")
        execute(f"TRUNCATE {', '.join(model._meta.db_table for model in EMPTIED)} CASCADE")
        add_packages()
        add_ledger(now=now)
        close_past_months(now=now, last=month_after(month_of(today), -2))
        count_on_from(NUMBERED)
        execute("SET LOCAL session_replication_role = DEFAULT")
        execute("ANALYZE")
        let_things_happen(Branch.objects.order_by("pk"), now=now)
        open_due_opportunities(now=now)
        work_on_renewals()
    return True


def refuse_without_money():
    refuse_unfilled()
    if not has_money():
        raise DemoError(_("There is no money to measure yet: start “manage.py bench money --fill”."))
