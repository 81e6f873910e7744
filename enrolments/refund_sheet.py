"""The sheet of a refund: the lots of an account as the rules need them, and what each formula gives."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.db.models import F, Max, Q, Sum

from branches.holidays import is_working_day
from core.clock import local_date
from enrolments import refund_rules as rules
from enrolments.models import CreditEntry, CreditLot, Payment, RefundLine
from enrolments.refund_rates import rate_for
from enrolments.refund_rules import Cause, Formula


@dataclass(frozen=True)
class Candidate:
    """A lot with something left. `withdraw_until`: the last day of article 14, None where it does not apply."""

    lot: CreditLot
    facts: rules.Lot
    withdraw_until: date | None

    def may_withdraw(self, day):
        return self.withdraw_until is not None and day <= self.withdraw_until


@dataclass(frozen=True)
class Wish:
    """What a refund is asked for: which lots (all, if none is named), why, and what is taken off or given on top."""

    cause: str
    lot_ids: tuple[int, ...] = ()
    deductions: tuple[rules.Deduction, ...] = ()
    generous: str = ""


def candidates_of(enrolment):
    """The lots of an account with credits left, oldest first."""
    left = enrolment.lots.filter(Q(paid_left__gt=0) | Q(gift_left__gt=0))
    lots = list(left.select_related("item__order", "package").order_by("pk"))
    used, paid_on = _used(lots), _paid_on(lots, enrolment.branch.time_zone)
    prices = _prices(lots)
    arrears, first_lesson = _arrears(lots), _first_lesson(enrolment)
    return [
        Candidate(
            lot,
            _facts(lot, prices[lot.pk], used, arrears.get(lot.pk, 0)),
            _withdraw_until(lot, paid_on.get(_order_id(lot)), first_lesson),
        )
        for lot in lots
    ]


def draw_sheet(enrolment, wish, *, day, candidates=None):
    """The sheet as it is frozen: plain values that JSON keeps. `candidates`: where they have been read already."""
    found = candidates_of(enrolment) if candidates is None else candidates
    candidates = [one for one in found if not wish.lot_ids or one.lot.pk in wish.lot_ids]
    terms = rules.Terms(enrolment.branch.refund_full_days)
    offers = _offers(candidates, wish, day, terms, wish.generous)
    result = rules.total(offers, wish.deductions)
    shares = rules.spread(result.deducted_minor, [each.amount_minor for each in offers])
    return {
        "day": day.isoformat(),
        "cause": str(wish.cause),
        "generous": wish.generous,
        "lots": [
            _row(candidate, _cause_of(candidate, wish, day), offer, share)
            for candidate, offer, share in zip(candidates, offers, shares, strict=True)
        ],
        "more": _more(candidates, wish, day, terms),
        "deductions": [vars(each) for each in wish.deductions],
        "offered": result.offered_minor,
        "deducted": result.deducted_minor,
        "amount": result.amount_minor,
    }


def wish_of(sheet):
    """What the frozen sheet was asked for, to draw it anew."""
    return Wish(
        cause=sheet["cause"],
        lot_ids=tuple(row["lot"] for row in sheet["lots"]),
        deductions=tuple(rules.Deduction(**each) for each in sheet["deductions"]),
        generous=sheet["generous"],
    )


def interest_of(sheet, until):
    """[(rate, days, fen)] for each rate since the contract ended; none on the day itself, or where no rate is known."""
    days, amounts = (until - date.fromisoformat(sheet["day"])).days, Counter()
    for row in sheet["lots"]:
        amounts[rate_for(row["cause"], date.fromisoformat(row["sold"]))] += row["amount"]
    known = {rate: amount for rate, amount in amounts.items() if rate and amount and days > 0}
    return [(rate, days, rules.interest(amount, rate.percent, days)) for rate, amount in known.items()]


def _used(lots):
    """{(lot id, is_gift): the credits that lessons took}."""
    rows = CreditEntry.objects.filter(lot__in=lots, kind__in=CreditEntry.LESSONS).order_by()
    return {(lot, is_gift): -used for lot, is_gift, used in rows.values_list("lot", "is_gift").annotate(Sum("credits"))}


def _prices(lots):
    """{lot id: fen}: of each price what is still for lessons, and not transferred, written off or refunded before.

    A refund before took what its sheet said; what the books recognised with it is no part of the price.
    """
    not_lessons = CreditEntry.objects.filter(lot__in=lots).exclude(kind__in=[*CreditEntry.LESSONS, "refund"])
    moved = not_lessons.order_by().values_list("lot").annotate(fen=Sum(F("revenue_minor") + F("released_minor")))
    refunded = RefundLine.objects.filter(lot__in=lots, refund__status="paid").order_by().values_list("lot")
    elsewhere, paid_back = dict(moved), dict(refunded.annotate(fen=Sum("value_minor")))
    return {lot.pk: lot.paid_minor - elsewhere.get(lot.pk, 0) - paid_back.get(lot.pk, 0) for lot in lots}


def _facts(lot, price_minor, used, arrears_minor):
    used_paid, used_gift = used.get((lot.pk, False), Decimal(0)), used.get((lot.pk, True), Decimal(0))
    return rules.Lot(
        price_minor=price_minor,
        paid_credits=used_paid + lot.paid_left,
        gift_credits=used_gift + lot.gift_left,
        used_paid=used_paid,
        used_gift=used_gift,
        list_price_minor=lot.list_price_minor,
        start_date=lot.start_date,
        expires_date=lot.expires_date,
        arrears_minor=min(arrears_minor, price_minor),
    )


def _order_id(lot):
    return lot.item.order_id if lot.item else None


def _arrears(lots):
    """{lot id: fen}: what is still owed of each order, shared out over its lots by what of their price stands."""
    owing = {lot.item.order_id: lot.item.order.owing_minor for lot in lots if lot.item}
    in_orders = CreditLot.objects.filter(item__order__in=[pk for pk, fen in owing.items() if fen])
    shares = {}
    for order, siblings in groupby(in_orders.select_related("item").order_by("item__order", "pk"), key=_order_id):
        values = {lot.pk: lot.paid_minor - lot.released_minor for lot in siblings}
        shares |= zip(values, rules.shares_of_arrears(owing[order], list(values.values())), strict=True)
    return shares


def _paid_on(lots, time_zone):
    """{order id: the local day of its last payment}."""
    payments = Payment.objects.filter(order__in={_order_id(lot) for lot in lots} - {None})
    standing = payments.filter(amount_minor__gt=0, reversed_by__isnull=True).order_by()
    last = standing.values_list("order").annotate(last=Max("received_at"))
    return {order: local_date(at, time_zone) for order, at in last}


def _first_lesson(enrolment):
    consumptions = enrolment.credit_entries.filter(kind="consumption", reversed_by__isnull=True)
    return consumptions.order_by("occurred_at").values_list("occurred_at", flat=True).first()


def _withdraw_until(lot, paid_date, first_lesson):
    """Article 14 is for who did not know the lessons yet: not for a renewal."""
    if paid_date is None or (first_lesson and first_lesson < lot.sold_at):
        return None
    return rules.last_day_to_withdraw(paid_date, lambda day: not is_working_day(day))


def _cause_of(candidate, wish, day):
    """A lot whose seven days are over falls under the rule for the family's own cause."""
    if wish.cause == Cause.SEVEN_DAYS and not candidate.may_withdraw(day):
        return Cause.PARENT
    return Cause(wish.cause)


def _offers(candidates, wish, day, terms, generous):
    return [
        rules.offer(
            candidate.facts,
            cause=_cause_of(candidate, wish, day),
            ended_on=day,
            terms=terms,
            generous=Formula(generous) if generous else None,
        )
        for candidate in candidates
    ]


def _more(candidates, wish, day, terms):
    """{formula: what would be offered} for those that give more than the family may call on."""
    amounts = {
        str(formula): rules.total(_offers(candidates, wish, day, terms, formula)).amount_minor
        for formula in ("", *Formula)
    }
    return {formula: amount for formula, amount in amounts.items() if amount > amounts[""]}


def _row(candidate, cause, offer, deducted_minor):
    lot, facts = candidate.lot, candidate.facts
    return {
        "lot": lot.pk,
        "name": lot.package.name if lot.package else "",
        "sold": local_date(lot.sold_at, lot.enrolment.branch.time_zone).isoformat(),
        "cause": str(cause),
        "facts": {name: _plain(value) for name, value in vars(facts).items()},
        "paid_left": _plain(lot.paid_left),
        "gift_left": _plain(lot.gift_left),
        "figures": {str(formula): _figure(figure) for formula, figure in offer.figures.items()},
        "entitled": [str(formula) for formula in rules.entitled(facts, cause) if formula in offer.figures],
        "best": str(offer.best.formula),
        "chosen": str(offer.chosen.formula),
        "value": offer.value_minor,
        "forgiven": offer.forgiven_minor,
        "deducted": deducted_minor,
        "amount": offer.amount_minor - deducted_minor,
    }


def _figure(figure):
    names = ("amount_minor", "price_minor", "served_minor", "part", "whole", "each_minor")
    return {name.removesuffix("_minor"): _plain(getattr(figure, name)) for name in names}


def _plain(value):
    """What JSON keeps as it is; credits and days as text, 10 and 10.0 alike."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value if value is None or isinstance(value, int) else str(value)
