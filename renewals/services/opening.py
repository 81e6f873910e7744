"""Renewals open when a child is due, and close when it has bought again: in bulk, as often as one likes."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery

from core.clock import local_date
from enrolments.models import CreditLot, Enrolment
from messaging.models import Status
from renewals.models import ReminderLine, RenewalNote, RenewalOpportunity
from renewals.querysets import due, is_ending, is_low, with_run_out

Stage, Cause = RenewalOpportunity.Stage, RenewalOpportunity.Cause
TOLD = [Status.ACCEPTED, Status.SENT, Status.DELIVERED]
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Moved:
    """How many opportunities did what."""

    opened: int
    renewed: int
    reopened: int
    dropped: int


@transaction.atomic
def open_due_opportunities(*, now):
    """Bring the work on renewals up to date with the ledger; a second call changes nothing.

    What was bought again closes, what was given back opens again, what nobody has worked on and is not due any
    more (a roll call undone, credits given) goes without a trace, and whoever is due now comes on the list.
    """
    renewed, reopened, dropped = _close_renewed(now), _reopen(now), _drop(now)
    opened = _open(now)
    _mark_told()
    return Moved(opened=opened, renewed=renewed, reopened=reopened, dropped=dropped)


def _close_renewed(now):
    """Also of those given up lately: the family has changed its mind."""
    mine = RenewalOpportunity.objects.filter(Q(closed_at__isnull=True) | _lost_lately(now)).with_purchase()
    rows = list(mine.filter(bought_item_id__isnull=False).select_for_update(of=["self"], no_key=True))
    for row in rows:
        row.stage, row.renewal_item_id, row.closed_at = Stage.RENEWED, row.bought_item_id, now
        row.lost_reason, row.next_contact_date, row.next_step = "", None, ""
    return _save(rows, now)


def _lost_lately(now):
    return Q(pk__in=RenewalOpportunity.objects.lost_lately(now).values("pk"))


def _reopen(now):
    """The newest of a child and subject, unless another is open."""
    rows = RenewalOpportunity.objects.no_longer_renewed().select_related("enrolment__branch")
    newest = {}
    for row in rows.select_for_update(of=["self"], no_key=True):
        newest.setdefault((row.student_id, row.subject_id), row)
    for row in newest.values():
        row.stage, row.renewal_item, row.closed_at = Stage.DUE, None, None
        row.next_contact_date = local_date(now, row.enrolment.branch.time_zone)
    return _save(list(newest.values()), now)


def _save(rows, now):
    fields = ["stage", "renewal_item", "closed_at", "lost_reason", "next_contact_date", "next_step"]
    RenewalOpportunity.objects.bulk_update(rows, fields, batch_size=ROWS_AT_ONCE)
    RenewalNote.objects.bulk_create(
        RenewalNote(opportunity=row, stage=row.stage, next_contact_date=row.next_contact_date, at=now) for row in rows
    )
    return len(rows)


def _drop(now):
    untouched = RenewalOpportunity.objects.untouched()
    enrolments = with_run_out(Enrolment.objects.filter(renewal_opportunities__in=untouched), now=now)
    still_due = enrolments.filter(is_low() | is_ending(now))
    dropped, _by_model = untouched.exclude(enrolment__in=list(still_due.values_list("pk", flat=True))).delete()
    return dropped


def _mark_told():
    """Those whose family has had the balance notice since they opened."""
    notices = ReminderLine.objects.filter(
        enrolment=OuterRef("enrolment_id"),
        was_dropped=False,
        message__status__in=TOLD,
        message__useful_until__gt=OuterRef("opened_at"),
    )
    RenewalOpportunity.objects.open().filter(Exists(notices), stage=Stage.DUE).update(stage=Stage.TOLD)


# --- opening ---------------------------------------------------------------------------------------------


def _open(now):
    """One for each child and subject; of several courses of a subject the one that runs out first names it."""
    rows = {}
    for row in sorted(_newly_due(now), key=lambda row: (row.balance, row.pk)):
        rows.setdefault((row.student_id, row.course.subject_id), row)
    new = [_opportunity(row, now) for row in rows.values()]
    RenewalOpportunity.objects.bulk_create(new, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)
    return len(new)


def _newly_due(now):
    """Enrolments that are due, and whose last word was not spoken since their last purchase.

    It was spoken when the renewal was lost, or went to another course of the subject.
    """
    rows = with_run_out(Enrolment.objects.all(), now=now)
    low, ending = due(rows, now=now).values("pk"), rows.filter(is_ending(now)).values("pk")
    same = RenewalOpportunity.objects.filter(student=OuterRef("student"), subject=OuterRef("course__subject"))
    bought = CreditLot.objects.filter(
        enrolment=OuterRef(OuterRef("pk")), paid_minor__gt=0, sold_at__gt=OuterRef("opened_at")
    )
    answered = same.filter(~Exists(bought), stage__in=RenewalOpportunity.CLOSED)
    seller = CreditLot.objects.filter(enrolment=OuterRef("pk"), sold_by__is_active=True).order_by("-pk")
    return (
        rows.filter(Q(pk__in=low) | Q(pk__in=ending))
        .filter(~Exists(same.open()), ~Exists(answered))
        .annotate(
            is_few=ExpressionWrapper(Q(balance__lte=F("branch__renewal_threshold")), output_field=BooleanField()),
            is_low=ExpressionWrapper(is_low(), output_field=BooleanField()),
            seller_id=Subquery(seller.values("sold_by")[:1]),
        )
        .select_related("student", "course")
    )


def _opportunity(row, now):
    """The adviser owns it; without one, who sold to the family last, and knows it."""
    few = Cause.LOW if row.is_few else Cause.RUN_OUT
    return RenewalOpportunity(
        enrolment=row,
        student=row.student,
        subject_id=row.course.subject_id,
        cause=few if row.is_low else Cause.CLASS_END,
        owner_id=row.student.adviser_id or row.seller_id,
        opened_at=now,
        due_date=row.today,
    )
