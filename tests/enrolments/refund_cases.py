"""What tests of refunds begin with: a package of 40 + 4 lessons at 4,800 yuan, some of them taken."""

from datetime import timedelta
from decimal import Decimal

from enrolments.models import Enrolment, Payment
from enrolments.refund_rules import Cause
from enrolments.refund_sheet import Wish
from enrolments.services import (
    Share,
    confirm_order,
    line_of,
    prepare_order,
    request_refund,
    settle_credits,
    take_payment,
)
from tests.factories import NOW, CoursePackageFactory, EnrolmentFactory, GuardianshipFactory, UserFactory, sell

LONG_AGO = NOW - timedelta(days=60)


def account(branch, *, name="田萍", course="围棋", **facts):
    """The account of a child with a guardian."""
    enrolment = EnrolmentFactory(branch=branch, student__name=name, course__name=course, **facts)
    GuardianshipFactory(student=enrolment.student)
    return enrolment


def sell_44(enrolment, *, now=LONG_AGO):
    return sell(enrolment, 40, gift_credits=4, price_minor=4800_00, now=now)


def take(enrolment, credits, reference="attendance:1"):
    settle_credits(
        enrolment=enrolment,
        reference=reference,
        target=Decimal(str(credits)),
        occurred_at=NOW - timedelta(days=1),
        by=UserFactory(),
        reason="围棋甲班，第 3 课",
    )


def order_44(enrolment, *, paid_minor):
    """The same package, ordered, and so much of it paid."""
    package = CoursePackageFactory(course=enrolment.course, paid_credits=40, gift_credits=4, price_minor=4800_00)
    line, by = line_of(package, student=enrolment.student, start_date=LONG_AGO.date()), UserFactory(is_superuser=True)
    order = prepare_order(
        branch=enrolment.branch,
        guardian=enrolment.student.main_guardian,
        lines=[line],
        by=by,
        now=LONG_AGO,
        token=f"order-{package.pk}",
    )
    [lot] = confirm_order(order=order, by=by, now=LONG_AGO, pass_reason="测试")
    if paid_minor:
        method, token = Payment.Method.CASH, f"payment-{package.pk}"
        take_payment(order=order, method=method, amount_minor=paid_minor, by=by, now=LONG_AGO, token=token)
    return lot


def ask(enrolment, by, *, cause=Cause.PARENT, number=1, now=NOW, **wish):
    """A request; the same `number` is the same click."""
    enrolment = Enrolment.objects.select_related("branch").get(pk=enrolment.pk)
    facts = {"reason": "搬家", "method": Payment.Method.WECHAT, "token": f"refund-{enrolment.pk}-{number}"}
    return request_refund(enrolment=enrolment, wish=Wish(cause=cause, **wish), by=by, now=now, **facts)


def by_wechat(refund):
    return [Share(Payment.Method.WECHAT, refund.amount_minor, "4200001")]
