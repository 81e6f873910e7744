"""Who is told that credits run low, when, and in which words.

It is a balance notice, a service message: what is left, and where to ask. No offer, no price, no address.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import CharField, Count, Exists, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import Branch
from core.clock import day_text, local_date, moment
from core.templatetags.qingxiao import credits as credits_text
from enrolments.models import CreditEntry, Enrolment
from messaging.models import OutboundMessage, Status
from messaging.registry import Cancelled, Rendered, renders
from messaging.rules import next_allowed_at
from messaging.services import NewMessage, queue_messages
from messaging.words import name_kind
from renewals.querysets import due, with_run_out
from scheduling.notifications import phone_of_told_guardian

RENEWAL_REMINDER = "renewal_reminder"
USEFUL_FOR = timedelta(days=3)
NEVER_SENT = [Status.CANCELLED, Status.EXPIRED]

name_kind(RENEWAL_REMINDER, gettext_lazy("Renewal reminder"))


# --- planning --------------------------------------------------------------------------------------------


def plan_renewal_reminders(*, now):
    """Queue a notice to each told guardian of a child that is due for renewal; returns how many are new.

    Once per low period: the next purchase opens a new one. A notice that was dropped before it was sent (a
    roll call undone in time, jobs that stood still) does not count; the next one has the next number.
    """
    branches = Branch.objects.filter(renewal_reminder_on=True).in_bulk()
    due_at = {branch.pk: _due_at(branch, now) for branch in branches.values()}
    enrolments = with_run_out(Enrolment.objects.filter(branch__in=branches), now=now)
    return queue_messages(
        NewMessage(
            branch=branches[branch_id],
            recipient=f"guardian:{guardian_id}",
            about=f"student:{student_id}",
            kind=RENEWAL_REMINDER,
            subject=f"enrolment:{enrolment_id}",
            occurrence=f"{period}{dropped + 1}",
            due_at=due_at[branch_id],
            useful_until=due_at[branch_id] + USEFUL_FOR,
        )
        for enrolment_id, branch_id, student_id, guardian_id, period, dropped in _not_yet_told(due(enrolments, now=now))
    )


def _due_at(branch, now):
    """The branch's hour today, even if it is past; on the next day when it is too late in the evening."""
    today = local_date(now, branch.time_zone)
    at = moment(today, branch.renewal_reminder_at, branch.time_zone)
    if at <= now < next_allowed_at(branch, now):
        return moment(today + timedelta(days=1), branch.renewal_reminder_at, branch.time_zone)
    return at


def _not_yet_told(enrolments):
    """Per enrolment and told guardian without a notice in this low period: the facts of the next notice.

    Only credits that go down run low: whoever has bought and not yet come to a lesson is not reminded.
    """
    newest = CreditEntry.objects.filter(enrolment=OuterRef("pk")).order_by("-sequence")
    kind = CreditEntry.Kind
    guardianships = "student__guardianships"
    told = {f"{guardianships}__is_told": True, f"{guardianships}__guardian__phone__isnull": False}
    rows = enrolments.filter(**told).annotate(
        guardian_id=F(f"{guardianships}__guardian"),
        period=_joined("lot:", Coalesce("last_lot_id", 0), "/"),
        newest_kind=Subquery(newest.values("kind")[:1]),
    )
    notices = OutboundMessage.objects.filter(
        kind=RENEWAL_REMINDER,
        about=_joined("student:", OuterRef("student_id")),
        subject=_joined("enrolment:", OuterRef("pk")),
        recipient=_joined("guardian:", OuterRef("guardian_id")),
        occurrence__startswith=OuterRef("period"),
    )
    count = notices.order_by().values("kind").annotate(number=Count("pk")).values("number")
    return (
        rows.filter(newest_kind__in=[kind.CONSUMPTION, kind.RETURN, kind.ADJUSTMENT])
        .filter(~Exists(notices.exclude(status__in=NEVER_SENT)))
        .values_list("pk", "branch", "student", "guardian_id", "period", Coalesce(Subquery(count), 0))
    )


def _joined(*parts):
    """The parts as one text: strings as they are, numbers written out."""
    return Concat(
        *[Value(part) if isinstance(part, str) else Cast(part, CharField()) for part in parts],
        output_field=CharField(),
    )


# --- words -----------------------------------------------------------------------------------------------


@renders(RENEWAL_REMINDER)
@translation.override(settings.LANGUAGE_CODE)
def renewal_reminder(message, now):
    """What is left now, if it is still low and nothing was bought since."""
    enrolment_id = message.subject.partition(":")[2]
    lot_id = message.occurrence.partition(":")[2].partition("/")[0]
    enrolments = Enrolment.objects.filter(pk=enrolment_id, branch__renewal_reminder_on=True)
    low = due(with_run_out(enrolments, now=now), now=now)
    enrolment = low.select_related("student", "course", "branch").first()
    if enrolment is None:
        raise Cancelled(_("The credits do not run low any more."))
    if str(enrolment.last_lot_id or 0) != lot_id:
        raise Cancelled(_("The credits were renewed."))
    text = _("%(notice)s %(contact)s") % {"notice": _notice(enrolment), "contact": _contact(enrolment.branch)}
    return Rendered(to=phone_of_told_guardian(message), text=text)


def _notice(enrolment):
    facts = {
        "child": enrolment.student.name,
        "course": enrolment.course.name,
        "credits": credits_text(abs(enrolment.balance)),
    }
    if enrolment.balance < 0:
        return _("%(child)s has taken %(credits)s lessons of %(course)s that are not paid yet.") % facts
    if enrolment.balance == 0:
        return _("%(child)s has used up all lessons of %(course)s.") % facts
    if enrolment.run_out_date is None:
        return _("%(child)s has %(credits)s lesson credits of %(course)s left.") % facts
    return _("%(child)s has %(credits)s lesson credits of %(course)s left, until about %(day)s.") % {
        **facts,
        "day": day_text(enrolment.run_out_date),
    }


def _contact(branch):
    if branch.phone:
        return _("To renew, call %(branch)s: %(phone)s.") % {"branch": branch.name, "phone": branch.phone}
    return _("To renew, ask %(branch)s.") % {"branch": branch.name}
