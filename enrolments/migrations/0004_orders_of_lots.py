"""Every lot sold before gets the order that it came from, and all sums are counted once."""

from itertools import batched
from zoneinfo import ZoneInfo

from django.db import migrations
from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate


def open_books(apps, schema_editor):
    branches = apps.get_model("branches", "Branch").objects.values_list("pk", flat=True)
    Books = apps.get_model("enrolments", "Books")
    Books.objects.bulk_create(Books(branch_id=pk) for pk in branches)


def book_days(apps, schema_editor):
    zones = apps.get_model("branches", "Branch").objects.order_by().values_list("time_zone", flat=True).distinct()
    for model, moment in [("CreditLot", "sold_at"), ("CreditEntry", "occurred_at")]:
        rows = apps.get_model("enrolments", model).objects
        for zone in zones:
            here = rows.filter(enrolment__branch__time_zone=zone)
            here.update(booked_date=TruncDate(moment, tzinfo=ZoneInfo(zone)))


def order_lots(apps, schema_editor):
    lots = apps.get_model("enrolments", "CreditLot").objects.select_related("enrolment").order_by("pk")
    for batch in batched(lots.iterator(chunk_size=1000), 1000, strict=False):
        _order(apps, batch)


def _order(apps, lots):
    Order, OrderItem, CreditLot, Payment = (
        apps.get_model("enrolments", name) for name in ("Order", "OrderItem", "CreditLot", "Payment")
    )
    paid = dict(Payment.objects.filter(lot__in=lots).order_by().values_list("lot").annotate(paid=Sum("amount_minor")))
    orders = Order.objects.bulk_create(
        Order(
            branch_id=lot.enrolment.branch_id,
            status="confirmed",
            total_minor=lot.paid_minor,
            paid_minor=paid.get(lot.pk, 0),
            created_at=lot.sold_at,
            created_by_id=lot.sold_by_id,
            confirmed_at=lot.sold_at,
            confirmed_by_id=lot.sold_by_id,
            token=lot.token,
        )
        for lot in lots
    )
    items = OrderItem.objects.bulk_create(
        OrderItem(
            order=order,
            student_id=lot.enrolment.student_id,
            course_id=lot.enrolment.course_id,
            package_id=lot.package_id,
            paid_credits=lot.paid_credits,
            gift_credits=lot.gift_credits,
            list_price_minor=lot.list_price_minor,
            before_minor=lot.paid_minor,
            amount_minor=lot.paid_minor,
            start_date=lot.start_date,
        )
        for lot, order in zip(lots, orders, strict=True)
        if lot.paid_credits or lot.gift_credits
    )
    by_order = {item.order_id: item for item in items}
    for lot, order in zip(lots, orders, strict=True):
        lot.item = by_order.get(order.pk)
    CreditLot.objects.bulk_update(lots, ["item"])
    order_of = {lot.pk: order.pk for lot, order in zip(lots, orders, strict=True)}
    payments = list(Payment.objects.filter(lot__in=lots).select_related("lot"))
    for payment in payments:
        payment.order_id, payment.token = order_of[payment.lot_id], f"payment:{payment.pk}"
        payment.booked_date = payment.lot.booked_date
    Payment.objects.bulk_update(payments, ["order", "token", "booked_date"])


def count_sums(apps, schema_editor):
    CreditEntry = apps.get_model("enrolments", "CreditEntry")

    def total(field, owner, only=None):
        rows = CreditEntry.objects.filter(only or Q(), **{owner: OuterRef("pk")}).order_by()
        return Coalesce(Subquery(rows.values(owner).annotate(total=Sum(field)).values("total")), 0)

    apps.get_model("enrolments", "Enrolment").objects.update(balance=total("credits", "enrolment"))
    apps.get_model("enrolments", "CreditLot").objects.update(
        paid_left=total("credits", "lot", Q(is_gift=False)),
        gift_left=total("credits", "lot", Q(is_gift=True)),
        recognised_minor=total("revenue_minor", "lot"),
    )


class Migration(migrations.Migration):
    dependencies = [("enrolments", "0003_orders")]

    operations = [
        migrations.RunPython(step, migrations.RunPython.noop)
        for step in (open_books, book_days, order_lots, count_sums)
    ]
