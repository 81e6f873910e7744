from reports.views.branches import BranchesView
from reports.views.funnel import FunnelView
from reports.views.lessons import LessonsView
from reports.views.money import MoneyView
from reports.views.overview import NumbersView
from reports.views.rows import RowsView

__all__ = ["BranchesView", "FunnelView", "LessonsView", "MoneyView", "NumbersView", "RowsView"]
