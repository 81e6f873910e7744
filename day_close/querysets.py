from branches.querysets import BranchScopedQuerySet


class DayCloseQuerySet(BranchScopedQuerySet):
    def standing(self):
        """Not taken back."""
        return self.filter(withdrawn_at__isnull=True)
