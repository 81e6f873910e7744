"""What tests of orders begin with: a draft of a package, or of several lines, at a branch."""

from decimal import Decimal

from enrolments.models import Payment
from enrolments.services import confirm_order, line_of, prepare_order, take_payment
from tests.factories import NOW, TODAY, CoursePackageFactory, EnrolmentFactory, UserFactory


def package_of(enrolment, lessons=20, price_minor=2400_00, **fields):
    return CoursePackageFactory(
        course=enrolment.course, paid_credits=Decimal(lessons), price_minor=price_minor, **fields
    )


def line(enrolment, lessons=20, price_minor=2400_00, **fields):
    package = package_of(enrolment, lessons, price_minor, **fields)
    return line_of(package, student=enrolment.student, start_date=TODAY)


def draft(branch, lines=None, *, by=None, now=NOW, **facts):
    """A draft of 20 lessons at 2,400 yuan for a new child, or of these lines."""
    lines = lines or [line(EnrolmentFactory(branch=branch))]
    facts = {"token": "order-1", **facts}
    return prepare_order(branch=branch, lines=lines, by=by or UserFactory(), now=now, **facts)


def confirmed(branch, lines=None, *, by=None, now=NOW, **facts):
    order = draft(branch, lines, now=now, **facts)
    confirm_order(order=order, by=by or UserFactory(), now=now)
    order.refresh_from_db()
    return order


def pay(order, amount_minor, *, method=Payment.Method.CASH, by=None, now=NOW, **facts):
    facts = {"token": "payment-1", **facts}
    by = by or UserFactory()
    return take_payment(order=order, method=method, amount_minor=amount_minor, by=by, now=now, **facts)
