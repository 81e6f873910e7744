import re
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Prefetch, Q
from django.db.models.functions import TruncDate

from branches.querysets import BranchScopedQuerySet
from core.names import clean_name
from core.phones import whole_number
from courses.querysets import SchoolWideQuerySet


class StudentQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        """A child may come to several branches; each of them sees the child once."""
        return self.filter(pk__in=self.model.branches.through.objects.filter(branch__in=branch_ids).values("student"))

    def matching(self, text):
        """By the last digits of a guardian's phone, by (part of) a name, or by its pinyin initials."""
        text = clean_name(text)
        digits = re.sub(r"[-+ ]", "", text)
        if digits.isdecimal() and len(digits) >= 4:
            return self._by_phone(digits)
        if text.isascii():
            return self._any_of(self.filter(name_initials__startswith=text.lower()), self.filter(name__icontains=text))
        guardians = self.model.guardians.through.objects.filter(guardian__name__startswith=text)
        return self._any_of(self.filter(name__contains=text), self.filter(pk__in=guardians.values("student")))

    def _any_of(self, one, other):
        """As a union: of an OR over two tables PostgreSQL reads all children of the school."""
        ids = one.order_by().values("pk").union(other.order_by().values("pk"))
        return self.filter(pk__in=ids)

    def _by_phone(self, digits):
        guardians = self.model.guardians.rel.model.objects.with_phone_like(digits)
        guardianships = self.model.guardians.through.objects.filter(guardian__in=guardians)
        return self.filter(pk__in=guardianships.values("student"))

    def with_guardians(self):
        return self.prefetch_related(
            Prefetch(
                "guardianships",
                self.model.guardians.through.objects.select_related("guardian").order_by("-is_main", "pk"),
            )
        )


class GuardianshipQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        from students.models import Student  # the table is defined beside this row

        return self.filter(student__in=Student.objects.in_branches(branch_ids))

    def told(self, *, without_phone=False):
        """Those who are to be told, and can be: by phone, or also without one."""
        told = self.filter(is_told=True)
        return told if without_phone else told.filter(guardian__phone__isnull=False)


class EnquiryQuerySet(BranchScopedQuerySet):
    def live(self):
        """Without those that were merged into another one."""
        return self.filter(merged_into__isnull=True)

    def visible_to(self, user):
        """A merged one is shown as part of the one it was merged into, not on its own."""
        return super().visible_to(user).live()

    def open(self):
        return self.exclude(stage__in=["signed", "lost"])

    def due(self, now):
        """The moment to get in touch has come."""
        return self.open().filter(next_follow_up_at__lte=now)

    def without_date(self):
        """Somebody's, and nobody will be reminded of it."""
        return self.open().filter(owner__isnull=False, next_follow_up_at__isnull=True)

    def pooled(self):
        return self.open().filter(owner__isnull=True, pooled_at__isnull=False)

    def unassigned(self):
        return self.open().filter(owner__isnull=True, pooled_at__isnull=True)

    def matching(self, text):
        """By the last digits of the phone, part of the child's name, its pinyin initials or the guardian's name."""
        text = clean_name(text)
        digits = re.sub(r"[-+ ]", "", text)
        if digits.isdecimal() and len(digits) >= 4:
            return self._by_phone(digits)
        if text.isascii():
            return self.filter(Q(name_initials__startswith=text.lower()) | Q(child_name__icontains=text))
        return self.filter(Q(child_name__contains=text) | Q(guardian_name__startswith=text))

    def _by_phone(self, digits):
        if len(digits) == 4:
            return self.filter(phone_tail=digits)
        whole = whole_number(digits)
        return self.filter(phone=whole) if whole else self.filter(phone__contains=digits)


class EnquiryChangeQuerySet(BranchScopedQuerySet):
    """Seen with the enquiry, by whoever may see that."""

    branch_lookup = "enquiry__branch"
    view_permission = "students.view_enquiry"


class FollowUpQuerySet(BranchScopedQuerySet):
    """Of the branch where the contact took place."""

    view_permission = "students.view_enquiry"


class FollowUpFileQuerySet(BranchScopedQuerySet):
    """Of the branch where the contact took place, and of the one where its enquiry is worked now."""

    view_permission = "students.view_enquiry"

    def in_branches(self, branch_ids):
        here = Q(follow_up__branch__in=branch_ids)
        return self.filter(here | Q(follow_up__enquiry__branch__in=branch_ids))


class PhoneRevealQuerySet(BranchScopedQuerySet):
    def by_person_and_day(self, since, time_zone):
        """{by, name, day, families, times}: how many numbers a colleague had shown on a local day, the most first."""
        rows = self.filter(at__gte=since).annotate(day=TruncDate("at", tzinfo=ZoneInfo(time_zone)))
        rows = rows.order_by().values("by", "day", name=F("by__name"))
        families = Count("guardian", distinct=True) + Count("enquiry", distinct=True)
        return rows.annotate(families=families, times=Count("pk")).order_by("-families", "-day", "by")


class CustomFieldQuerySet(SchoolWideQuerySet):
    def of(self, target):
        """Those in use of "student" or "enquiry", in their order and with their choices: two queries at most."""
        return self.filter(is_active=True, **{f"is_for_{target}": True}).prefetch_related("choices")
