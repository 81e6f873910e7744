"""What happens to money now and then, by the services that do it every day: one of each at every branch."""

from branches.models import User
from branches.roles import Role
from config.demo.bench_sql import execute
from enrolments.models import CreditLot, Enrolment, Order, Payment
from enrolments.refund_rules import Cause
from enrolments.refund_sheet import Wish
from enrolments.services import (
    Share,
    approve_refund,
    approve_write_off,
    carry_over,
    correct_credits,
    pay_refund,
    request_refund,
    request_write_off,
    transfer_credits,
)
from renewals.models import RenewalNote, RenewalOpportunity
from students.models import Guardianship, Student

REASON = "测量"
# Half of the renewals have been worked on; one in three of those is called again another day.
WORKED = """
    UPDATE renewals_renewalopportunity
    SET stage = (ARRAY['told', 'talked', 'promised'])[1 + mod(id / 2, 3)],
        next_contact_date = CASE WHEN mod(id / 2, 3) = 1 THEN due_date + mod(id, 14)::int END
    WHERE mod(id, 2) = 0
"""
NOTES = f"""
    INSERT INTO {RenewalNote._meta.db_table} (opportunity_id, stage, note, next_contact_date, at)
    SELECT id, stage, %(note)s, next_contact_date, opened_at FROM {RenewalOpportunity._meta.db_table}
    WHERE stage <> 'due'
"""  # noqa: S608  names of tables


def let_things_happen(branches, *, now):
    owner = User.objects.get(memberships__role=Role.OWNER)
    for branch in branches:
        desk = User.objects.filter(memberships__branch=branch, memberships__role=Role.FRONT_DESK).first()
        facts = {"by": desk, "now": now}
        asked, paid_back, given, carried, corrected = _accounts(branch)
        _refund(asked, **facts)
        pay_refund(**_approved(paid_back, owner, **facts), **facts)
        _give_to_another(given, **facts)
        carry_over(
            source=carried, lots=_lots(carried), guardian=carried.student.main_guardian, **_told(carried), **facts
        )
        correct_credits(lot=_lots(corrected)[0], difference=-1, **_told(corrected), **facts)
        _write_off(branch, owner, **facts)


def work_on_renewals():
    """As the front desks would have, since they opened."""
    execute(WORKED)
    execute(NOTES, {"note": REASON})


def _accounts(branch):
    """Five children of a branch who have bought ahead, and paid it."""
    owing = Order.objects.owing().filter(branch=branch)
    accounts = Enrolment.objects.filter(branch=branch, balance__gte=5).exclude(lots__item__order__in=owing)
    return accounts.select_related("student", "branch").order_by("student_id", "pk").distinct("student_id")[:5]


def _lots(account):
    return list(CreditLot.objects.with_credits().filter(enrolment=account).order_by("pk"))


def _told(account):
    return {"reason": REASON, "token": f"bench-{account.pk}"}


def _refund(account, **facts):
    wish = Wish(cause=Cause.PARENT)
    return request_refund(enrolment=account, wish=wish, method=Payment.Method.WECHAT, **_told(account), **facts)


def _approved(account, owner, *, by, now):
    refund = approve_refund(refund=_refund(account, by=by, now=now), by=owner, now=now)
    return {"refund": refund, "shares": [Share(Payment.Method.WECHAT, refund.payable_minor)]}


def _give_to_another(account, **facts):
    """The last child of the branch becomes a brother or sister."""
    student, guardian = account.student, account.student.main_guardian
    others = Student.objects.filter(branches=account.branch).exclude(pk=student.pk)
    sibling = others.order_by("-pk").first()
    Guardianship.objects.get_or_create(
        student=sibling, guardian=guardian, defaults={"relation": "妈妈", "is_main": False}
    )
    transfer_credits(source=account, lots=_lots(account), student=sibling, **_told(account), **facts)


def _write_off(branch, owner, *, by, now):
    """One lot of those that have expired; small branches may have none."""
    expired = CreditLot.objects.with_credits().filter(enrolment__branch=branch, expires_date__lt=now.date())
    if lot := expired.order_by("pk").first():
        write_off = request_write_off(lot=lot, reason=REASON, by=by, now=now)
        approve_write_off(write_off=write_off, by=owner, now=now)
