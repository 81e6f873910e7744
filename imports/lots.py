"""Credit lots of the books, in the database: each row of the students' book is one, and is one only once."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.models import CreditEntry, CreditLot
from enrolments.services import Opening, carry_in_balances
from imports.problems import Severity

Kind = CreditEntry.Kind
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


class Lots:
    """A row is found again by the lot that was made of it: nothing is sold twice."""

    def __init__(self, run, *, classes, enrolment_ids):
        self.run, self.classes = run, classes
        self.opened, self._openings, self._matched = set(), [], set()
        self._lots, self._of_student = defaultdict(list), defaultdict(list)  # of enrolments; those of the books
        for lot in CreditLot.objects.filter(enrolment__in=enrolment_ids).select_related("enrolment").order_by("pk"):
            self._lots[lot.enrolment_id].append(lot)
            if _is_of_book(lot):
                self._of_student[lot.enrolment.student_id].append(lot)
        self._taken_over = _terms_of_lots([lot for lots in self._of_student.values() for lot in lots])

    def take_over(self, entries):
        """Open an account for each entry (a row, its enrolment, its class) that has none; `opened` are their rows."""
        by_enrolment = defaultdict(list)
        for entry in entries:
            by_enrolment[entry.enrolment].append(entry)
        rest = [entry for same in by_enrolment.values() for entry in self._without_lot(same)]
        for entry in rest:
            self._open(entry)
        carry_in_balances(openings=self._openings, by=self.run.by, now=self.run.now)

    def _without_lot(self, entries):
        """Rows of one enrolment that no lot was made of before.

        A row that says what a lot said is that lot; of the others the first is the first lot left, and so on.
        """
        lots = [lot for lot in self._lots[entries[0].enrolment.pk] if _is_of_book(lot)]
        changed = []
        for entry in entries:
            terms = self._terms(entry.row)
            lot = next((lot for lot in lots if self._taken_over[lot.pk] == terms), None)
            if lot:
                lots.remove(lot)
                self._match(entry, lot)
            else:
                changed.append(entry)
        for entry, lot in zip(changed, lots, strict=False):
            self._match(entry, lot)
            self._report_changes(entry.row, self._taken_over[lot.pk])
        return changed[len(lots) :]

    def _match(self, entry, lot):
        self._matched.add(lot.pk)
        self.run.count("credit_lots", False)
        self.run.end(entry.row, is_new=False)

    def _terms(self, row):
        return Terms(
            _not_negative(row.bought),
            _not_negative(row.gift),
            _not_negative(row.used),
            row.left or Decimal(0),
            row.paid_minor or 0,
            self.run.day(row.last_day),
        )

    def _open(self, entry):
        """Carry the row's numbers into a new lot, unless they may be in the software already."""
        enrolment, row, terms = entry.enrolment, entry.row, self._terms(entry.row)
        if row.left is None:
            self.run.endings[row.source] = "left_out"  # which the reader told
        elif any(not _is_of_book(lot) for lot in self._lots[enrolment.pk]):
            self._report_sold(row)
        elif self._has_moved(enrolment, terms):
            self._report_moved(row)
        else:
            lot = self._new_lot(entry, terms, token=f"{BOOK_TOKEN}{enrolment.pk}:{len(self._lots[enrolment.pk]) + 1}")
            self._lots[enrolment.pk].append(lot)
            self._openings.append(self._opening(lot, row, terms))
            self.opened.add(row.source)
            self.run.count("credit_lots", True)
            self.run.end(row, is_new=True)

    def _has_moved(self, enrolment, terms):
        """The child has an account with these numbers that no row is about: the course was corrected since."""
        lots = self._of_student[enrolment.student_id]
        return any(self._taken_over[lot.pk] == terms for lot in lots if lot.pk not in self._matched)

    def _new_lot(self, entry, terms, *, token):
        enrolment, row = entry.enrolment, entry.row
        list_price = entry.group and self.classes.list_prices.get(entry.group.pk)
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

    # --- what a person should look at --------------------------------------------------------------------

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
