from django.db.models import Q

from branches.querysets import BranchScopedQuerySet
from core.phones import whole_number


class GuardianQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        """A guardian belongs to the branches of the children (the name of a reverse relation, no import)."""
        children = self.model.objects.filter(guardianships__student__branches__in=branch_ids)
        return self.filter(pk__in=children.values("pk"))

    def with_phone_like(self, digits):
        """By the last four digits or the whole number (indexes), or any run of five and more."""
        if len(digits) == 4:
            return self.filter(phone_tail=digits)
        if whole := whole_number(digits):
            return self.filter(Q(phone=whole) | Q(other_phone=whole))
        return self.filter(Q(phone__contains=digits) | Q(other_phone__contains=digits))
