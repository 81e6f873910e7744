"""Enrolments of the books with their balances, and the children's places in classes."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.models import CreditEntry, CreditLot, Enrolment
from enrolments.services import Opening, carry_in_balances
from imports.classes import kept_as_in_the_books
from imports.problems import Severity
from scheduling.models import ClassGroup, ClassMember
from scheduling.services import place_students
from students.models import Student

Kind = CreditEntry.Kind
AtBranch = Student.branches.through
ENDED = re.compile("停|退|休|结业|结课|毕业|流失|转出|冻结|离校|终止|inactive|left|expired|frozen")  # states of a child
BOOK_TOKEN = "book:"  # begins the token of a lot that came from the books  # noqa: S105


@dataclass(frozen=True)
class Terms:
    """What a row of the books says of an account, or said when its lot was made. Named as the book's fields."""

    bought: Decimal
    gift: Decimal
    used: Decimal
    left: Decimal
    paid: int  # fen
    last_day: date | None

    def shown(self, key):
        value = getattr(self, key)
        return yuan(value) if key == "paid" else value


@dataclass(frozen=True)
class Place:
    """One row of the students' book: whose account it is about, and in which class."""

    row: object
    enrolment: Enrolment
    group: ClassGroup | None


class Accounts:
    """The children's accounts. A row is found again by the lot that was made of it: nothing is sold twice."""

    def __init__(self, run, *, places, classes):
        self.run, self.places, self.classes = run, places, classes
        self.placed, self.openings, self.new_rows, self.matched = [], [], set(), set()

    def take_over(self, pairs):
        """Open the accounts of [(child, student)] and fill the classes, all at once: a school is a thousand rows."""
        self._know({student.pk for _child, student in pairs})
        for child, student in pairs:
            for row in child.rows:
                self._settle(student, row)
        self._make_enrolments()
        by_enrolment = defaultdict(list)
        for place in self.placed:
            by_enrolment[place.enrolment].append(place)
        rest = [place for places in by_enrolment.values() for place in self._without_lot(places)]
        for place in rest:
            self._open(place)
        carry_in_balances(openings=self.openings, by=self.run.by, now=self.run.now)
        self._fill_classes()

    def _know(self, student_ids):
        """What the database has of these children."""
        known = Enrolment.objects.filter(student__in=student_ids).select_related("branch", "course")
        self.enrolments = {(e.student_id, e.branch_id, e.course_id): e for e in known}
        self.known = {enrolment.pk for enrolment in known}
        self.lots, self.of_student = defaultdict(list), defaultdict(list)  # of the books
        for lot in CreditLot.objects.filter(enrolment__in=self.known).select_related("enrolment").order_by("pk"):
            self.lots[lot.enrolment_id].append(lot)
            if _is_of_book(lot):
                self.of_student[lot.enrolment.student_id].append(lot)
        self.taken_over = _terms_of_lots([lot for lots in self.of_student.values() for lot in lots])
        self.members = defaultdict(set)
        for enrolment_id, group_id in ClassMember.objects.filter(enrolment__in=self.known).values_list(
            "enrolment", "class_group"
        ):
            self.members[enrolment_id].add(group_id)

    def _settle(self, student, row):
        """Whose account a row is about, once all is known that it needs."""
        account = self.classes.account(row)
        self._report_doubts(row, account)
        if account.branch is None:
            self.places.report_missing(row)
        elif account.course is None:
            self._report_course(row)
        else:
            self.placed.append(Place(row, self._enrolment(student, account), account.group))

    def _enrolment(self, student, account):
        key = student.pk, account.branch.pk, account.course.pk
        if key not in self.enrolments:
            self.enrolments[key] = Enrolment(student=student, branch=account.branch, course=account.course)
        return self.enrolments[key]

    def _make_enrolments(self):
        new = [enrolment for enrolment in self.enrolments.values() if enrolment.pk is None]
        Enrolment.objects.bulk_create(new)
        AtBranch.objects.bulk_create(
            [AtBranch(student=enrolment.student, branch=enrolment.branch) for enrolment in new], ignore_conflicts=True
        )
        self.run.created["enrolments"] += len(new)
        self.run.matched["enrolments"] += len({place.enrolment.pk for place in self.placed} & self.known)

    # --- lots --------------------------------------------------------------------------------------------

    def _without_lot(self, places):
        """Rows of one enrolment that no lot was made of before.

        A row that says what a lot said is that lot; of the others the first is the first lot left, and so on.
        """
        lots = [lot for lot in self.lots[places[0].enrolment.pk] if _is_of_book(lot)]
        changed = []
        for place in places:
            terms = self._terms(place.row)
            lot = next((lot for lot in lots if self.taken_over[lot.pk] == terms), None)
            if lot:
                lots.remove(lot)
                self._match(place, lot)
            else:
                changed.append(place)
        for place, lot in zip(changed, lots, strict=False):
            self._match(place, lot)
            self._report_changes(place.row, self.taken_over[lot.pk])
        return changed[len(lots) :]

    def _match(self, place, lot):
        self.matched.add(lot.pk)
        self.run.count("credit_lots", False)
        self.run.end(place.row, is_new=False)

    def _terms(self, row):
        return Terms(
            _not_negative(row.bought),
            _not_negative(row.gift),
            _not_negative(row.used),
            row.left or Decimal(0),
            row.paid_minor or 0,
            self.run.day(row.last_day),
        )

    def _open(self, place):
        """Carry the row's numbers into a new lot, unless they may be in the software already."""
        enrolment, row, terms = place.enrolment, place.row, self._terms(place.row)
        if row.left is None:
            self.run.endings[row.source] = "left_out"  # which the reader told
        elif any(not _is_of_book(lot) for lot in self.lots[enrolment.pk]):
            self._report_sold(row)
        elif self._has_moved(enrolment, terms):
            self._report_moved(row)
        else:
            lot = self._new_lot(place, terms, token=f"{BOOK_TOKEN}{enrolment.pk}:{len(self.lots[enrolment.pk]) + 1}")
            self.lots[enrolment.pk].append(lot)
            self.openings.append(self._opening(lot, row, terms))
            self.new_rows.add(row.source)
            self.run.count("credit_lots", True)
            self.run.end(row, is_new=True)

    def _has_moved(self, enrolment, terms):
        """The child has an account with these numbers that no row is about: the course was corrected since."""
        lots = self.of_student[enrolment.student_id]
        return any(self.taken_over[lot.pk] == terms for lot in lots if lot.pk not in self.matched)

    def _new_lot(self, place, terms, *, token):
        enrolment, row = place.enrolment, place.row
        list_price = place.group and self.classes.list_prices.get(place.group.pk)
        begins = min(filter(None, [self.run.day(row.enrolled_date), terms.last_day, self.run.today]))
        return CreditLot(
            enrolment=enrolment,
            paid_credits=terms.bought,
            gift_credits=terms.gift,
            list_price_minor=list_price or enrolment.course.list_price_minor,
            paid_minor=terms.paid,
            revenue_method=enrolment.branch.revenue_method,
            start_date=begins,
            expires_date=terms.last_day,
            sold_at=self.run.now,
            sold_by=self.run.by,
            token=token,
        )

    def _opening(self, lot, row, terms):
        if row.bought is None:
            mismatch = _("The books say %(left)s left, and not how many were bought") % {"left": terms.left}
        else:
            mismatch = _("The books say %(left)s left, though bought + gift − used is %(expected)s") % {
                "left": terms.left,
                "expected": row.expected_left,
            }
        used = _("Used before, by the books")
        return Opening(lot=lot, used=terms.used, left=terms.left, used_reason=used, mismatch_reason=mismatch)

    # --- classes -----------------------------------------------------------------------------------------

    def _fill_classes(self):
        joining = defaultdict(list)
        for place in self.placed:
            if place.group and self._joins(place):
                joining[place.group].append(place.enrolment)
        for group, enrolments in joining.items():
            new = list(dict.fromkeys(enrolments))
            self.run.created["class_members"] += len(new)
            place_students(
                class_group=group,
                enrolments=new,
                joined_date=max(self.run.today, group.first_date),
                by=self.run.by,
                now=self.run.now,
                keep_reason=kept_as_in_the_books(),
            )

    def _joins(self, place):
        """A new row joins its class, and so does one whose class was not known before; none that has moved since."""
        members = self.members[place.enrolment.pk]
        if place.group.pk in members:
            self.run.count("class_members", False)
            return False
        if members and place.row.source not in self.new_rows and place.group.pk not in self.classes.new:
            names = ClassGroup.objects.filter(pk__in=members).values_list("name", flat=True)
            self.run.report_difference(place.row, "class_name", kept="、".join(names))
            return False
        return True

    # --- what a person should look at --------------------------------------------------------------------

    def _report_doubts(self, row, account):
        if row.class_name and not account.group:
            self._report_class(row)
        if ENDED.search(row.status.lower()):
            self._report_status(row)
        if account.group and row.course and row.course.casefold() != account.course.name.casefold():
            reason = _("The class teaches %(course)s: the account was made there.") % {"course": account.course}
            self._report_other(row, "course", reason)
        if account.group and row.branch and self.places.branch(row.branch) != account.branch:
            reason = _("The class is at %(branch)s: the account was made there.") % {"branch": account.branch}
            self._report_other(row, "branch", reason)
        for key in ("bought", "gift", "used"):
            if (getattr(row, key) or 0) < 0:
                self._report_negative(row, key)

    def _report_class(self, row):
        if self.run.school.class_book.find(row):
            reason = _("The class “%(name)s” was not made: the child is in no class.")
        else:
            reason = _("There is no class “%(name)s”: the child is in no class.")
        self.run.report(
            row,
            field="class_name",
            reason=reason % {"name": row.class_name},
            mend=_("Write the class as the class book has it, or add it there, and put the row in again."),
            code="unknown_class",
            severity=Severity.WARNING if self.classes.has_any() else Severity.NOTE,
        )

    def _report_status(self, row):
        self.run.report(
            row,
            field="status",
            reason=_("The software keeps no such state: the child was taken over as a current one."),
            mend=_("If the child does not come any more, take it out of its class."),
            code="status_not_kept",
        )

    def _report_other(self, row, key, reason):
        mend = _("If the class is wrong, correct it before the real run.")
        self.run.report(row, field=key, reason=reason, mend=mend, code=f"{key}_of_class")

    def _report_negative(self, row, key):
        self.run.report(
            row,
            field=key,
            reason=_("Less than nothing was read as 0; what is left was kept as the book has it."),
            mend=_("Write a number that is not negative, before the real run."),
            code="negative_credits",
        )

    def _report_course(self, row):
        self.run.leave_out(
            row,
            field="course",
            reason=_("The account of %(child)s was not made: its course is not known.") % {"child": row.name},
            mend=_("Write the course or the class, and put the row in again."),
            code="account_not_made",
        )

    def _report_moved(self, row):
        self.run.leave_out(
            row,
            field="course",
            reason=_("%(child)s has an account with the same numbers in another course: it was not made twice.")
            % {"child": row.name},
            mend=_("If they are two accounts, put the whole book in again; if the course was wrong, correct it there."),
            code="account_not_made",
        )

    def _report_sold(self, row):
        self.run.leave_out(
            row,
            field="left",
            reason=_("%(child)s has credits for this course that were sold in the software: the book's were left out.")
            % {"child": row.name},
            mend=_("If they are other credits, sell or adjust them in the software."),
            code="account_not_made",
        )

    def _report_changes(self, row, kept):
        """The book was written on since it was taken over; the software's ledger goes its own way."""
        terms = self._terms(row)
        said = {"bought": row.bought, "gift": row.gift, "used": row.used, "left": row.left}
        said |= {"paid": row.paid_minor, "last_day": row.last_day}
        for key, value in said.items():
            if value is not None and getattr(terms, key) != getattr(kept, key):
                self.run.report(
                    row,
                    field=key,
                    reason=_("The book said %(kept)s when it was taken over, and now says this: nothing was changed.")
                    % {"kept": kept.shown(key)},
                    mend=_("If the book is right, correct the account in the software."),
                    code="book_changed",
                    severity=Severity.NOTE,
                )


def _not_negative(credits):
    return max(credits or Decimal(0), Decimal(0))


def _is_of_book(lot):
    return lot.token.startswith(BOOK_TOKEN)


def _terms_of_lots(lots):
    """{lot id: what the books said of it}, as the entries of its opening tell for ever."""
    references = {f"lot:{lot.pk}": lot for lot in lots}
    used = Sum("credits", filter=Q(kind__in=[Kind.CONSUMPTION, Kind.RETURN, Kind.SETTLEMENT]))
    entries = CreditEntry.objects.filter(reference__in=references).values("reference").order_by("reference")
    sums = {row["reference"]: row for row in entries.annotate(left=Sum("credits"), used=used)}
    nothing = {"left": Decimal(0), "used": None}
    return {
        lot.pk: Terms(
            lot.paid_credits,
            lot.gift_credits,
            -(sums.get(reference, nothing)["used"] or Decimal(0)),
            sums.get(reference, nothing)["left"],
            lot.paid_minor,
            lot.expires_date,
        )
        for reference, lot in references.items()
    }
