"""Asking for an enquiry that is somebody else's, and giving it or keeping it."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from core.clock import day_bounds, local_date
from students.models import Enquiry, EnquiryChange
from students.services import EnquiryError, assign_enquiry
from students.services.enquiries import lock

Kind = EnquiryChange.Kind
ASSIGN = "students.assign_enquiry"
WORK = "students.add_followup"
WAITS = timedelta(days=30)  # a request that nobody answered is forgotten


@transaction.atomic
def ask_for_hand_over(*, enquiry, by, reason, now):
    """Ask its owner for an enquiry: once per person and day (of its branch). Returns the request."""
    enquiry = lock(enquiry)
    if enquiry.owner == by:
        raise EnquiryError(_("%(child)s is yours already.") % {"child": enquiry})
    start, end = day_bounds(local_date(now, enquiry.branch.time_zone), enquiry.branch.time_zone)
    asked = enquiry.changes.filter(kind=Kind.ASKED_FOR, by=by, at__gte=start, at__lt=end).first()
    if asked:
        return asked
    return EnquiryChange.objects.create(
        enquiry=enquiry, kind=Kind.ASKED_FOR, by=by, to_owner=by, from_owner=enquiry.owner, at=now, reason=reason
    )


@transaction.atomic
def give_enquiry(*, request, by, now):
    """Hand over what was asked for. To a colleague of another branch the enquiry moves there, with its history."""
    enquiry = _locked(request, by, now)
    to, before = request.by, enquiry.branch
    branch = _branch_for(to, before)
    if branch != before:
        enquiry.branch = branch
        enquiry.save(update_fields=["branch"])
    moved = f"{before} → {branch}" if branch != before else ""
    return assign_enquiry(enquiry=enquiry, owner=to, by=by, now=now, reason=moved)


@transaction.atomic
def keep_enquiry(*, request, by, now, reason=""):
    """The answer is no: whoever asked sees it at the next look-up of the number, for as long as a request waits."""
    enquiry = _locked(request, by, now)
    EnquiryChange.objects.create(
        enquiry=enquiry, kind=Kind.KEPT, by=by, at=now, to_owner=request.by, from_owner=enquiry.owner, reason=reason
    )
    return enquiry


def open_requests(now):
    """What was asked for and not answered: nobody was given the enquiry since, and it is not theirs who asked."""
    not_theirs = Q(enquiry__owner__isnull=True) | ~Q(by=F("enquiry__owner"))
    asked = _not_given_since(now).exclude(_kept()).filter(not_theirs, enquiry__merged_into__isnull=True)
    return asked.select_related("by", "enquiry__owner", "enquiry__branch", "enquiry__course").order_by("at", "pk")


def requests_to_answer(user, now):
    """Those about one's own enquiries, and about all of the branches where one may assign."""
    branches = user.branch_ids_with(ASSIGN)
    theirs = Q(enquiry__in=Enquiry.objects.visible_to(user).filter(owner=user))
    asked = open_requests(now)
    return asked if branches is None else asked.filter(theirs | Q(enquiry__branch__in=branches))


def latest_requests(user, enquiries, now):
    """{enquiry id: what `user` asked for last and was not given}; `is_kept`: the answer was no."""
    asked = _not_given_since(now).filter(enquiry__in=enquiries, by=user).annotate(is_kept=_kept())
    return {row.enquiry_id: row for row in asked.order_by("pk")}


def _not_given_since(now):
    given = _later().filter(kind__in=[Kind.OWNER, Kind.POOL])
    return EnquiryChange.objects.filter(kind=Kind.ASKED_FOR, at__gt=now - WAITS).exclude(Exists(given))


def _kept():
    return Exists(_later().filter(kind=Kind.KEPT, to_owner=OuterRef("by")))


def _later():
    """What became of the same enquiry after a request."""
    return EnquiryChange.objects.filter(enquiry=OuterRef("enquiry"), pk__gt=OuterRef("pk"))


def _locked(request, by, now):
    """The enquiry, of one who may answer; a second answer finds the first."""
    enquiry = lock(request.enquiry)
    if by != enquiry.owner and not by.has_perm(ASSIGN, enquiry):
        raise EnquiryError(_("Only its owner or the manager of its branch hands %(child)s over.") % {"child": enquiry})
    if not open_requests(now).filter(pk=request.pk).exists():
        raise EnquiryError(_("This was answered already: the history says how."))
    return enquiry


def _branch_for(person, branch):
    """Where the new owner works it: the same branch, or the first of their own."""
    own = person.branches_with(WORK).order_by("name")
    if own.filter(pk=branch.pk).exists():
        return branch
    first = own.first()
    if first is None:
        raise EnquiryError(_("%(person)s works at no branch any more: give it to somebody else.") % {"person": person})
    return first
