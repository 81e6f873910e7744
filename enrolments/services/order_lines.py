"""One line of an order, before it is saved, and what it may not be."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from core.money import share_of
from courses.models import Course, CoursePackage
from enrolments.models import DiscountRule
from enrolments.rules import discount_of, discount_percent
from students.models import Student


class OrderError(Exception):
    """The order cannot do this; the sentence says why."""


@dataclass(frozen=True)
class Line:
    """One child's course in an order, before it is saved. Money in fen; `before_minor` is before the discount."""

    student: Student
    course: Course
    paid_credits: Decimal
    before_minor: int
    start_date: date
    gift_credits: Decimal = Decimal(0)
    package: CoursePackage | None = None
    validity_days: int | None = None
    discount: DiscountRule | None = None
    discount_minor: int = 0
    discount_reason: str = ""  # of a discount without a rule
    class_reference: str = ""  # "class:17": where the child goes once it is sold

    @property
    def amount_minor(self):
        return self.before_minor - self.discount_minor

    @property
    def worth_minor(self):
        """What the lessons cost without a discount: the package with what is given beyond it, else the list price."""
        credits = self.paid_credits + self.gift_credits
        if self.package is None:
            return max(self.before_minor, int(credits * self.course.list_price_minor))
        whole = self.package.paid_credits + self.package.gift_credits
        return max(self.before_minor, share_of(self.package.price_minor, credits, whole))

    def with_discount(self, rule):
        """The same line with a named discount."""
        return replace(self, discount=rule, discount_minor=discount_of(self.before_minor, rule))


def line_of(package, *, student, start_date):
    """A package as it is sold: its price, its gift lessons, its validity."""
    return Line(
        student=student,
        course=package.course,
        package=package,
        paid_credits=package.paid_credits,
        gift_credits=package.gift_credits,
        before_minor=package.price_minor,
        validity_days=package.validity_days,
        start_date=start_date,
    )


def refuse_line(branch, line, by):
    """No lessons, no reason for a discount, or more let off than this person may."""
    if not (line.paid_credits or line.gift_credits):
        raise OrderError(_("An order has at least one lesson in each of its lines."))
    if not 0 <= line.discount_minor <= line.before_minor:
        raise OrderError(_("The discount is more than the price."))
    if line.discount_minor and not (line.discount or line.discount_reason):
        raise OrderError(_("Say why this discount is given."))
    percent = discount_percent(line.worth_minor, line.amount_minor)
    if percent > branch.discount_limit_percent and not by.has_perm("enrolments.exceed_discount_limit", branch):
        raise OrderError(
            _(
                "Discount and gift lessons come to %(percent)s%% of the price, and the desk may give up to "
                "%(limit)s%%: ask the manager to prepare this order."
            )
            % {"percent": f"{percent:.1f}", "limit": branch.discount_limit_percent}
        )
