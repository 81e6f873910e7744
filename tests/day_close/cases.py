"""What tests of closed days begin with."""

from day_close.figures import Figures
from day_close.services import sign_off
from enrolments.services import take_payment
from tests.factories import NOW, TODAY, EnrolmentFactory, GuardianshipFactory, OrderFactory, UserFactory


def paid(branch, minor, *, method="cash", now=NOW, by=None):
    """A payment of an order of 1,000 yuan."""
    order = OrderFactory(branch=branch, confirmed_at=now, created_at=now)
    token = f"payment-{order.pk}"
    return take_payment(order=order, method=method, amount_minor=minor, by=by or UserFactory(), now=now, token=token)


def signed(branch, *, counted, opening=0, note="", by=None, now=NOW, day=TODAY):
    """Signed off by somebody who saw the figures as they are."""
    return sign_off(
        branch=branch,
        day=day,
        seen=Figures.of(branch, day, now=now).mark,
        opening_cash_minor=opening,
        counted_cash_minor=counted,
        note=note,
        by=by or UserFactory(),
        now=now,
    )


def family(branch):
    enrolment = EnrolmentFactory(branch=branch)
    return GuardianshipFactory(student=enrolment.student)
