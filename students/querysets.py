import re

from django.db.models import Prefetch, Q

from branches.querysets import BranchScopedQuerySet
from core.names import clean_name


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
            return self.filter(Q(name_initials__startswith=text.lower()) | Q(name__icontains=text))
        guardians = self.model.guardians.through.objects.filter(guardian__name__startswith=text)
        return self.filter(Q(name__contains=text) | Q(pk__in=guardians.values("student")))

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
    def open(self):
        return self.exclude(status__in=["enrolled", "lost"])

    def matching(self, text):
        """By the last digits of the phone, or by (part of) the child's or the beginning of the guardian's name."""
        text = clean_name(text)
        digits = re.sub(r"[-+ ]", "", text)
        if digits.isdecimal() and len(digits) >= 4:
            return self.filter(phone__endswith=digits)
        return self.filter(Q(child_name__icontains=text) | Q(guardian_name__startswith=text))
