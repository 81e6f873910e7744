"""What happens to an order: prepared, confirmed, called off."""

from dataclasses import fields
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from core.clock import local_date
from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot, Enrolment, Order, OrderItem, PassedRule
from enrolments.prepayment import prepayment_findings
from enrolments.services.credits import credit_lot, lock_all
from enrolments.services.order_lines import OrderError, refuse_line
from students.services import sign_up_students

Status = Order.Status


class PrepaymentError(OrderError):
    """The order goes past rules for prepayment: `findings`. `may_pass`: this person may let it, with a reason."""

    def __init__(self, findings, *, may_pass):
        self.findings, self.may_pass = findings, may_pass
        advice = (
            _("Write a reason to sell it all the same.") if may_pass else _("The owner may let it pass, with a reason.")
        )
        super().__init__(" ".join([*(finding.sentence for finding in findings), advice]))


@transaction.atomic
def prepare_order(*, branch, lines, by, now, token, guardian=None, **facts):
    """Save a draft, once per token. `facts` are due_date, lapses_date, prepared_for and note."""
    if not lines:
        raise OrderError(_("An order has at least one line."))
    for line in lines:
        refuse_line(branch, line, by)
    total = sum(line.amount_minor for line in lines)
    defaults = {"branch": branch, "guardian": guardian, "total_minor": total, "created_at": now, "created_by": by}
    order, is_new = Order.objects.get_or_create(token=token, defaults=defaults | facts)
    if is_new:
        OrderItem.objects.bulk_create(_item(order, line) for line in lines)
    return order


@transaction.atomic
def add_line(*, order, line, by, token):
    """One more line of a draft, once per token. Returns the order."""
    order = _lock_draft(order)
    refuse_line(order.branch, line, by)
    if not OrderItem.objects.filter(token=token).exists():
        _item(order, line, token=token).save()
        _sum_up(order)
    return order


@transaction.atomic
def remove_item(*, item):
    """Take a line out of a draft; without any it can only be cancelled. Returns the order."""
    order = _lock_draft(item.order)
    order.items.filter(pk=item.pk).delete()
    _sum_up(order)
    return order


def _lock_draft(order):
    order = lock_order(order)
    if order.status != Status.DRAFT:
        raise OrderError(_("Only a draft can be changed: this order is %s.") % order.get_status_display())
    return order


def _sum_up(order):
    order.total_minor = sum(order.items.values_list("amount_minor", flat=True))
    order.save(update_fields=["total_minor"])


def _item(order, line, **more):
    facts = {field.name: getattr(line, field.name) for field in fields(line)}
    price = line.course.list_price_minor
    return OrderItem(order=order, list_price_minor=price, amount_minor=line.amount_minor, **facts, **more)


@transaction.atomic
def confirm_order(*, order, by, now, pass_reason="", due_date=None):
    """Its items become credit lots that the children may use; what is not paid yet is owing. Once. Returns the lots.

    Raises PrepaymentError for a charge that goes past the branch's rules, unless the person may let it and says why.
    """
    order = lock_order(order)
    if order.status == Status.CONFIRMED:
        return list(CreditLot.objects.filter(item__order=order).select_related("enrolment").order_by("item"))
    if order.status != Status.DRAFT:
        raise OrderError(_("This order is %(status)s: prepare a new one.") % {"status": order.get_status_display()})
    items = list(order.items.select_related("student", "course__subject", "package").order_by("pk"))
    if not items:
        raise OrderError(_("An order has at least one line."))
    _let_pass(order, items, by=by, now=now, reason=pass_reason)
    order.status, order.confirmed_at, order.confirmed_by = Status.CONFIRMED, now, by
    order.due_date = due_date or order.due_date
    order.save(update_fields=["status", "confirmed_at", "confirmed_by", "due_date"])
    sign_up_students(students={item.student_id for item in items}, by=by, now=now)
    return _sell(order, items, by=by, now=now)


def _let_pass(order, items, *, by, now, reason):
    """Keep who answers for going past a rule; refuse it to whom the rule does not name, and without a reason."""
    findings = prepayment_findings(items, branch=order.branch, today=local_date(now, order.branch.time_zone))
    may_pass = all(finding.rule.may_be_passed_by(by, order) for finding in findings)
    if findings and not (may_pass and reason):
        raise PrepaymentError(findings, may_pass=may_pass)
    PassedRule.objects.bulk_create(
        PassedRule(
            order=order, code=finding.rule.code, sentence=finding.sentence[:300], reason=reason[:200], by=by, at=now
        )
        for finding in findings
    )


def _sell(order, items, *, by, now):
    """One lot for each item, and its entries."""
    opened = {item.pk: _account(order.branch, item) for item in sorted(items, key=_by_account)}
    accounts = [opened[item.pk] for item in items]
    ledgers = {enrolment.pk: Ledger.of(enrolment) for enrolment in lock_all([one.pk for one in accounts])}
    lots = []
    for item, account in zip(items, accounts, strict=True):
        ledger = ledgers[account.pk]
        lot = _lot(order, item, ledger.enrolment, by=by, now=now)
        credit_lot(ledger, lot, by=by, now=now, reason=item.package.name if item.package else str(item.course))
        lots.append(lot)
    for ledger in ledgers.values():
        ledger.settle_owed(by=by)
    return lots


def _by_account(item):
    """Two desks open accounts in one order: neither waits for the other in a circle."""
    return item.student_id, item.course_id


def _account(branch, item):
    item.student.branches.add(branch)
    return Enrolment.objects.get_or_create(student=item.student, branch=branch, course=item.course)[0]


def _lot(order, item, enrolment, *, by, now):
    days, branch = item.validity_days, order.branch
    return CreditLot.objects.create(
        item=item,
        enrolment=enrolment,
        package=item.package,
        paid_credits=item.paid_credits,
        gift_credits=item.gift_credits,
        list_price_minor=item.list_price_minor,
        paid_minor=item.amount_minor,
        revenue_method=branch.revenue_method,
        start_date=item.start_date,
        expires_date=item.start_date + timedelta(days=days) if days else None,
        sold_at=now,
        sold_by=by,
        booked_date=branch.books.booked_on(now),
        token=f"item:{item.pk}",
    )


@transaction.atomic
def cancel_order(*, order, reason=""):
    """A draft that will not come to be. A confirmed order is refunded or made void instead."""
    order = lock_order(order)
    if order.status == Status.CANCELLED:
        return order
    if order.status != Status.DRAFT:
        raise OrderError(_("Only a draft can be cancelled: this order is %s.") % order.get_status_display())
    order.status, order.ended_reason = Status.CANCELLED, reason
    order.save(update_fields=["status", "ended_reason"])
    return order


@transaction.atomic
def void_order(*, order, reason, by, now):
    """Undo an order that was confirmed in error: nothing of it is used, and all money has been taken back."""
    order = lock_order(order)
    if order.status != Status.CONFIRMED:
        raise OrderError(_("Only a confirmed order can be made void."))
    if order.paid_minor:
        raise OrderError(_("Money was received for this order: take the payments back first, or refund it."))
    lots = CreditLot.objects.filter(item__order=order)
    ledgers = {one.pk: Ledger.of(one) for one in lock_all(lots.values_list("enrolment", flat=True))}
    for lot in lots.order_by("pk"):
        if (lot.paid_left, lot.gift_left) != (lot.paid_credits, lot.gift_credits):
            raise OrderError(_("Lessons of this order were used already: refund it instead."))
        ledger = ledgers[lot.enrolment_id]
        facts = {"reference": f"order:{order.pk}", "reason": reason, "occurred_at": now, "by": by}
        ledger.close_lot(lot, CreditEntry.Kind.VOID, released_minor=lot.value_left_minor, **facts)
        ledger.save()
    order.status, order.ended_reason = Status.VOID, reason
    order.save(update_fields=["status", "ended_reason"])
    return order


def lapse_all_orders(*, now):
    """Drafts of all branches whose offer has ended, each by its own local day; returns how many."""
    branches = Branch.objects.order_by("pk")
    return sum(lapse_orders(today=local_date(now, branch.time_zone), branch=branch) for branch in branches)


def lapse_orders(*, today, branch):
    """Drafts of a branch whose offer has ended; returns how many."""
    drafts = Order.objects.filter(branch=branch, status=Status.DRAFT, lapses_date__lt=today)
    return drafts.update(status=Status.LAPSED)


def lock_order(order):
    """One writer per order."""
    orders = Order.objects.select_for_update(of=["self"], no_key=True)
    return orders.select_related("branch__books", "guardian").get(pk=order.pk)
