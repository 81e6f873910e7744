"""What was spent on channels in the months of a period; of a part of a month nobody knows."""

from django.db.models import Sum

from core.clock import last_day_of
from reports.scope import Scope
from sales.models import ChannelCost

DIMENSIONS = {"channel": "channel", "branch": "branch"}


def costs_by(scope: Scope, dimension):
    """{channel or branch id: fen}; None for what costs cannot be divided by, and for days that are no whole months."""
    period = scope.period
    if dimension not in DIMENSIONS or period.first.day != 1 or period.last != last_day_of(period.last):
        return None
    group = DIMENSIONS[dimension]
    costs = scope.of(ChannelCost.objects).filter(month__gte=period.first, month__lte=period.last)
    return dict(costs.order_by().values_list(group).annotate(total=Sum("amount_minor")))
