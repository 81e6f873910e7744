"""When a colleague leaves: everything that person follows up goes to others, in one step."""

from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from core.clock import local_date
from renewals.models import RenewalOpportunity
from sales.colleagues import colleagues_at
from students.models import Enquiry, Student
from students.services import EnquiryError, assign_enquiry


@dataclass(frozen=True)
class Work:
    """What a person follows up at some branches (None: all): open enquiries, advised children, open renewals."""

    enquiries: object
    students: object
    renewals: object

    @property
    def counts(self):
        return {name: getattr(self, name).count() for name in ["enquiries", "students", "renewals"]}


@dataclass
class Share:
    """What one colleague got."""

    enquiries: int = 0
    students: int = 0
    renewals: int = 0


@dataclass
class _Round:
    """Deals things out evenly, each to somebody who works at its branch."""

    receivers: dict  # branch id: those who work there
    dealt: dict = field(default_factory=dict)  # by kind: how many each has

    def next(self, kind, branch_ids):
        there = [one for branch in branch_ids for one in self.receivers.get(branch, [])]
        if not there:
            names = ", ".join(Branch.objects.filter(pk__in=branch_ids).values_list("name", flat=True))
            raise EnquiryError(
                _("None of those you ticked works at %(branch)s: tick a colleague of that branch too.")
                % {"branch": names}
            )
        counts = self.dealt.setdefault(kind, Counter())
        receiver = min(there, key=lambda one: counts[one.pk])
        counts[receiver.pk] += 1
        return receiver


def work_of(person, branch_ids):
    """`branch_ids` None: of all branches."""
    enquiries = Enquiry.objects.live().open().filter(owner=person)
    students = Student.objects.filter(adviser=person)
    renewals = RenewalOpportunity.objects.open().filter(owner=person)
    if branch_ids is not None:
        enquiries = enquiries.filter(branch__in=branch_ids)
        students = students.in_branches(branch_ids)
        renewals = renewals.filter(enrolment__branch__in=branch_ids)
    return Work(enquiries, students, renewals)


@transaction.atomic
def hand_over(*, leaver, receivers, branch_ids, total, by, now):
    """All of it, or nothing: to one colleague, or shared out evenly. Returns {receiver: Share}.

    `total` is what the person read on the button: if it has become more or less meanwhile, nothing happens.
    """
    if not receivers or leaver in receivers:
        raise EnquiryError(_("Tick the colleagues who take over."))
    work = work_of(leaver, branch_ids)
    enquiries = list(work.enquiries.select_for_update(of=["self"]).order_by("pk"))
    students = list(work.students.select_for_update(of=["self"]).prefetch_related("branches").order_by("pk"))
    renewals = list(work.renewals.select_for_update(of=["self"]).select_related("enrolment").order_by("pk"))
    if len(enquiries) + len(students) + len(renewals) != total:
        raise EnquiryError(_("Somebody worked on these meanwhile: look at the numbers again."))
    reason = _("Hand-over from %(person)s") % {"person": leaver}
    round_, shares = _Round(_by_branch(receivers, now)), {receiver: Share() for receiver in receivers}
    for enquiry in sorted(enquiries, key=_urgency):
        receiver = round_.next("enquiries", [enquiry.branch_id])
        assign_enquiry(enquiry=enquiry, owner=receiver, by=by, now=now, reason=reason)
        shares[receiver].enquiries += 1
    for student in students:
        student.adviser = round_.next("students", _branches_of(student, branch_ids))
        shares[student.adviser].students += 1
    Student.objects.bulk_update(students, ["adviser"], batch_size=500)
    for renewal in renewals:
        renewal.owner = round_.next("renewals", [renewal.enrolment.branch_id])
        shares[renewal.owner].renewals += 1
    RenewalOpportunity.objects.bulk_update(renewals, ["owner"], batch_size=500)
    return shares


def _by_branch(receivers, now):
    there = {}
    for branch in Branch.objects.all():
        today = local_date(now, branch.time_zone)
        at_work = set(colleagues_at([branch], today).filter(pk__in=[one.pk for one in receivers]))
        there[branch.pk] = [one for one in receivers if one in at_work]
    return there


def _branches_of(student, branch_ids):
    return [branch.pk for branch in student.branches.all() if branch_ids is None or branch.pk in branch_ids]


def _urgency(enquiry):
    """Those due first are dealt out first: nobody gets all the overdue ones."""
    at = enquiry.next_follow_up_at
    return (at is None, at or enquiry.created_at, enquiry.pk)
