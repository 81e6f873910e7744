from branches.querysets import BranchScopedQuerySet


class SalesPolicyQuerySet(BranchScopedQuerySet):
    pass
