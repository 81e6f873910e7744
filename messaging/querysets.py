from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from branches.querysets import BranchScopedQuerySet


class OutboundMessageQuerySet(BranchScopedQuerySet):
    def due(self, now):
        """What may be claimed, the longest waiting first."""
        return self.filter(status="queued", not_before__lte=now).order_by("not_before", "pk")

    def about(self, reference):
        """What was said, or will be, about one child ("student:17"), the latest first; also together with others."""
        messages = self.model._default_manager.order_by()
        ids = messages.filter(about=reference).values("pk")
        return self.filter(pk__in=ids.union(messages.filter(also_about__about=reference).values("pk"))).order_by(
            "-due_at", "-pk"
        )

    def said_to(self, phone):
        """What was sent to a number (E.164), or may have been, the latest first."""
        return self.filter(to_phone=phone, attempt_count__gt=0).order_by("-status_at", "-pk")

    def needing_staff(self):
        """What did not reach its recipient, and nobody has dealt with."""
        failed = ["undelivered", "failed", "rejected", "needs_review"]
        return self.filter(status__in=failed, handled_at=None)

    def by_hand(self):
        """What lies on the desk's list: nobody has said yet what became of it."""
        return self.filter(status="accepted", channel__in=["call", "slip"])

    def to_tell(self, now):
        """What people still have to say or hand over, the soonest useless first."""
        return self.by_hand().filter(useful_until__gt=now).order_by("useful_until", "pk")

    def with_teller(self, events):
        """Each with `teller`: the name of the colleague who said what became of the latest attempt, if one did."""
        latest = events.filter(attempt__message=OuterRef("pk"), attempt__number=OuterRef("attempt_count"))
        said = latest.filter(by__isnull=False).order_by("-pk")
        return self.annotate(teller=Subquery(said.values("by__name")[:1]))

    def unresolved(self):
        """The longest unresolved first: it is not known whether the provider has them."""
        return self.filter(status="unknown").order_by("status_at", "pk")


class SenderStateQuerySet(models.QuerySet):
    def left_alone(self, now):
        """Those that failed so often that nothing is tried with them just now."""
        return self.filter(open_until__gt=now)


class SuppressionQuerySet(models.QuerySet):
    def against(self, *, phone, branch, purpose):
        """What forbids writing to this number for this purpose from this branch."""
        return self.against_branch(branch).filter(phone=phone, purpose=purpose)

    def against_branch(self, branch):
        return self.filter(Q(branch=branch) | Q(branch=None))

    def against_branches(self, branches):
        return self.filter(Q(branch__in=branches) | Q(branch=None))


class ConsentEntryQuerySet(models.QuerySet):
    def at_branch(self, branch):
        """What holds there, the latest first."""
        return self.filter(Q(branch=branch) | Q(branch=None)).order_by("-pk")

    def at_branches(self, branches):
        return self.filter(Q(branch__in=branches) | Q(branch=None)).order_by("-pk")

    def is_agreed(self, *, phone, branch):
        """Whether the last word on offers was a yes."""
        said = self.at_branch(branch).filter(phone=phone, purpose="marketing")
        return said.values_list("allows", flat=True).first() or False


class InboundMessageQuerySet(BranchScopedQuerySet):
    def open(self):
        """What nobody has answered or dealt with."""
        return self.filter(handled_at=None)

    def about(self, reference):
        return self.filter(about=reference).order_by("-received_at", "-pk")

    def with_refusal(self, suppressions):
        """Each with `is_refused`: the number is to get no service messages from this branch any more."""
        against = suppressions.against(phone=OuterRef("from_phone"), branch=OuterRef("branch"), purpose="service")
        return self.annotate(is_refused=Exists(against))


class MessageTemplateQuerySet(BranchScopedQuerySet):
    view_permission = "messaging.change_messagetemplate"

    def in_branches(self, branch_ids):
        """What is for all branches is read at each of them."""
        return self.filter(Q(branch__in=branch_ids) | Q(branch=None))

    def in_use(self):
        return self.filter(state="approved")

    def open(self):
        return self.filter(state__in=["draft", "waiting"])

    def for_branch(self, branch):
        """What holds there, a branch's own last: put into a mapping one after the other, it wins."""
        return self.filter(Q(branch=branch) | Q(branch=None)).order_by(F("branch").asc(nulls_first=True))

    def versions(self, *, key, language, branch):
        return self.filter(key=key, language=language, branch=branch).order_by("-version")


class HoldQuerySet(models.QuerySet):
    def open(self, reason):
        return self.filter(reason=reason, ended_at=None)
