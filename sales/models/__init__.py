"""The school's own rules for those who ask."""

from sales.models.policy import SalesPolicy

__all__ = ["SalesPolicy"]
